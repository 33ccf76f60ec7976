package login

import (
	"context"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// An Upstream is what a login needs of DingTalk, for one organisation's app. A
// [dingtalk.Client] is one.
type Upstream interface {
	// AuthorizeURL is where the browser is sent.
	AuthorizeURL(redirectURI, state string) string
	// Account exchanges the code that the browser brought back for who scanned. It
	// proves nothing about membership.
	Account(ctx context.Context, code string) (dingtalk.Account, error)
	// Member asks the organisation's own directory about that person.
	Member(ctx context.Context, unionID string) (dingtalk.Member, error)
}
