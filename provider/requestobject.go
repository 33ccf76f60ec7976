package provider

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// answerAs reads from a request object how its sender wants to be answered: OpenID
// Connect Core section 6.1 lets response_mode and state stand there and nowhere else.
// The object itself is refused, so nothing else in it is looked at. No signature is
// checked, and none need be: whoever can send the object can send the same as
// parameters, which prevail.
func (a *authRequest) answerAs(object string) {
	parts := strings.Split(object, ".")
	if len(parts) != 3 {
		return
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return
	}
	var claims struct {
		Mode  string `json:"response_mode"`
		State string `json:"state"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return
	}
	if a.Mode == "" && claims.Mode == modeFormPost && takesPost(a.RedirectURI) {
		a.Mode = modeFormPost
	}
	if a.State == "" && len(claims.State) <= maxState {
		a.State = claims.State
	}
	if a.Mode == modeFormPost && !pages.Postable(a.State) {
		a.State = ""
	}
}
