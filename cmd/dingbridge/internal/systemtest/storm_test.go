package systemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A guest is somebody who has logged in at an app, with what the app has of it.
type guest struct {
	userID, sub     string
	access, refresh string
	browser         *person
}

// guests are people who log in at the app "told", who is told their userids.
func (w *world) guests(t *testing.T, n int) []*guest {
	t.Helper()
	all := make([]*guest, n)
	var work sync.WaitGroup
	room := make(chan struct{}, 4)
	for i := range all {
		work.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			g, err := w.guest(t, newPerson())
			if err != nil {
				t.Error(err)
			}
			all[i] = g
		})
	}
	work.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

func (w *world) guest(t *testing.T, browser *person) (*guest, error) {
	a := w.app("told")
	code, err := browser.login(t.Context(), w, a)
	if err != nil {
		return nil, err
	}
	tokens := a.redeem(t.Context(), w.issuer, code)
	who := userinfo(t.Context(), w.issuer, tokens.text("access_token"))
	g := &guest{who.text("dingtalk_userid"), who.text("sub"), tokens.text("access_token"), tokens.text("refresh_token"), browser}
	if g.userID == "" || g.sub == "" || g.refresh == "" {
		return nil, fmt.Errorf("%v, %v", tokens, who)
	}
	return g, nil
}

// telling registers the app "told".
func (w *world) telling(t *testing.T) {
	t.Helper()
	secret, hash := clients.GenerateSecret()
	w.clients["told"] = secret
	w.addClients(t, fmt.Sprintf("  - {id: told, redirect_uris: [%q], secret_hash: %q, allow: everyone, id_token_signed_response_alg: ES256, directory_claims: [userid]}\n",
		w.app("told").redirect, hash))
}

// in tells whether somebody's access token opens userinfo, at any of the replicas.
func (g *guest) in(t *testing.T, base string) bool {
	t.Helper()
	got := userinfo(t.Context(), base, g.access)
	if got.status != http.StatusOK && got.status != http.StatusUnauthorized {
		t.Errorf("userinfo of %s: %v", g.userID, got)
	}
	return got.status == http.StatusOK
}

// inject sends events that need not be true.
func (w *world) inject(t *testing.T, event map[string]any) {
	t.Helper()
	w.steered(t, http.MethodPost, "events", event)
}

// memory is what a process holds, and the most that it ever held, in MiB.
func memory(t *testing.T, p *process) (now, most int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	number := func(name string) int {
		found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
		if found == nil {
			t.Fatalf("no %s in %s", name, status)
		}
		kib, _ := strconv.Atoi(string(found[1]))
		return kib / 1024
	}
	return number("VmRSS"), number("VmHWM")
}

// TestE18_Storm: ten thousand events in disorder, forged, replayed and wrong, with one real
// leaver among them. DingTalk's limit holds for the three replicas together, people log in
// meanwhile, memory is bounded, the leaver is out, and nobody else is.
func TestE18_Storm(t *testing.T) {
	known, events := 60, 10_000
	if testing.Short() {
		known, events = 20, 1000
	}
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	w.telling(t)
	first := w.serve() // without a limit, until everybody has logged in
	all := w.guests(t, known)
	leaver := all[known/2]
	if code, err := first.stop(); code != 0 || err != nil {
		t.Fatalf("stopped with %d, %v", code, err)
	}
	w.patch(t, "app", map[string]any{"qps": 20})
	limit := "DINGBRIDGE_LIMITS_DINGTALK_CALLS_PER_SECOND=20"
	replicas, bases := []*process{w.serve(limit)}, []string{w.issuer}
	for range 2 {
		p, base := w.serveBeside(limit)
		replicas, bases = append(replicas, p), append(bases, base)
	}
	until(t, "three connections", func() bool { return len(w.events("stream.connected")) >= 4 })
	until(t, "the sweep of the start", func() bool { return len(w.events("sweep.finished")) >= len(w.events("sweep.started")) })
	before := make([]int, len(replicas))
	for i, p := range replicas {
		before[i], _ = memory(t, p)
	}
	w.steered(t, http.MethodDelete, "rates", nil)

	// Somebody logs in every quarter of a second, at each replica in turn.
	over, logins := make(chan struct{}), 0
	var crowd sync.WaitGroup
	var slowest time.Duration
	crowd.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(250 * time.Millisecond):
			}
			browser, began, base := newPerson(), time.Now(), bases[logins%len(bases)]
			browser.elsewhere = func(address string) string {
				if rest, ours := strings.CutPrefix(address, w.issuer); ours {
					return base + rest
				}
				return address
			}
			if _, err := w.guest(t, browser); err != nil {
				t.Errorf("a login in the storm: %v", err)
				return
			}
			logins++
			slowest = max(slowest, time.Since(began))
		}
	})

	w.steered(t, http.MethodPost, "stream", map[string]any{"redeliver": "10s"})
	began := time.Now()
	w.storm(t, all, leaver, events)
	until(t, "the end of the leaver", func() bool { return !leaver.in(t, bases[1]) })
	t.Logf("the leaver is out %v after the storm began", time.Since(began).Round(time.Millisecond))
	until(t, "the end of the storm", func() bool { return w.calm(t) })
	t.Logf("all events were taken %v after it began", time.Since(began).Round(time.Millisecond))
	time.Sleep(2 * time.Second) // what was taken is looked into
	close(over)
	crowd.Wait()
	t.Logf("%d logins meanwhile, the slowest in %v", logins, slowest.Round(time.Millisecond))
	if logins < 3 {
		t.Errorf("%d people could log in", logins)
	}
	for i, p := range replicas {
		now, most := memory(t, p)
		t.Logf("replica %d: %d MiB before, %d MiB after, %d MiB at the most", i, before[i], now, most)
		if most > before[i]+100 && !raceDetector {
			t.Errorf("replica %d took %d MiB more", i, most-before[i])
		}
	}
	w.withinLimit(t)
	for i, g := range all {
		if g != leaver && !g.in(t, bases[i%len(bases)]) {
			t.Errorf("%s is out", g.userID)
		}
	}
	if got := w.app("told").refresh(t.Context(), bases[2], leaver.refresh); !got.refused() {
		t.Errorf("the leaver's refresh token: %v", got)
	}
	if list := w.events("person.removed"); len(list) != 1 || list[0]["sub"] != leaver.sub {
		t.Errorf("removed: %v", list)
	}
	if n := len(w.events("event.refused")); n == 0 {
		t.Error("no event was refused")
	}
}

// tooLarge is how many events of half a megabyte there are.
const tooLarge = 10

// storm sends about so many events, the real one among them.
func (w *world) storm(t *testing.T, all []*guest, leaver *guest, events int) {
	t.Helper()
	names := make([]string, len(all))
	for i, g := range all {
		names[i] = g.userID
	}
	crowd, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	about := func(userIDs string) json.RawMessage {
		return json.RawMessage(`{"timeStamp":"1","userId":` + userIDs + `}`)
	}
	one, wrong := about(`["`+names[0]+`"]`), simulator.SecondCompany().CorpID
	share := events / 10
	sent := 0
	send := func(count int, event map[string]any) {
		event["count"] = count
		sent += count
		w.inject(t, event)
	}
	send(2*share, map[string]any{"eventType": "user_leave_org", "data": about(`["nobody{n}"]`)})
	send(share, map[string]any{"eventType": "user_leave_org", "data": one, "eventId": "the-same"})
	send(share, map[string]any{"eventType": "user_leave_org", "data": about(string(crowd))})
	send(share, map[string]any{"eventType": "user_leave_org", "data": about(`["` + leaver.userID + `"]`), "corpId": wrong})
	// In the wrong order: the return of who never left, the leave, and the return again.
	send(1, map[string]any{"eventType": "user_add_org", "data": about(`["` + leaver.userID + `"]`)})
	w.steered(t, http.MethodPost, "people/"+leaver.userID+"/leave", nil)
	sent++
	send(share, map[string]any{"eventType": "user_add_org", "data": about(`["` + leaver.userID + `"]`)})
	send(share, map[string]any{"eventType": "user_modify_org", "data": "{\"userId\":[\"" + names[0] + "\""}) // cut off
	send(share, map[string]any{"eventType": "user_leave_org", "data": json.RawMessage(`{"userId":{"$ne":null},"corpId":7}`)})
	send(share, map[string]any{"eventType": "user_leave_org", "data": one, "age": "72h"})
	send(share/2, map[string]any{"eventType": "user_eat_org", "data": about(string(crowd))})
	huge := strings.Repeat("x", 500_000)
	send(tooLarge/2, map[string]any{"eventType": "user_leave_org", "data": about(`["` + huge + `"]`)})
	send(tooLarge/2, map[string]any{"eventType": "user_leave_org", "data": huge})
	send(events-sent, map[string]any{"eventType": "org_admin_remove", "data": one})
	t.Logf("%d events", sent)
}

// calm tells whether every event was taken but those that no frame has room for: they are
// skipped, and come again.
func (w *world) calm(t *testing.T) bool {
	t.Helper()
	s, err := newPerson().get(t.Context(), w.simulator+"/control/stream")
	var told struct{ Pending int }
	if err != nil || json.Unmarshal([]byte(s.body), &told) != nil {
		t.Fatalf("stream: %v %s", err, s.body)
	}
	time.Sleep(100 * time.Millisecond)
	return told.Pending <= tooLarge
}

// withinLimit asserts that DingTalk's 20 calls of each kind a second were never exceeded.
func (w *world) withinLimit(t *testing.T) {
	t.Helper()
	s, err := newPerson().get(t.Context(), w.simulator+"/control/rates")
	var told struct {
		Rates map[string]simulator.Rate `json:"rates"`
	}
	if err != nil || json.Unmarshal([]byte(s.body), &told) != nil || len(told.Rates) == 0 {
		t.Fatalf("rates: %v %s", err, s.body)
	}
	for call, rate := range told.Rates {
		t.Logf("%-22s %5d calls, at most %d in a second of the clock, %d in any second", call, rate.Calls, rate.Most, rate.MostSliding)
		if rate.Most > 20 {
			t.Errorf("%s was called %d times in one second", call, rate.Most)
		}
	}
}
