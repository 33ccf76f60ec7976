package clients

import (
	"slices"
	"testing"
)

func server(id string) Spec {
	return Spec{ID: id, SecretHash: HashSecret(id), ResourceServer: true}
}

func TestC11_AudiencesAreResourceServersOfTheSet(t *testing.T) {
	for name, tc := range map[string]struct {
		audiences []string
		field     string // of the one fault, if any
	}{
		"none":               {nil, ""},
		"before":             {[]string{"before"}, ""},
		"after":              {[]string{"after"}, ""},
		"both":               {[]string{"after", "before"}, ""},
		"unknown":            {[]string{"before", "nobody"}, "audiences[1]"},
		"other letter case":  {[]string{"Before"}, "audiences[0]"},
		"empty":              {[]string{""}, "audiences[0]"},
		"an address":         {[]string{"https://before.example.com"}, "audiences[0]"},
		"no resource server": {[]string{"app"}, "audiences[0]"},
		"itself":             {[]string{"grafana"}, "audiences[0]"},
		"twice":              {[]string{"before", "before"}, "audiences[1]"},
	} {
		app := valid()
		app.ID = "app"
		s := valid()
		s.Audiences = tc.audiences
		set, faults := NewSet([]Spec{server("before"), app, s, server("after")})
		if tc.field != "" {
			if set != nil || len(faults) != 1 || faults[0].Index != 2 || faults[0].ID != "grafana" || faults[0].Field != tc.field || faults[0].Remedy == "" {
				t.Errorf("%s: %v", name, faults)
			}
			continue
		}
		if faults != nil {
			t.Errorf("%s: %v", name, faults)
			continue
		}
		if c, _ := set.Lookup("grafana"); !slices.Equal(c.Audiences, tc.audiences) {
			t.Errorf("%s: %v", name, c.Audiences)
		}
	}
}

// A resource server is no audience of its own, even as one.
func TestC11_NotItself(t *testing.T) {
	s := server("api")
	s.Audiences = []string{"api"}
	if _, faults := NewSet([]Spec{s}); len(faults) != 1 || faults[0].Field != "audiences[0]" {
		t.Errorf("%v", faults)
	}
}

func TestC11_FaultsStayInTheOrderOfTheClients(t *testing.T) {
	first, second := valid(), valid()
	first.Audiences, second.ID, second.Name = []string{"nobody"}, "second", "a\x00"
	_, faults := NewSet([]Spec{first, second})
	if len(faults) != 2 || faults[0].Field != "audiences[0]" || faults[1].Field != "name" {
		t.Errorf("%v", faults)
	}
}

func TestC12_WhoNeedsNoRedirectURI(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Spec)
		fine   bool
	}{
		"nothing said":        {func(s *Spec) {}, false},
		"resource server":     {func(s *Spec) { s.ResourceServer = true }, true},
		"device":              {func(s *Spec) { s.DeviceAuthorization = true }, true},
		"device, public":      {func(s *Spec) { s.DeviceAuthorization, s.Public, s.SecretHash = true, true, "" }, true},
		"device, native":      {func(s *Spec) { s.DeviceAuthorization, s.ApplicationType = true, Native }, true},
		"pushed":              {func(s *Spec) { s.RequirePushed = true }, false},
		"back-channel logout": {func(s *Spec) { s.BackchannelLogoutURI = "https://a.example/" }, false},
	} {
		s := valid()
		s.RedirectURIs = nil
		tc.change(&s)
		set, faults := NewSet([]Spec{s})
		if !tc.fine {
			if len(faults) != 1 || faults[0].Field != "redirect_uris" {
				t.Errorf("%s: %v", name, faults)
			}
			continue
		}
		if faults != nil {
			t.Errorf("%s: %v", name, faults)
			continue
		}
		c, _ := set.Lookup(s.ID)
		for _, uri := range []string{"", registered, "http://127.0.0.1:1/", "http://localhost"} {
			if c.AllowsRedirect(uri) {
				t.Errorf("%s: %q accepted", name, uri)
			}
		}
	}
}

func TestC1_WhatAClientAsksForIsThere(t *testing.T) {
	s := valid()
	s.RequirePushed, s.DeviceAuthorization, s.MinimalIDToken, s.AccessToken = true, true, true, AccessJWT
	opaque := valid()
	opaque.ID, opaque.AccessToken = "opaque", AccessOpaque
	plain := valid()
	plain.ID = "plain"
	set, faults := NewSet([]Spec{s, opaque, plain})
	if faults != nil {
		t.Fatal(faults)
	}
	if c, _ := set.Lookup("grafana"); !c.RequirePushed || !c.DeviceAuthorization || !c.MinimalIDToken || !c.AccessTokenJWT {
		t.Errorf("%+v", c)
	}
	for _, id := range []string{"opaque", "plain"} {
		if c, _ := set.Lookup(id); c.RequirePushed || c.DeviceAuthorization || c.MinimalIDToken || c.AccessTokenJWT || c.BackchannelLogoutURI != "" {
			t.Errorf("%+v", c)
		}
	}
}
