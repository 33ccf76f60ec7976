package login

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// An Upstream is what a login needs of DingTalk, for one organisation's app. A
// [dingtalk.Client] is one.
type Upstream interface {
	// ClientID is the app's, which the DingTalk client wants to know.
	ClientID() string
	// LoginOrigin is the origin of DingTalk's login page: messages of its frame come
	// from there, all others are forged.
	LoginOrigin() string
	// AuthorizeURL, ScanURL and PasswordURL are where the browser is sent; FrameURL is
	// what the frame in our own page shows.
	AuthorizeURL(redirectURI, state string) string
	ScanURL(redirectURI, state string) string
	PasswordURL(redirectURI, state string) string
	FrameURL(redirectURI, state string) string
	// Account, ScanAccount and InAppAccount exchange the code that the browser brought
	// back, each its own kind, for who it is. They prove nothing about membership.
	Account(ctx context.Context, code string) (dingtalk.Account, error)
	ScanAccount(ctx context.Context, code string) (dingtalk.Account, error)
	InAppAccount(ctx context.Context, code string) (dingtalk.Account, error)
	// Member asks the organisation's own directory about that person, and Lookup about a
	// userId.
	Member(ctx context.Context, unionID string) (dingtalk.Member, error)
	Lookup(ctx context.Context, userID string) (dingtalk.Member, error)
	// Parents, Anybody, FormerUnionID and Leavers are what else the directory is asked.
	Parents(ctx context.Context, userID string) ([][]int64, error)
	Anybody(ctx context.Context) (userID string, err error)
	FormerUnionID(ctx context.Context, unionID string) (string, error)
	Leavers(ctx context.Context, since, until time.Time, each func(userID string, left time.Time) error) error
}
