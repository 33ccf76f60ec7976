package provider

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

func requestObject(payload string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "."
}

// A request object is refused in the way in which its sender wants to be answered, and
// says nothing else.
//
// proves: a refused request object is answered as it asks to be | Core §6.1, §3.1.2.6
func TestRequestObjectIsRefusedAsItsSenderWantsIt(t *testing.T) {
	set := fuzzClients(t)
	long := strings.Repeat("s", maxState+1)
	cases := map[string]struct {
		object, query, mode, state string
	}{
		"both inside":                   {requestObject(`{"response_mode":"form_post","state":"inside"}`), "", modeFormPost, "inside"},
		"parameters prevail":            {requestObject(`{"response_mode":"query","state":"inside"}`), "&state=outside&response_mode=form_post", modeFormPost, "outside"},
		"query inside":                  {requestObject(`{"response_mode":"query","state":"inside"}`), "", "", "inside"},
		"fragment inside":               {requestObject(`{"response_mode":"fragment","state":"inside"}`), "", "", "inside"},
		"a state that is too long":      {requestObject(`{"state":"` + long + `"}`), "", "", ""},
		"a state that no form can hold": {requestObject(`{"response_mode":"form_post","state":"a\nb"}`), "", modeFormPost, ""},
		"a state that is no text":       {requestObject(`{"response_mode":"form_post","state":7}`), "", "", ""},
		"other redirect URI and client": {requestObject(`{"redirect_uri":"https://evil.example","client_id":"cli","state":"s"}`), "", "", "s"},
		"not JSON":                      {requestObject(`{`), "", "", ""},
		"not base64url":                 {"e30.+.", "", "", ""},
		"encrypted, in five parts":      {"a.b.c.d.e", "", "", ""},
		"empty":                         {"", "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery("client_id=app&redirect_uri=https://app.example.com/cb&response_type=code&scope=openid" + c.query)
			if err != nil {
				t.Fatal(err)
			}
			form.Set("request", c.object)
			a, refused := parseAuthRequest(form, set)
			if refused == nil || refused.code != "request_not_supported" {
				t.Fatalf("%+v", refused)
			}
			if a.Mode != c.mode || a.State != c.state || a.RedirectURI != "https://app.example.com/cb" || a.ClientID != "app" {
				t.Errorf("%+v", a.Request)
			}
		})
	}
}

// TestThreat_RequestObjectForAnAppThatTakesNoPost: what the object says leads to no answer
// that the same parameters could not have: to an app behind a scheme of its own there is
// no form_post, which would be a page of a fault of ours.
func TestThreat_RequestObjectForAnAppThatTakesNoPost(t *testing.T) {
	set, faults := clients.NewSet([]clients.Spec{{ID: "phone", Public: true, ApplicationType: "native", RedirectURIs: []string{"com.example.app:/cb", "http://127.0.0.1/cb"}}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for uri, mode := range map[string]string{"com.example.app:/cb": "", "http://127.0.0.1:4711/cb": modeFormPost} {
		a, refused := parseAuthRequest(url.Values{"client_id": {"phone"}, "redirect_uri": {uri}, "response_type": {"code"},
			"request": {requestObject(`{"response_mode":"form_post","state":"s"}`)}}, set)
		if refused == nil || refused.code != "request_not_supported" || a.Mode != mode || a.State != "s" {
			t.Errorf("%s: %+v, mode %q, state %q", uri, refused, a.Mode, a.State)
		}
	}
}

// FuzzRequestObject holds whatever is read from a refused object to the limits of the
// parameters.
func FuzzRequestObject(f *testing.F) {
	f.Add(requestObject(`{"response_mode":"form_post","state":"s"}`))
	f.Add(requestObject(`{"response_mode":"form_post","state":"\u0000"}`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, object string) {
		var a authRequest
		a.RedirectURI = "https://app.example.com/cb"
		a.answerAs(object)
		if a.Mode != "" && a.Mode != modeFormPost || len(a.State) > maxState || a.Mode == modeFormPost && !pages.Postable(a.State) {
			t.Errorf("%q: mode %q, state %q", object, a.Mode, a.State)
		}
	})
}
