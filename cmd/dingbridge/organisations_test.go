package main

import (
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/login"
)

// TestWaysAreTheLoginsWays: config.yaml knows the ways that a login has, and as the
// same which of them need no other beside them.
func TestWaysAreTheLoginsWays(t *testing.T) {
	var known []string
	for _, way := range login.Ways() {
		known = append(known, string(way))
		text := "issuer: https://sso.example.com\nstorage: bolt:///s.db\nsecret_file: s\nclients_file: c\ndingtalk:\n" +
			"  organisations: [{corp_id: a, client_id: b, client_secret_file: c, ways: [" + string(way) + "]}]\n"
		if _, err := config.Parse("c.yaml", []byte(text), nil); (err == nil) != way.FullPage() {
			t.Errorf("%s alone: %v", way, err)
		}
	}
	if slices.Sort(known); !slices.Equal(known, slices.Sorted(slices.Values(config.Ways))) {
		t.Errorf("a login has the ways %q, config.yaml %q", known, config.Ways)
	}
	for asked, ways := range demoWays {
		if !slices.Contains(known, asked) || ways[0] != asked {
			t.Errorf("demo --way %s begins with %q", asked, ways[0])
		}
	}
}

// TestEachOrganisationHasItsOwn: apps, hosts, ways and domains of one do not get into
// another.
func TestEachOrganisationHasItsOwn(t *testing.T) {
	c := config.Defaults()
	c.DingTalk.Organisations = []config.Organisation{{
		CorpID: "ding1", Name: "One", ClientID: "app1", Ways: []string{"frame", "oauth2"}, EmailDomains: []string{"one.example"},
	}, {
		CorpID: "ding2", Name: "Two", ClientID: "app2", Ways: []string{"sns"}, ScanApp: config.ScanApp{AppID: "dingoa2"},
		Endpoints: config.OwnEndpoints{Login: "https://login.dingtalk.io", OAPI: "https://oapi.dingtalk.io"},
	}}
	c.Claims.EmailDomains = []string{"all.example"} // a fault where there are several; it is nobody's then
	m := &materials{config: c}
	for i, secrets := range []appSecrets{{app: "secret-one"}, {app: "secret-two", scanApp: "secret-scan"}} {
		upstream, err := newUpstream(c.DingTalk, c.DingTalk.Organisations[i], secrets, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m.upstreams = append(m.upstreams, upstream)
	}
	got := m.organisations()
	want := []provider.Organisation{
		{CorpID: "ding1", Name: "One", Ways: []login.Way{login.Frame, login.OAuth2}, EmailDomains: []string{"one.example"}},
		{CorpID: "ding2", Name: "Two", Ways: []login.Way{login.Sns}},
	}
	for i, o := range got {
		if o.CorpID != want[i].CorpID || o.Name != want[i].Name || !slices.Equal(o.Ways, want[i].Ways) || !slices.Equal(o.EmailDomains, want[i].EmailDomains) {
			t.Errorf("%d: %+v", i, o)
		}
	}
	for i, asked := range []struct{ clientID, origin string }{{"app1", "https://login.dingtalk.com"}, {"app2", "https://login.dingtalk.io"}} {
		if u := got[i].Upstream; u.ClientID() != asked.clientID || u.LoginOrigin() != asked.origin {
			t.Errorf("%d: the app %s at %s", i, u.ClientID(), u.LoginOrigin())
		}
	}
	if _, ok := got[1].Upstream.(*dingtalk.Client); !ok || got[0].Upstream == got[1].Upstream {
		t.Error("the organisations share a client of DingTalk")
	}
	for i, want := range []string{"https://oapi.dingtalk.com/connect/qrconnect?appid=app1&", "https://oapi.dingtalk.io/connect/qrconnect?appid=dingoa2&"} {
		if u := got[i].Upstream.ScanURL("https://sso.example.com/cb", "s"); len(u) < len(want) || u[:len(want)] != want {
			t.Errorf("%d: the QR page is %s", i, u)
		}
	}
}

// TestInAppScript: the one version that the page was made for, from the host that the
// operator names, held to the hash that the operator gives.
func TestInAppScript(t *testing.T) {
	d := config.Defaults().DingTalk
	d.ScriptIntegrity = "sha384-x"
	want := provider.InAppScript{URL: "https://g.alicdn.com/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js", Integrity: "sha384-x"}
	if got := inAppScript(d); got != want {
		t.Errorf("%+v", got)
	}
}
