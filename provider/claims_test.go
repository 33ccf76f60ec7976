package provider_test

import (
	"net/url"
	"testing"
)

// TestH6_TokenAndUserinfoSayTheSame: for every person and every set of scopes, at the
// first exchange and after a refresh.
//
// proves: ID token and userinfo say the same | Core section 5.3.2
func TestH6_TokenAndUserinfoSayTheSame(t *testing.T) {
	h := build(t)
	own := []string{"iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "acr", "amr"} // the token's, not the person's
	for _, person := range []string{"zhangsan", "noemail", "smith.john", "chairwoman", "exclusive", "markup"} {
		h.sim.ApproveAs(person)
		b := h.browser()
		h.login(b)
		for _, scope := range []string{"openid", "openid profile", "openid email", "openid groups", "openid phone", "openid profile email groups phone offline_access"} {
			tokens := h.call("/token", "phone", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {"https://phone.example.com/cb"}, "code_verifier": {testVerifier},
				"code": {answer(t, b.get(h.authorization("client_id", "phone", "redirect_uri", "https://phone.example.com/cb", "scope", scope))).Get("code")}})
			both := []reply{tokens, h.exchange(answer(t, b.get(h.authorization("scope", scope))).Get("code"))}
			if refresh := both[1].text("refresh_token"); refresh != "" {
				both = append(both, h.refresh(refresh, ""), h.refresh(both[1].text("refresh_token"), "openid email"))
			}
			for i, r := range both {
				client := "app"
				if i == 0 {
					client = "phone"
				}
				info, claims := h.userinfo(r.text("access_token")).json, h.claimsOf(r.text("id_token"), client)
				for _, name := range own {
					delete(claims, name)
				}
				if asJSON(info) != asJSON(claims) || info["sub"] == nil {
					t.Errorf("%s, %q, %s: userinfo %s, ID token %s", person, scope, client, asJSON(info), asJSON(claims))
				}
				if (info["phone_number"] != nil) && client != "phone" {
					t.Errorf("%s: the client without permission gets a phone number", person)
				}
			}
		}
	}
}
