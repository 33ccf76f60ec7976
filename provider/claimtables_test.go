package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// tabled are two apps with a table each of the person's own groups, of which the second
// keeps its ID tokens small.
func (h *house) tabled(t *testing.T, group string) {
	t.Helper()
	specs := testClients()
	for i, id := range []string{"app", "wiki"} {
		at := slices.IndexFunc(specs, func(s clients.Spec) bool { return s.ID == id })
		specs[at].MinimalIDToken = i == 1
		specs[at].Claims = []clients.ClaimSpec{
			{Name: "role", From: []clients.ClaimRow{{Group: "role:1", Value: "None"}, {Group: group, Value: "Admin <\"维基\">"}}, Default: "Viewer"},
			{Name: "policy", List: true, From: []clients.ClaimRow{{Group: group, Value: "readwrite"}, {Group: "role:1", Value: "none"}}},
			{Name: "left-out", From: []clients.ClaimRow{{Group: "role:1", Value: "x"}}},
		}
	}
	h.replace(specs)
}

// TestTheClaimsOfATable: in ID token and userinfo alike, whatever the scopes, after a
// refresh too, and a change of the table is seen at once.
func TestTheClaimsOfATable(t *testing.T) {
	h := build(t)
	b := h.browser()
	tokens := h.exchange(h.login(b, "scope", "openid groups offline_access"))
	groups, _ := h.claimsOf(tokens.text("id_token"), "app")["groups"].([]any)
	if len(groups) == 0 {
		t.Fatal("the person has no groups")
	}
	want := func(what string, claims map[string]any, role string) {
		t.Helper()
		policy := "[]"
		if role == "Admin <\"维基\">" {
			policy = `["readwrite"]`
		}
		if claims["role"] != role || asJSON(claims["policy"]) != policy || claims["left-out"] != nil {
			t.Errorf("%s: %s", what, asJSON(claims))
		}
	}
	for _, step := range []struct{ group, role string }{{groups[0].(string), "Admin <\"维基\">"}, {"dept:999999", "Viewer"}} {
		h.tabled(t, step.group)
		refreshed := h.refresh(tokens.text("refresh_token"), "")
		tokens = refreshed
		want("refreshed", h.claimsOf(refreshed.text("id_token"), "app"), step.role)
		want("refreshed, userinfo", h.userinfo(refreshed.text("access_token")).json, step.role)
		plain := h.exchange(answer(t, b.get(h.authorization("scope", "openid"))).Get("code"))
		want("openid alone", h.claimsOf(plain.text("id_token"), "app"), step.role)
		want("openid alone, userinfo", h.userinfo(plain.text("access_token")).json, step.role)
		small := h.call("/token", "wiki", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {wikiCallback}, "code_verifier": {testVerifier},
			"code": {answer(t, b.get(h.authorization("client_id", "wiki", "redirect_uri", wikiCallback))).Get("code")}})
		if claims := h.claimsOf(small.text("id_token"), "wiki"); claims["role"] != nil || claims["policy"] != nil {
			t.Errorf("a small ID token: %s", asJSON(claims))
		}
		want("userinfo of a small one", h.userinfo(small.text("access_token")).json, step.role)
	}
}

// TestGroupsForWhichThereIsNoRoom: the audit trail says so, once for a client.
func TestGroupsForWhichThereIsNoRoom(t *testing.T) {
	h := build(t, func(p *plan) { p.specs[0].GroupsMax = new(1) })
	b := h.browser()
	for range 2 {
		tokens := h.exchange(h.login(b, "scope", "openid groups"))
		for what, claims := range map[string]map[string]any{"ID token": h.claimsOf(tokens.text("id_token"), "app"), "userinfo": h.userinfo(tokens.text("access_token")).json} {
			if groups, _ := claims["groups"].([]any); len(groups) != 1 {
				t.Errorf("%s: %v", what, claims["groups"])
			}
		}
	}
	told := slices.DeleteFunc(h.events.take(), func(e audit.Event) bool { return e.Name != audit.GroupsCapped })
	if len(told) != 1 || told[0].ClientID != "app" || told[0].Subject == "" || told[0].Count < 1 {
		t.Errorf("told %+v", told)
	}
}

// TestThreat_D16_WhatWeSayNoTableSays: each claim that is in anything we give out is one
// that no table may have, in whatever letter case.
func TestThreat_D16_WhatWeSayNoTableSays(t *testing.T) {
	h := build(t, func(p *plan) {
		for i := range p.specs {
			s := &p.specs[i]
			s.PhoneNumber, s.Scopes = true, nil
			s.DirectoryClaims = []string{"userid", "corp_id", "job_number", "title", "departments", "roles", "manager"}
			if s.ID == "app" {
				s.AccessToken = clients.AccessJWT
			}
		}
	})
	b := h.browser()
	tokens := h.exchange(h.login(b, "scope", "openid profile email groups phone offline_access", "nonce", "n"))
	said := map[string]bool{}
	for what, claims := range map[string]map[string]any{
		"ID token":      h.claimsOf(tokens.text("id_token"), "app"),
		"access token":  part(t, tokens.text("access_token"), 1),
		"userinfo":      h.userinfo(tokens.text("access_token")).json,
		"introspection": h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}).json,
	} {
		if len(claims) < 5 {
			t.Errorf("%s says %s", what, asJSON(claims))
		}
		for name := range claims {
			said[name] = true
		}
	}
	for _, name := range []string{"sub", "iss", "nonce", "sid", "groups", "email", "phone_number", "client_id", "active", "dingtalk_userid", "dingtalk_departments"} {
		if !said[name] {
			t.Errorf("%s was not said; the test sees less than there is", name)
		}
	}
	for name := range said {
		for _, spelt := range []string{name, strings.ToUpper(name), strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "_", "")} {
			specs := testClients()
			specs[0].Claims = []clients.ClaimSpec{{Name: spelt, Default: "x"}}
			if _, faults := clients.NewSet(specs); len(faults) != 1 || faults[0].Field != "claims[0].name" {
				t.Errorf("a table may set %s: %v", spelt, faults)
			}
		}
	}
}
