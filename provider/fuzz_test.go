package provider

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

func fuzzClients(f testing.TB) *clients.Set {
	f.Helper()
	no := false
	set, faults := clients.NewSet([]clients.Spec{
		{ID: "app", SecretHash: clients.HashSecret("0123456789abcdef0123456789abcdef"), RedirectURIs: []string{"https://app.example.com/cb"}, RequirePKCE: &no},
		{ID: "spa", Public: true, RedirectURIs: []string{"https://spa.example.com/cb?x=1"}},
		{ID: "cli", Public: true, ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"}},
	})
	if len(faults) > 0 {
		f.Fatal(faults)
	}
	return set
}

// FuzzAuthRequest holds what is accepted to the rules, and what is refused to the
// order in which it may be answered.
func FuzzAuthRequest(f *testing.F) {
	set := fuzzClients(f)
	f.Add("client_id=app&redirect_uri=https://app.example.com/cb&response_type=code&scope=openid+profile&state=s")
	f.Add("client_id=spa&redirect_uri=https://spa.example.com/cb%3Fx=1&response_type=code&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=login&max_age=1")
	f.Add("client_id=cli&redirect_uri=http://127.0.0.1:4711/cb&response_type=code&scope=openid&client_id=app")
	f.Add("client_id=app&redirect_uri=https://app.example.com/cb&response_type=token&request=x&response_mode=fragment")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, refused := parseAuthRequest(form, set)
		proven := a.client != nil && a.client.AllowsRedirect(a.RedirectURI)
		if refused != nil {
			if refused.page == "" && !proven {
				t.Fatalf("the client is told before it is proven: %+v", refused)
			}
			if refused.page == "" && (refused.code == "" || strings.ContainsAny(refused.description, "\"\\\r\n")) {
				t.Fatalf("%+v is not an error of RFC 6749", refused)
			}
			return
		}
		switch {
		case !proven, a.client.ID != form.Get("client_id"), a.RedirectURI != form.Get("redirect_uri"):
			t.Fatalf("accepted for %+v at %q", a.client, a.RedirectURI)
		case form.Get("response_type") != "code", doubled(form) != "", form.Has("request"), form.Has("request_uri"):
			t.Fatalf("accepted: %v", form)
		case a.client.Public && a.Challenge == "", a.Challenge != "" && form.Get("code_challenge_method") != "S256":
			t.Fatalf("accepted without PKCE: %v", form)
		case len(a.Scopes) == 0, len(a.State) > maxState, len(a.Nonce) > maxNonce:
			t.Fatalf("accepted beyond the limits: %v", form)
		}
		for _, scope := range a.Scopes {
			if !slices.Contains(a.client.Scopes, scope) || !slices.Contains(strings.Fields(form.Get("scope")), scope) {
				t.Fatalf("scope %q was granted", scope)
			}
		}
	})
}

func FuzzBasicCredentials(f *testing.F) {
	f.Add("Basic " + base64.StdEncoding.EncodeToString([]byte("app:secret")))
	f.Add("basic " + base64.StdEncoding.EncodeToString([]byte("a%3Ab:s%25+x")))
	f.Add("Basic Og==")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := basicCredentials([]string{header})
		if !ok {
			return
		}
		if id == "" {
			t.Fatal("an empty client_id")
		}
		// What the library of the standard reads must be the same, once form-decoded.
		r := httptest.NewRequest(http.MethodPost, "/token", nil)
		r.Header.Set("Authorization", header)
		rawID, rawSecret, standard := r.BasicAuth()
		id2, err1 := url.QueryUnescape(rawID)
		secret2, err2 := url.QueryUnescape(rawSecret)
		if !standard || err1 != nil || err2 != nil || id2 != id || secret2 != secret {
			t.Fatalf("%q is %q and %q to us, %q and %q to the library", header, id, secret, id2, secret2)
		}
	})
}

// FuzzClaimsRequest: whatever a client writes, names are ours and sorted, and nothing
// is read twice.
func FuzzClaimsRequest(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"userinfo":{"name":null}}`, `{"id_token":{"sub":{"value":"x"},"acr":{"essential":true,"values":["a",1,null]}}}`, `{"id_token":{"name":{},"NAME":{}}}`, "\x00", `{"userinfo":{"":{}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseClaimsRequest(text)
		for _, names := range [][]string{c.idToken, c.userinfo} {
			if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) || len(names) > 32 {
				t.Errorf("%q: %v", text, names)
			}
		}
		if !ok && text == "" {
			t.Error("nothing is a fault")
		}
	})
}
