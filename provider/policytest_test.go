package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// policyClients are one for each kind of rule, and for each thing that shapes a claim.
func policyClients() option {
	return func(p *plan) {
		p.specs = nil
		groups := []clients.GroupSpec{{Name: "platform", Departments: []int64{432825033}, People: []string{"mallory"}}}
		all := []string{"openid", "profile", "email", "groups", "offline_access"}
		for id, shape := range map[string]func(*clients.Spec){
			"everyone": func(s *clients.Spec) { s.Allow.Everyone = true },
			"nobody":   func(*clients.Spec) {},
			"dept":     func(s *clients.Spec) { s.Allow.Departments = []int64{39960012} },
			"group":    func(s *clients.Spec) { s.Allow.Groups = []string{"dept:39960014"} },
			"role":     func(s *clients.Spec) { s.Allow.Roles = []int64{1507113581} },
			"alias":    func(s *clients.Spec) { s.Allow.Groups = []string{"platform"} },
			"person":   func(s *clients.Spec) { s.Allow.People = []string{"zhangsan", "supplier"} },
			"elsewhere": func(s *clients.Spec) {
				s.Allow.Everyone, s.Organisations = true, []string{"dinganother"}
			},
			"rich": func(s *clients.Spec) {
				two := 2
				s.Allow.Everyone, s.PhoneNumber, s.SubstituteEmail, s.GroupsMax = true, true, true, &two
				s.Scopes = append(slices.Clone(all), "phone")
				s.DirectoryClaims = []string{"userid", "corp_id", "job_number", "title", "departments", "roles", "manager"}
				s.Claims = []clients.ClaimSpec{{Name: "role", From: []clients.ClaimRow{{Group: "platform", Value: "Admin"}}, Default: "Viewer"}}
			},
			"minimal": func(s *clients.Spec) {
				s.Allow.Everyone, s.MinimalIDToken, s.OmitNickname = true, true, true
				s.Claims = []clients.ClaimSpec{{Name: "policy", From: []clients.ClaimRow{{Group: "platform", Value: "rw"}}, List: true}}
			},
		} {
			s := clients.Spec{ID: id, Name: id, SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{"https://" + id + ".example.com/cb"}, Scopes: all}
			shape(&s)
			p.specs = append(p.specs, s)
		}
		p.groups = groups
		p.People.SubstituteEmailDomain = "none.example.net"
	}
}

// TestH20_PolicyTestIsWhatALoginComesTo: every client, every person of the company, before
// their first login and after it.
func TestH20_PolicyTestIsWhatALoginComesTo(t *testing.T) {
	h := build(t, policyClients())
	for _, who := range h.sim.People() {
		if err := h.sim.ApproveAs(who); err != nil {
			t.Fatal(err)
		}
		for c := range h.clients.All() {
			name := c.ID + "/" + who
			test, info, idToken, admitted := h.compare(t, c, who)
			if test.Admitted != admitted {
				t.Errorf("%s: %+v, but the login was let in: %v", name, test.ClientView, admitted)
			}
			if !admitted || !test.Admitted {
				continue
			}
			h.same(t, name+" userinfo", test.UserInfo, info, !test.Known)
			h.same(t, name+" ID token", test.IDToken, idToken, !test.Known)
		}
	}
}

// compare asks what would be and then lets it happen.
func (h *house) compare(t *testing.T, c *clients.Client, who string) (test provider.PolicyTest, info, idToken map[string]any, admitted bool) {
	t.Helper()
	test, err := h.provider.TestPolicy(t.Context(), c.ID, who)
	if err != nil {
		refused(t, c.ID+"/"+who, err, map[bool]string{true: "out of the app's range", false: "no such active person"}[who == "outofrange"])
	}
	callback := c.RedirectURIs[0]
	q := sent(h.browser().follow(h.authorization("client_id", c.ID, "redirect_uri", callback, "scope", "openid profile email phone groups"), callback))
	if q == nil || q.Get("code") == "" {
		return test, nil, nil, false
	}
	r := h.call("/token", c.ID, testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")},
		"redirect_uri": {callback}, "code_verifier": {testVerifier}})
	if r.status != 200 {
		t.Fatalf("%s/%s: %d %s", c.ID, who, r.status, r.body)
	}
	return test, h.userinfo(r.text("access_token")).json, h.claimsOf(r.text("id_token"), c.ID), true
}

// sent is what the client got, nil where there is a page.
func sent(p page) url.Values {
	if p.location == "" {
		return nil
	}
	u, err := url.Parse(p.location)
	if err != nil {
		return nil
	}
	return u.Query()
}

// same holds claims to be those that were foreseen. What the account alone tells is not
// known before the first login.
func (h *house) same(t *testing.T, what string, foreseen json.RawMessage, got map[string]any, first bool) {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal(foreseen, &want); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got = maps.Clone(got)
	for _, name := range []string{"iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "sid"} {
		delete(got, name)
	}
	if first {
		for _, name := range []string{"nickname", "picture", "name"} { // a name stands in for a nick
			delete(got, name)
			delete(want, name)
		}
	}
	if a, b := asJSON(got), asJSON(want); a != b {
		t.Errorf("%s:\n got      %s\n foreseen %s", what, a, b)
	}
}

// TestH20_PolicyTestWritesNothing: of somebody known, of a newcomer, of a leaver, and of one of
// whom the directory does not tell, and says so.
func TestH20_PolicyTestWritesNothing(t *testing.T) {
	h := build(t, policyClients())
	known := []string{"zhangsan", "lisi", "noemail", "mallory"}
	for _, who := range known {
		if err := h.sim.ApproveAs(who); err != nil {
			t.Fatal(err)
		}
		h.browser().follow(h.authorization("client_id", "everyone", "redirect_uri", "https://everyone.example.com/cb"), "https://everyone.example.com/cb")
	}
	if _, err := h.provider.Block(t.Context(), root, "mallory"); err != nil {
		t.Fatal(err)
	}
	h.sim.Leave("lisi")
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb.Writes() {
			t.Errorf("it writes %s", op.Key)
		}
		return storagetest.NoFault
	})
	h.events.take()
	why := func(client, who string) string {
		t.Helper()
		test, err := h.provider.TestPolicy(t.Context(), client, who)
		if err != nil {
			t.Fatalf("%s/%s: %v", client, who, err)
		}
		if (test.IDToken != nil) != test.Admitted || (test.UserInfo != nil) != test.Admitted || test.Undecided && test.Admitted {
			t.Errorf("%s/%s: %+v", client, who, test)
		}
		return fmt.Sprint(test.Why, " ", test.Rule, " ", test.Known)
	}
	for _, row := range [][3]string{
		{"dept", "zhangsan", "rule department 39960012 true"},
		{"role", "zhangsan", "rule role 1507113581 true"},
		{"alias", "zhangsan", "rule alias platform true"},
		{"person", "zhangsan", "rule person zhangsan true"},
		{"nobody", "zhangsan", "no_rule  true"},
		{"elsewhere", "zhangsan", "organisation  true"},
		{"everyone", "lisi", "gone  true"},
		{"everyone", "mallory", "blocked  true"},
		{"dept", "manager7521", "rule department 39960012 false"},
		{"group", "manager7521", "no_rule  false"},
		{"everyone", h.sim.CorpID() + "/manager7521", "rule everyone false"},
	} {
		if got := why(row[0], row[1]); got != row[2] {
			t.Errorf("%s as %s: %s, want %s", row[0], row[1], got, row[2])
		}
	}
	test, err := h.provider.TestPolicy(t.Context(), "group", "zhangsan")
	if err != nil || !slices.Equal(test.Rules, []string{"group dept:39960014"}) || !slices.Contains(test.Groups, "dept:39960012") {
		t.Errorf("%+v, %v", test, err)
	}

	// The directory falls silent, in whole or about the departments above.
	if err := h.sim.Fault(simulator.Fault{Call: "department/listparentbyuser", Kind: "500", Count: -1}); err != nil {
		t.Fatal(err)
	}
	if got := why("dept", "smith.john"); got != "parents  false" {
		t.Errorf("without parents: %s", got)
	}
	h.sim.ClearFaults()
	if err := h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "500", Count: -1}); err != nil {
		t.Fatal(err)
	}
	if got := why("everyone", "zhangsan"); got != "directory  true" {
		t.Errorf("undecided: %s", got)
	}
	_, err = h.provider.TestPolicy(t.Context(), "everyone", "emoji")
	refused(t, "undecided about a newcomer", err, "cannot decide")
	h.sim.ClearFaults()
	_, err = h.provider.TestPolicy(t.Context(), "nope", "zhangsan")
	refused(t, "no such client", err, "no client")
	_, err = h.provider.TestPolicy(t.Context(), "everyone", "nobody")
	refused(t, "nobody", err, "no such active person")
	if events := h.events.take(); len(events) > 0 {
		t.Errorf("audited: %+v", events)
	}
	if v := h.only(t, "lisi"); v.Gone {
		t.Error("asking removed somebody")
	}
}

// TestH20_AUserIDGivenOn: the policy of a login now, which is the newcomer's.
func TestH20_AUserIDGivenOn(t *testing.T) {
	h := build(t, policyClients())
	callback := "https://everyone.example.com/cb"
	h.browser().follow(h.authorization("client_id", "everyone", "redirect_uri", callback), callback)
	leaver := h.only(t, "zhangsan").Subject
	h.sim.Leave("zhangsan")
	if _, err := h.sim.Hire(simulator.Person{UserID: "zhangsan", Nick: "新人", Name: "张三", Departments: []int64{432825037}}); err != nil {
		t.Fatal(err)
	}
	test, err := h.provider.TestPolicy(t.Context(), "everyone", "zhangsan")
	if err != nil || test.Known || !test.Admitted || test.Person.Subject == leaver {
		t.Fatalf("%+v, %v", test, err)
	}
	if test, err = h.provider.TestPolicy(t.Context(), "everyone", leaver); err != nil || test.Why != provider.WhyGone {
		t.Errorf("by the sub: %+v, %v", test, err)
	}
	h.browser().follow(h.authorization("client_id", "everyone", "redirect_uri", callback), callback)
	if test, err = h.provider.TestPolicy(t.Context(), "everyone", "zhangsan"); err != nil || !test.Known || !test.Admitted || test.Person.Subject == leaver {
		t.Errorf("after the login: %+v, %v", test, err)
	}
}
