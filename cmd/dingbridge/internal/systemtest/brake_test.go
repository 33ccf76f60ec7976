package systemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// adminSocket is the setting for a server that [world.admin] asks.
const adminSocket = "DINGBRIDGE_ADMIN_SOCKET=admin.sock"

// admin runs one of the commands that ask the server, and returns what it printed.
func (w *world) admin(t *testing.T, into any, args ...string) error {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), file, append(args, "--socket", filepath.Join(w.folder, "admin.sock"))...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if into != nil && len(out) > 0 {
		if bad := json.Unmarshal(out, into); bad != nil {
			t.Fatalf("%q printed %s: %v", args, out, bad)
		}
	}
	if err != nil {
		return fmt.Errorf("%q: %w: %s", args, err, said.String())
	}
	return nil
}

// A cable is the way from the provider to DingTalk, which can be cut.
type cable struct{ cut atomic.Bool }

func (c *cable) to(t *testing.T) func(string) string {
	return func(simulator string) string {
		far, err := url.Parse(simulator)
		if err != nil {
			t.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(far) }, Transport: wires}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.cut.Load() {
				panic(http.ErrAbortHandler)
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
}

// TestE19_NobodyIsRemovedByABrokenDirectory: whatever is wrong with DingTalk's answers,
// everybody stays, at events, a sweep and each use, and is told tokens; what could have
// thrown people out is in the log as an error. When it is mended leavers leave.
func TestE19_NobodyIsRemovedByABrokenDirectory(t *testing.T) {
	t.Parallel() // it mostly waits
	c := &cable{}
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL, upstream: c.to(t)})
	w.telling(t)
	env := []string{adminSocket, "DINGBRIDGE_FRESHNESS_RECHECK_AFTER=1s"}
	serve := w.serve(env...)
	all := w.guests(t, 6)
	elsewhere := w.otherCompany(t)
	again := func(env []string) {
		t.Helper()
		if code, err := serve.stop(); code != 0 || err != nil {
			t.Fatalf("stopped with %d, %v", code, err)
		}
		serve = w.serve(env...)
	}
	company := simulator.DefaultCompany()
	for _, row := range []struct {
		name         string
		spoil, amend func()
		calledGone   bool // the directory says so, and is not believed
	}{
		{"empty", func() { w.patch(t, "variants", map[string]string{"directory": "empty"}) },
			func() { w.patch(t, "variants", map[string]string{"directory": "full"}) }, true},
		{"another organisation's credentials", func() { again(append(slices.Clone(env), elsewhere...)) }, func() { again(env) }, true},
		{"permission withdrawn", func() { w.patch(t, "app", map[string]any{"permissions": []string{"qyapi_base", "Contact.User.Read"}}) },
			func() { w.patch(t, "app", map[string]any{"permissions": company.App.Permissions}) }, false},
		{"range narrowed", func() {
			w.patch(t, "app", map[string]any{"range": map[string]any{"departments": []int64{}, "people": []string{"chairwoman"}}})
		}, func() { w.patch(t, "app", map[string]any{"range": company.App.Range}) }, false},
		{"down", func() { c.cut.Store(true) }, func() { c.cut.Store(false) }, false},
		{"its clock an hour off", func() { w.control(t, "clock", `{"advance":"1h"}`) }, func() {}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			withheld, engaged := len(w.events("removal.withheld")), len(w.events("brake.engaged"))
			row.spoil()
			for _, g := range all {
				w.inject(t, map[string]any{"eventType": "user_leave_org", "data": map[string]any{"userId": []string{g.userID}}})
			}
			var swept struct{ Gone int }
			if err := w.admin(t, &swept, "leavers", "sweep", "--json"); swept.Gone != 0 || err == nil && row.calledGone {
				t.Errorf("the sweep removed %d: %v", swept.Gone, err)
			}
			time.Sleep(1100 * time.Millisecond) // recheck_after
			for _, g := range all {
				w.stays(t, g)
			}
			news := w.events("removal.withheld")[withheld:]
			if row.calledGone != (len(news) > 0) || len(w.events("brake.engaged")) != engaged || len(w.events("person.removed")) != 0 {
				t.Errorf("%d withheld, %d times the brake, removed %v", len(news), len(w.events("brake.engaged"))-engaged, w.events("person.removed"))
			}
			for _, e := range news {
				if e["level"] != "ERROR" {
					t.Errorf("audited %v", e)
				}
			}
			row.amend()
			if _, err := w.guest(t, newPerson()); err != nil {
				t.Errorf("a login, all being well again: %v", err)
			}
		})
	}
	leaver := all[0]
	w.steered(t, http.MethodPost, "people/"+leaver.userID+"/leave", nil)
	left := time.Now()
	until(t, "the end of the one who left", func() bool { return !leaver.in(t, w.issuer) })
	t.Logf("%v after the leave the one who left is out", time.Since(left).Round(time.Millisecond))
	for _, g := range all[1:] {
		w.stays(t, g)
	}
}

// stays asserts that somebody is let in everywhere: by the tokens, new ones, and the session.
func (w *world) stays(t *testing.T, g *guest) {
	t.Helper()
	a := w.app("told")
	if !g.in(t, w.issuer) {
		t.Errorf("%s is out", g.userID)
	}
	if got := a.refresh(t.Context(), w.issuer, g.refresh); got.status == http.StatusOK {
		g.access, g.refresh = got.text("access_token"), got.text("refresh_token")
	} else {
		t.Errorf("the refresh of %s: %v", g.userID, got)
	}
	if s, err := g.browser.follow(t.Context(), w.authorization(a, "prompt", "none"), a.redirect); err != nil || codeIn(s.location) == "" {
		t.Errorf("the session of %s: %d, to %q, %v", g.userID, s.status, s.location, err)
	}
}

// otherCompany starts another organisation's DingTalk and returns the settings by which the
// first organisation's directory is asked there, with an app of there.
func (w *world) otherCompany(t *testing.T) []string {
	t.Helper()
	file, err := filepath.Abs("../../../../dingtalk/simulator/company2.yaml")
	if err != nil {
		t.Fatal(err)
	}
	there := w.readyURL(w.start(nil, "simulator", "--listen", "127.0.0.1:0", "--company", file))
	company := simulator.SecondCompany()
	if err := os.WriteFile(filepath.Join(w.folder, "other-secret"), []byte(company.App.ClientSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const first = "DINGBRIDGE_DINGTALK_ORGANISATIONS_0_"
	return []string{first + "CLIENT_ID=" + company.App.ClientID, first + "CLIENT_SECRET_FILE=other-secret",
		"DINGBRIDGE_DINGTALK_ENDPOINTS_API=" + there, "DINGBRIDGE_DINGTALK_ENDPOINTS_OAPI=" + there}
}

// TestE19_TooManyLeavers: of 25 people who leave at once as many go as the brake lets, and
// the others when an administrator has said that it is so.
func TestE19_TooManyLeavers(t *testing.T) {
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	w.telling(t)
	w.serve(adminSocket, "DINGBRIDGE_LEAVERS_MOST_PEOPLE=5", "DINGBRIDGE_LEAVERS_MOST_PERCENT=100")
	const most, gone = 5, 25
	all := w.guests(t, 40)
	var swept struct {
		Known, Gone int
		Subs        []string
	}
	if err := w.admin(t, &swept, "leavers", "sweep", "--json"); err != nil || swept.Known != len(all) || swept.Gone != 0 {
		t.Fatalf("a sweep before: %+v, %v", swept, err)
	}
	for _, g := range all[:gone] {
		w.steered(t, http.MethodPost, "people/"+g.userID+"/leave", nil)
	}
	until(t, "what becomes of all who left", func() bool { return len(w.events("person.removed"))+len(w.events("removal.withheld")) >= gone })
	out := func() (n int) {
		for i, g := range all {
			if !g.in(t, w.issuer) {
				if n++; i >= gone {
					t.Errorf("%s is out, who has not left", g.userID)
				}
			}
		}
		return n
	}
	if n := out(); n != most {
		t.Errorf("%d people are out, not %d", n, most)
	}
	engaged, withheld := w.events("brake.engaged"), w.events("removal.withheld")
	if len(engaged) != 1 || engaged[0]["level"] != "ERROR" || engaged[0]["count"] != float64(most) {
		t.Errorf("the brake: %v", engaged)
	}
	for _, e := range withheld {
		if e["level"] != "ERROR" || e["reason"] != "brake" {
			t.Errorf("audited %v", e)
		}
	}
	var brake struct {
		Engaged        time.Time
		Removed, Limit int
	}
	if err := w.admin(t, &brake, "brake", "show", "--json"); err != nil || brake.Engaged.IsZero() || brake.Removed != most || brake.Limit != most {
		t.Errorf("the brake shows %+v, %v", brake, err)
	}
	if err := w.admin(t, &swept, "leavers", "sweep", "--dry-run", "--json"); err != nil || swept.Gone != gone-most || len(swept.Subs) != gone-most {
		t.Errorf("a dry run: %+v, %v", swept, err)
	}
	if n := out(); n != most {
		t.Errorf("%d people are out after a dry run", n)
	}
	if err := w.admin(t, nil, "brake", "confirm"); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of all who left", func() bool { return len(w.events("person.removed")) >= gone })
	if n := out(); n != gone {
		t.Errorf("%d people are out in the end", n)
	}
	if list := w.events("person.removed"); len(list) != gone || len(w.events("brake.engaged")) != 1 {
		t.Errorf("%d removals, %d times the brake", len(list), len(w.events("brake.engaged")))
	}
}
