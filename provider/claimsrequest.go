package provider

import (
	"encoding/json"
	"slices"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

// maxClaimsRequest bounds the claims parameter, in bytes.
const maxClaimsRequest = 4 << 10

// claimsRequest is the claims parameter (OpenID Connect Core section 5.5), as far as
// it changes anything here. That a claim is essential does not make us know it: one
// that we do not have is left out, which is no error (section 5.5.1).
type claimsRequest struct {
	idToken, userinfo []string // names that are claims of ours
	subject           string   // the only sub that will do
	acr               []string // one of these, or the login has failed (section 5.5.1.1)
}

// claimWish is how one claim is asked for; null asks for it with nothing further.
type claimWish struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// parseClaimsRequest reads the parameter. Members that we do not know are ignored.
func parseClaimsRequest(text string) (c claimsRequest, ok bool) {
	if text == "" {
		return c, true
	}
	var parts struct {
		IDToken  map[string]*claimWish `json:"id_token"`
		Userinfo map[string]*claimWish `json:"userinfo"`
	}
	if len(text) > maxClaimsRequest || json.Unmarshal([]byte(text), &parts) != nil {
		return c, false
	}
	for _, part := range []struct {
		wishes map[string]*claimWish
		names  *[]string
	}{{parts.IDToken, &c.idToken}, {parts.Userinfo, &c.userinfo}} {
		for name, wish := range part.wishes {
			if _, known := people.ScopeOf(name); known {
				*part.names = append(*part.names, name)
			}
			if name == "sub" && wish != nil && wish.Value != nil {
				sub, text := wish.text(wish.Value)
				if !text || c.subject != "" && c.subject != sub {
					return c, false
				}
				c.subject = sub
			}
		}
		slices.Sort(*part.names)
	}
	if wish := parts.IDToken["acr"]; wish != nil && wish.Essential {
		for _, value := range append(wish.Values, wish.Value) {
			if one, text := wish.text(value); text {
				c.acr = append(c.acr, one)
			}
		}
	}
	return c, true
}

func (claimWish) text(value json.RawMessage) (s string, ok bool) {
	return s, len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &s) == nil
}

// entitled returns those claims whose scope is registered for the client: asking for
// them one by one is no way around the registration.
func entitled(c *clients.Client, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		scope, _ := people.ScopeOf(name)
		return !slices.Contains(c.Scopes, scope)
	})
}
