package systemtest

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestE5_StateTable compares the keys of a full run with the table of docs/state.md,
// both ways.
func TestE5_StateTable(t *testing.T) {
	documented := keyPatterns(t)
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	w.addClients(t, "  - {id: screen, public: true, device_authorization: true, allow: everyone}\n")
	w.serve(adminSocket)
	ctx, a, p := t.Context(), w.app("es"), newPerson()
	code, err := p.login(ctx, w, a)
	if err != nil {
		t.Fatal(err)
	}
	first := a.redeem(ctx, w.issuer, code)
	for range 2 { // the second within the leeway
		if got := a.refresh(ctx, w.issuer, first.text("refresh_token")); got.status != 200 {
			t.Fatalf("refresh: %v", got)
		}
	}
	for _, id := range []string{"rs", "plain"} { // single sign-on; one of them wants to hear of logouts
		if _, err := p.login(ctx, w, w.app(id)); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.revoke(ctx, w.issuer, first.text("access_token")); got.status != 200 {
		t.Fatalf("revoke: %v", got)
	}
	if s, err := newPerson().get(ctx, w.authorization(a)); err != nil || s.status != 302 { // begun, and left
		t.Fatalf("begin: %v, %v", s, err)
	}
	begun, err := url.Parse(w.authorization(a))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.call(ctx, w.issuer+"/par", begun.Query()); got.status != 201 {
		t.Fatalf("push: %v", got)
	}
	posted, err := p.http.PostForm(w.issuer+"/authorize", begun.Query())
	if err != nil || posted.StatusCode != 303 {
		t.Fatalf("post: %v, %v", posted, err)
	}
	posted.Body.Close()
	tryDevice(t, w, p)
	leaver := newPerson()
	if code, err = leaver.login(ctx, w, a); err != nil {
		t.Fatal(err)
	}
	hint := a.redeem(ctx, w.issuer, code).text("id_token")
	if s, err := leaver.get(ctx, w.issuer+"/end_session?id_token_hint="+hint); err != nil || s.status != 200 { // out
		t.Fatalf("logout: %v, %v", s, err)
	}
	tryMigration(t, w, a)
	w.control(t, "people/lisi/leave", "")
	until(t, "the end of somebody who left", func() bool { return len(w.events("person.removed")) == 1 })
	until(t, "the end of the first sweep", func() bool { return len(w.events("sweep.finished")) > 0 })
	made := map[string]bool{}
	for key := range records(t, r) {
		known := false
		for text, form := range documented {
			if form.MatchString(key) {
				known, made[text] = true, true
			}
		}
		if !known {
			t.Errorf("the key %q is not in docs/state.md", key)
		}
	}
	for text := range documented {
		if !made[text] {
			t.Errorf("docs/state.md has %s, which a full run does not make", text)
		}
	}
	t.Logf("%d kinds of keys: %s", len(made), strings.Join(slices.Sorted(maps.Keys(made)), " "))
}

// tryMigration has a person's account migrated, and an administrator say so.
func tryMigration(t *testing.T, w *world, a app) {
	t.Helper()
	for _, who := range []string{"lisi", "zhangsan2", "zhangsan2 migrated"} {
		userID, migrated, _ := strings.Cut(who, " ")
		if migrated != "" {
			w.control(t, "people/"+userID+"/migrate", "{}")
		}
		code, err := w.as(t, userID).login(t.Context(), w, a)
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		sub := subOf(t, a.redeem(t.Context(), w.issuer, code).text("id_token"))
		if migrated != "" {
			if err := w.admin(t, nil, "users", "migrate", sub); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// tryDevice has a device ask for codes and wait, while a person who is logged in types
// a wrong one.
func tryDevice(t *testing.T, w *world, p *person) {
	t.Helper()
	screen := app{id: "screen"}
	codes := screen.call(t.Context(), w.issuer+"/device_authorization", url.Values{"scope": {"openid"}})
	poll := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {codes.text("device_code")}}
	if got := screen.call(t.Context(), w.issuer+"/token", poll); got.text("error") != "authorization_pending" {
		t.Fatalf("device: %v, then %v", codes, got)
	}
	form := url.Values{"user_code": {"BCDF-GHJK"}}
	s, err := p.get(t.Context(), w.issuer+"/device")
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(s.body, -1) {
		form.Set(hidden[1], hidden[2])
	}
	entered, err := p.http.PostForm(w.issuer+"/device", form)
	if err != nil || entered.StatusCode != 200 {
		t.Fatalf("user code: %v, %v", entered, err)
	}
	entered.Body.Close()
}

// keyPatterns are the keys in the table's second column, each with the form that its
// placeholders allow.
func keyPatterns(t *testing.T) map[string]*regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash("../../../../docs/state.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| record | key |")
	table, _, _ = strings.Cut(table, "\n\n")
	patterns := map[string]*regexp.Regexp{}
	placeholder := regexp.MustCompile(`<[a-z+\\]+>`)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || strings.Contains(cells[1], "later") {
			continue
		}
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			form := placeholder.ReplaceAllString(regexp.QuoteMeta(quoted[1]), `[A-Za-z0-9_-]+`)
			patterns[quoted[1]] = regexp.MustCompile("^" + form + "$")
		}
	}
	if len(patterns) == 0 {
		t.Fatal("docs/state.md has no table of keys")
	}
	return patterns
}
