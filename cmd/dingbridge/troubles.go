package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys"
)

// When something is a trouble, and not only a fact.
const (
	slowTrip   = 250 // milliseconds of one trip to the storage
	manyFails  = 3   // of one call to DingTalk, one after another
	lately     = 15 * time.Minute
	aMoment    = time.Minute // in which a connection is made anew
	manyHints  = 10_000      // half of those for which there is room
	keyOverdue = 48 * time.Hour
)

// forever are the reasons of DingTalk's that do not pass by themselves.
var forever = []string{dingtalk.ReasonPermission.String(), dingtalk.ReasonConfig.String(), dingtalk.ReasonClock.String()}

// troubles are what an operator has to look at, in the order in which to do it: what stands
// below may come from what stands above.
func troubles(s admin.Status, now time.Time, rotateEvery time.Duration) []admin.Trouble {
	all := []admin.Trouble{}
	add := func(remedy, text string, args ...any) {
		all = append(all, admin.Trouble{Text: fmt.Sprintf(text, args...), Remedy: remedy})
	}
	if s.Draining {
		add("send requests to another replica", "the server is ending and asks for nothing new")
	}
	switch {
	case !s.Storage.Answers:
		add(s.Storage.Remedy, "storage: %s", s.Storage.Fault)
	case s.Storage.Millis > slowTrip:
		add("look at its load and at the network between; a login makes six trips", "storage: one trip took %.0f ms", s.Storage.Millis)
	}
	if !s.Replicas.Away.IsZero() && now.Sub(s.Replicas.Away) > aMoment {
		add("see to the storage; until then this replica keeps to a small share of DingTalk's limit", "who else serves is not known since %s: %s", moment(s.Replicas.Away), s.Replicas.Fault)
	}
	if !s.Keys.Stale.IsZero() {
		add("see to the storage; if it answers, `dingbridge check` says what is wrong with the ring", "the signing keys cannot be read again since %s", moment(s.Keys.Stale))
	}
	for _, k := range s.Keys.Each {
		next := slices.ContainsFunc(s.Keys.Each, func(other admin.Key) bool { return other.Alg == k.Alg && other.State == keys.Next })
		if k.State == keys.Signing && !next && now.Sub(k.SignsFrom) > rotateEvery+keyOverdue {
			add("`dingbridge keys rotate`, and key.trouble in the audit log says why it was not done", "the %s key %s signs since %s, and none comes after it", k.Alg, k.KID, moment(k.SignsFrom))
		}
	}
	for _, o := range s.Organisations {
		organisationTroubles(o, s, now, add)
	}
	if s.HintsHeld > manyHints {
		add("DingTalk answers slower than events come; whom they are about is asked about later, or by the sweep", "%d events of DingTalk wait", s.HintsHeld)
	}
	if !s.Clients.Rejected.IsZero() {
		add("correct it; `dingbridge check` names every fault", "what is written of the clients was not taken up at %s: %s", moment(s.Clients.Rejected), s.Clients.Fault)
	}
	return all
}

// organisationTroubles are those of one organisation.
func organisationTroubles(o admin.OrganisationStatus, s admin.Status, now time.Time, add func(remedy, text string, args ...any)) {
	for _, c := range o.Calls {
		stays := slices.Contains(forever, c.Reason)
		if c.Fails == 0 || now.Sub(c.Failed) > lately || c.Fails < manyFails && !stays {
			continue
		}
		remedy := "wait for DingTalk; who is known stays in for freshness.max_stale"
		if stays || c.Reason == dingtalk.ReasonStrange.String() {
			remedy = "`dingbridge doctor` says what is wrong between this app and DingTalk"
		}
		add(remedy, "DingTalk, %s: %s fails since %s, %d times: %s", o.CorpID, c.Name, moment(c.Failing), c.Fails, c.Fault)
	}
	if e := o.Stream; e != nil && !e.Connected && now.Sub(s.Started) > aMoment && now.Sub(e.Since) > aMoment {
		why := e.LastError
		if why == "" {
			why = "there was never a connection"
		}
		add("open the way to wss-open-connection.dingtalk.com and look at the app's secret; meanwhile leavers are found when they come, and by the sweep", "events of %s are not heard since %s: %s", o.CorpID, moment(e.Since), why)
	}
	l := o.Leavers
	switch due := 2 * l.SweepEvery; {
	case l.Fault != "":
		if s.Storage.Answers { // else it has been said
			add("see to the storage", "leavers of %s: %s", o.CorpID, l.Fault)
		}
	case l.SweepEvery > 0 && now.Sub(later(l.Complete, s.Started)) > due && !l.Sweeping:
		add("sweep.finished in the audit log says why; `dingbridge leavers sweep` begins one", "everybody of %s was last asked about %s", o.CorpID, ever(l.Complete))
	}
	if !l.Brake.Engaged.IsZero() {
		add("`dingbridge leavers sweep --dry-run` says who it is about; then `dingbridge brake confirm` or `release`", "nobody of %s is removed since %s: the brake is on", o.CorpID, moment(l.Brake.Engaged))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ever is a moment that may not have been.
func ever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "at " + moment(t)
}
