package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

// TestThreat_D13_TwoOfOneName: of two people whom their organisation calls the same, apps are
// told nothing that is the same but that name and the organisation.
func TestThreat_D13_TwoOfOneName(t *testing.T) {
	h := build(t, func(p *plan) {
		p.People.UsernameSources = []string{people.SourcePinyin}
		p.specs[0].DirectoryClaims = strings.Fields("userid corp_id job_number title departments roles manager")
	})
	told := func(who string) map[string]any {
		h.as(who)
		tokens := h.exchange(h.login(h.browser()))
		return h.userinfo(tokens.text("access_token")).json
	}
	one, other := told("zhangsan"), told("zhangsan2")
	if one["name"] != "张三" || len(one) < 10 {
		t.Fatalf("%s", asJSON(one))
	}
	for name, value := range one {
		same := asJSON(value) == asJSON(other[name])
		if may := name == "name" || name == "dingtalk_corp_id" || name == "email_verified"; same && !may {
			t.Errorf("%s of both is %s", name, asJSON(value))
		}
	}
	username := regexp.MustCompile(`^zhangsan-[a-z2-7]{6,}$`)
	for _, claims := range []map[string]any{one, other} {
		if name, _ := claims["preferred_username"].(string); !username.MatchString(name) {
			t.Errorf("username %q", name)
		}
	}
	others := asJSON(other["groups"])
	for _, group := range one["groups"].([]any) {
		if strings.Contains(others, asJSON(group)) && group != "dept:1" {
			t.Errorf("both are in %s", group)
		}
	}
}

// TestThreat_D16_NoNameBecomesAGroup: whatever departments and roles are called, in one
// organisation or in one of several, groups are the operator's names and numbers.
func TestThreat_D16_NoNameBecomesAGroup(t *testing.T) {
	for _, several := range []bool{false, true} {
		form := regexp.MustCompile(`^(ops|(dept|role):[1-9][0-9]*)$`)
		h := build(t, func(p *plan) {
			if several {
				secondCompany(t, p)
				form = regexp.MustCompile(`^(ops|` + firstCorp + `:(dept|role):[1-9][0-9]*)$`)
			}
		})
		specs, ops := testClients()[:1], clients.GroupSpec{Name: "ops", Departments: []int64{platform}}
		specs[0].Audiences = nil
		if several {
			specs[0].Organisations, ops.Organisation = []string{firstCorp, secondCorp}, firstCorp
		}
		set, faults := clients.NewSet(specs, ops)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		h.clients.Replace(set)
		for _, name := range []string{"system:masters", "ops", "role:1507113592", "argocd-admin", firstCorp + ":dept:1", "<b>admin</b>\u202e"} {
			if err := h.sim.ChangeDepartment(platform, func(d *simulator.Department) { d.Name = name }); err != nil {
				t.Fatal(err)
			}
			if err := h.sim.ChangePerson("zhangsan", func(p *simulator.Person) { p.Title, p.JobNumber, p.Nick, p.Remark = name, name, name, name }); err != nil {
				t.Fatal(err)
			}
			tokens := h.exchange(answer(t, h.follow(h.browser(), several)).Get("code"))
			id, info := h.claimsOf(tokens.text("id_token"), "app")["groups"], h.userinfo(tokens.text("access_token")).json["groups"]
			groups, _ := info.([]any)
			if asJSON(id) != asJSON(info) || len(groups) < 3 || groups[0] != "ops" {
				t.Errorf("ID token %s, userinfo %s", asJSON(id), asJSON(info))
			}
			for _, group := range groups {
				if !form.MatchString(group.(string)) {
					t.Errorf("%q: group %q", name, group)
				}
			}
		}
	}
}

// follow logs a browser in to the first organisation.
func (h *house) follow(b *browser, several bool) page {
	h.t.Helper()
	if several {
		return b.follow(h.authorization("organisation", firstCorp), appCallback)
	}
	return b.follow(h.authorization(), appCallback)
}

// TestThreat_D16_TablesOverTheWire: of all names that look like a claim of ours, those that a
// table may have change nothing of what we say, in ID token, userinfo and access token, and
// no name is there twice.
func TestThreat_D16_TablesOverTheWire(t *testing.T) {
	h := build(t, func(p *plan) { p.specs[0].AccessToken = clients.AccessJWT })
	names := strings.Fields("iss sub aud exp iat nonce azp sid amr auth_time email_verified acr at_hash jti scope client_id name groups email preferred_username phone_number")
	var specs []clients.Spec
	var served, refused int
	var table []clients.ClaimSpec
	for _, name := range names {
		for _, spelt := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], "x" + name, name + "2", strings.ReplaceAll(name, "_", ":"), name + "_", name + "/", "https://a.example/" + name} {
			try := []clients.ClaimSpec{{Name: spelt, Default: "forged"}}
			specs = testClients()
			specs[0].Claims = try
			if _, faults := clients.NewSet(specs); len(faults) > 0 {
				refused++
				continue
			}
			served++
			table = append(table, try...)
		}
	}
	if served < 20 || refused < 3*len(names) {
		t.Fatalf("%d served, %d refused", served, refused)
	}
	tokens := func() (said []string) {
		r := h.exchange(h.login(h.browser()))
		for _, token := range []string{r.text("id_token"), r.text("access_token")} {
			said = append(said, decoded(t, strings.Split(token, ".")[1]))
		}
		return append(said, h.userinfo(r.text("access_token")).body)
	}
	plain := tokens()
	specs = testClients()
	specs[0].AccessToken = clients.AccessJWT
	for i := 0; i < len(table); i += len(table)/50 + 1 { // a client has no more
		specs[0].Claims = append(specs[0].Claims, table[i])
	}
	served = len(specs[0].Claims)
	h.replace(specs)
	for i, said := range tokens() {
		for _, name := range names {
			key := `"` + name + `":`
			if strings.Count(said, key) != strings.Count(plain[i], key) || strings.Contains(said, key+`"forged"`) {
				t.Errorf("%d: %s of a table: %.300s", i, name, said)
			}
		}
		if forged := strings.Count(said, `"forged"`); forged != served && i != 1 || i == 1 && forged != 0 {
			t.Errorf("%d: %d claims of the table, want %d", i, forged, served)
		}
	}
}
