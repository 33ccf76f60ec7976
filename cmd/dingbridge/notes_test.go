package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

func TestNotes(t *testing.T) {
	hash := clients.HashSecret("s")
	callback := []string{"https://a.example.com/cb"}
	everyone := clients.Allow{Everyone: true}
	set, faults := clients.NewSet([]clients.Spec{
		{ID: "fine", SecretHash: hash, RedirectURIs: callback, Allow: everyone, Audiences: []string{"named"}},
		{ID: "closed", SecretHash: hash, RedirectURIs: callback},
		{ID: "named", SecretHash: hash, ResourceServer: true},
		{ID: "unnamed", SecretHash: hash, ResourceServer: true},
		{ID: "inside", SecretHash: hash, RedirectURIs: callback, BackchannelLogoutURI: "https://wiki/logout"},
		{ID: "half", SecretHash: hash, RedirectURIs: callback, Organisations: []string{"dinga", "dingb"}, Allow: clients.Allow{Groups: []string{"ops"}}},
		{ID: "both", SecretHash: hash, RedirectURIs: callback, Organisations: []string{"dinga", "dingb"}, Allow: clients.Allow{Groups: []string{"ops", "platform"}}},
		{ID: "same", SecretHash: hash, RedirectURIs: callback, Allow: everyone, Claims: []clients.ClaimSpec{{Name: "role", Default: "Viewer"}}},
		{ID: "blind", SecretHash: hash, RedirectURIs: callback, Allow: everyone, Scopes: []string{"openid"}, GroupsMax: new(5)},
	}, clients.GroupSpec{Name: "ops", Organisation: "dinga", Roles: []int64{1}},
		clients.GroupSpec{Name: "platform", Organisation: "dinga", Roles: []int64{2}}, clients.GroupSpec{Name: "platform", Organisation: "dingb", Roles: []int64{2}})
	if faults != nil {
		t.Fatal(faults)
	}
	var got []string
	for _, n := range notes(set) {
		if n.remedy == "" {
			t.Errorf("%s: no remedy", n.client)
		}
		got = append(got, n.client+" "+strings.Fields(n.text)[0])
	}
	if want := "closed admits, unnamed is, inside admits, inside has, half admits, same gives, blind says"; strings.Join(got, ", ") != want {
		t.Errorf("%q", got)
	}
}

func TestShutOut(t *testing.T) {
	for uri, want := range map[string]struct{ alone, within bool }{ // within: 10.0.0.0/8 is allowed
		"https://app.example.com/logout":      {false, false},
		"https://8.8.8.8/logout":              {false, false},
		"https://[2606:4700::1]:8443/logout":  {false, false},
		"https://10.1.2.3/logout":             {true, false},
		"https://10.1.2.3:8443/logout":        {true, false},
		"https://192.168.0.1/logout":          {true, true},
		"https://100.64.0.1/logout":           {true, true},
		"https://169.254.169.254/":            {true, true},
		"http://127.0.0.1:8080/logout":        {true, true},
		"http://[::1]/logout":                 {true, true},
		"https://[fd00::1]/logout":            {true, true},
		"http://localhost/logout":             {true, false},
		"https://wiki/logout":                 {true, false},
		"https://wiki.corp/logout":            {true, false},
		"https://wiki.svc.cluster.local/":     {true, false},
		"https://wiki.internal:8443/logout":   {true, false},
		"https://corp.example.com/logout":     {false, false},
		"https://wiki.internal.example.com/x": {false, false},
	} {
		if got := shutOut(uri, nil); got != want.alone {
			t.Errorf("%s without networks: %v", uri, got)
		}
		if got := shutOut(uri, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); got != want.within {
			t.Errorf("%s with networks: %v", uri, got)
		}
	}
}
