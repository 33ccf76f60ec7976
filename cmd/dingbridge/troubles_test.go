package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// TestM7_TroublesAndRemedies: each alone, and with a remedy; what passes by itself is none.
func TestM7_TroublesAndRemedies(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	before := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	well := func() admin.Status {
		s := admin.Status{Started: before(10 * day), Storage: admin.Storage{Kind: "redis", Answers: true, Millis: 1}}
		s.Keys.Each = []admin.Key{{KID: "old", Alg: "RS256", State: keys.Retired, SignsFrom: before(200 * day)}, {KID: "k", Alg: "RS256", State: keys.Signing, SignsFrom: before(30 * day)}}
		o := admin.OrganisationStatus{CorpID: "ding1", Calls: []admin.Call{{Name: "user/get", Answered: before(day)}}, Stream: &admin.Stream{Connected: true, Since: before(day)}}
		o.Leavers.SweepEvery, o.Leavers.Complete = day, before(30*time.Hour)
		s.Organisations = []admin.OrganisationStatus{o}
		return s
	}
	fails := func(times int, reason string, last time.Duration) func(*admin.Status) {
		return func(s *admin.Status) {
			s.Organisations[0].Calls[0] = admin.Call{Name: "user/get", Fails: times, Reason: reason, Failing: before(time.Hour), Failed: before(last), Fault: "why"}
		}
	}
	for name, tc := range map[string]struct {
		change func(*admin.Status)
		want   []string // how each begins
	}{
		"well":         {func(*admin.Status) {}, nil},
		"ending":       {func(s *admin.Status) { s.Draining = true }, []string{"the server is ending"}},
		"storage away": {func(s *admin.Status) { s.Storage = admin.Storage{Fault: "no answer", Remedy: "start it"} }, []string{"storage: no answer"}},
		"storage away, so leavers": {func(s *admin.Status) {
			s.Storage = admin.Storage{Fault: "no answer", Remedy: "start it"}
			s.Organisations[0].Leavers.Fault = "x"
		}, []string{"storage: no answer"}},
		"storage slow":               {func(s *admin.Status) { s.Storage.Millis = 300 }, []string{"storage: one trip took 300 ms"}},
		"replicas unknown":           {func(s *admin.Status) { s.Replicas.Away = before(2 * time.Minute) }, []string{"who else serves is not known since"}},
		"replicas unknown, just now": {func(s *admin.Status) { s.Replicas.Away = before(10 * time.Second) }, nil},
		"keys stale":                 {func(s *admin.Status) { s.Keys.Stale = before(time.Minute) }, []string{"the signing keys cannot be read again since 2026-11-23T11:59:00Z"}},
		"key overdue":                {func(s *admin.Status) { s.Keys.Each[1].SignsFrom = before(93 * day) }, []string{"the RS256 key k signs since"}},
		"key old, and a next one":    {func(s *admin.Status) { s.Keys.Each[1].SignsFrom, s.Keys.Each[0].State = before(93*day), keys.Next }, nil},
		"key old, next of another": {func(s *admin.Status) {
			s.Keys.Each[1].SignsFrom, s.Keys.Each[0] = before(93*day), admin.Key{Alg: "ES256", State: keys.Next}
		}, []string{"the RS256 key k"}},
		"key due any moment":      {func(s *admin.Status) { s.Keys.Each[1].SignsFrom = before(91 * day) }, nil},
		"a call fails":            {fails(3, "unavailable", time.Minute), []string{"DingTalk, ding1: user/get fails since 2026-11-23T11:00:00Z, 3 times: why"}},
		"a call failed twice":     {fails(2, "unavailable", time.Minute), nil},
		"a call failed long ago":  {fails(30, "unavailable", time.Hour), nil},
		"a permission is missing": {fails(1, "permission missing", time.Minute), []string{"DingTalk, ding1: user/get fails"}},
		"the secret is wrong":     {fails(1, "configuration", time.Minute), []string{"DingTalk, ding1: user/get fails"}},
		"the clock is wrong":      {fails(1, "clock skew", time.Minute), []string{"DingTalk, ding1: user/get fails"}},
		"no events are heard": {func(s *admin.Status) {
			s.Organisations[0].Stream = &admin.Stream{Since: before(time.Hour), LastError: "no way out"}
		}, []string{"events of ding1 are not heard since 2026-11-23T11:00:00Z: no way out"}},
		"no events were ever heard": {func(s *admin.Status) { s.Organisations[0].Stream = &admin.Stream{} }, []string{"events of ding1 are not heard since -: there was never a connection"}},
		"none heard since a moment": {func(s *admin.Status) { s.Organisations[0].Stream = &admin.Stream{Since: before(5 * time.Second)} }, nil},
		"none heard yet":            {func(s *admin.Status) { s.Organisations[0].Stream, s.Started = &admin.Stream{}, before(5*time.Second) }, nil},
		"events are not wanted":     {func(s *admin.Status) { s.Organisations[0].Stream = nil }, nil},
		"leavers unknown":           {func(s *admin.Status) { s.Organisations[0].Leavers.Fault = "strange" }, []string{"leavers of ding1: strange"}},
		"sweep overdue":             {func(s *admin.Status) { s.Organisations[0].Leavers.Complete = before(3 * day) }, []string{"everybody of ding1 was last asked about at 2026-11-20T12:00:00Z"}},
		"sweep overdue, under way": {func(s *admin.Status) {
			s.Organisations[0].Leavers.Complete, s.Organisations[0].Leavers.Sweeping = before(3*day), true
		}, nil},
		"no sweep ever":               {func(s *admin.Status) { s.Organisations[0].Leavers.Complete = time.Time{} }, []string{"everybody of ding1 was last asked about never"}},
		"no sweep, begun an hour ago": {func(s *admin.Status) { s.Organisations[0].Leavers.Complete, s.Started = time.Time{}, before(time.Hour) }, nil},
		"no sweeps wanted": {func(s *admin.Status) {
			s.Organisations[0].Leavers.Complete, s.Organisations[0].Leavers.SweepEvery = time.Time{}, -1
		}, nil},
		"brake":       {func(s *admin.Status) { s.Organisations[0].Leavers.Brake.Engaged = before(time.Minute) }, []string{"nobody of ding1 is removed since"}},
		"events wait": {func(s *admin.Status) { s.HintsHeld = 10_001 }, []string{"10001 events of DingTalk wait"}},
		"clients":     {func(s *admin.Status) { s.Clients.Rejected, s.Clients.Fault = before(time.Hour), "clients.yaml:3: odd" }, []string{"what is written of the clients was not taken up at 2026-11-23T11:00:00Z: clients.yaml:3: odd"}},
		"in the order of causes": {func(s *admin.Status) {
			s.Clients.Rejected, s.Keys.Stale, s.Storage.Answers = before(time.Hour), before(time.Hour), false
		}, []string{"storage: ", "the signing keys", "what is written"}},
	} {
		s := well()
		tc.change(&s)
		got := troubles(s, now, 90*day)
		ok := len(got) == len(tc.want) && got != nil
		for i := range min(len(got), len(tc.want)) {
			ok = ok && strings.HasPrefix(got[i].Text, tc.want[i]) && (got[i].Remedy != "" || strings.HasPrefix(got[i].Text, "storage"))
		}
		if !ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestMemo: what a status tells of the clients and of limits, beside the trail itself.
func TestMemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all noted
		m := newMemo(&all)
		began := time.Now()
		if c, hit := m.tell(); !c.Read.Equal(began) || !c.Rejected.IsZero() || len(hit) != 0 {
			t.Errorf("%+v %v", c, hit)
		}
		time.Sleep(time.Minute)
		m.Record(t.Context(), audit.Event{Name: audit.ClientsRejected, Err: errors.New("first\nsecond")})
		if c, _ := m.tell(); !c.Read.Equal(began) || !c.Rejected.Equal(time.Now()) || c.Fault != "first" {
			t.Errorf("rejected: %+v", c)
		}
		time.Sleep(time.Minute)
		m.Record(t.Context(), audit.Event{Name: audit.ClientsReplaced, Count: 3})
		if c, _ := m.tell(); !c.Read.Equal(time.Now()) || !c.Rejected.IsZero() || c.Fault != "" {
			t.Errorf("replaced: %+v", c)
		}
		for i := range 100 {
			m.Record(t.Context(), audit.Event{Name: audit.RequestLimited, Reason: "size"})
			m.Record(t.Context(), audit.Event{Name: audit.RequestLimited, Reason: "rate", Count: 10})
			m.Record(t.Context(), audit.Event{Name: audit.RequestLimited, Reason: strings.Repeat("x", i)})
		}
		if _, hit := m.tell(); hit["size"] != 100 || hit["rate"] != 1000 || len(hit) != mostReasons {
			t.Errorf("%v", hit)
		}
		if len(all) != 302 || all[0].Name != audit.ClientsRejected {
			t.Errorf("%d events", len(all))
		}
	})
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", -time.Hour: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m1s", 3*time.Hour + 12*time.Minute: "3h12m", 49 * time.Hour: "2d1h"} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if !slices.Equal(forever, []string{"permission missing", "configuration", "clock skew"}) {
		t.Errorf("%q", forever)
	}
}
