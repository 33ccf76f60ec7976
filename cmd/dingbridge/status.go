package main

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/fleet"
)

// storageTime bounds each of the two questions to the storage of which a status is made.
const storageTime = 3 * time.Second

// status tells how this replica stands. It asks storage twice, and nobody else anything.
func (h *house) status(ctx context.Context) admin.Status {
	m := h.materials
	s := admin.Status{Version: describe(), Issuer: m.config.Issuer, Started: h.started.UTC(), Seconds: time.Since(h.started).Seconds(),
		Storage: h.storageStatus(ctx), Replicas: replicasOf(h.member.Status()), Organisations: []admin.OrganisationStatus{}}
	for _, info := range h.ring.List() {
		s.Keys.Each = append(s.Keys.Each, admin.KeyOf(info))
	}
	s.Keys.Stale = inUTC(h.ring.Stale())
	short, cancel := context.WithTimeout(ctx, storageTime)
	defer cancel()
	hall := h.provider.Status(short)
	s.Draining, s.HintsHeld = hall.Draining, hall.Held
	s.Clients, s.LimitsHit = h.memo.tell()
	s.Clients.Count = hall.Clients
	s.Limits = map[string]int{"logins_per_second": m.config.Limits.LoginsPerSecond,
		"dingtalk_logins_per_second": m.config.Limits.DingTalkLoginsPerSecond, "dingtalk_calls_per_second": m.config.Limits.DingTalkCallsPerSecond}
	for i, o := range m.config.DingTalk.Organisations {
		one := admin.OrganisationStatus{CorpID: o.CorpID, Name: o.Name, Calls: callsOf(m.upstreams[i].Status()), Stream: h.streamStatus(o.CorpID)}
		for _, l := range hall.Leavers {
			if l.CorpID == o.CorpID {
				one.Leavers = l
			}
		}
		s.Organisations = append(s.Organisations, one)
	}
	s.Troubles = troubles(s, time.Now(), duration(m.config.Keys.RotateEvery))
	return s
}

// storageStatus makes one trip to the storage, with a write of a key that ends by itself.
func (h *house) storageStatus(ctx context.Context) admin.Storage {
	ctx, cancel := context.WithTimeout(ctx, storageTime)
	defer cancel()
	began := time.Now()
	err := h.materials.store.Ping(ctx)
	s := admin.Storage{Kind: h.materials.config.Storage.Scheme(), Answers: err == nil, Millis: millis(time.Since(began))}
	if err == nil {
		return s
	}
	s.Fault, s.Remedy = storageFault(h.materials.store, err)
	return s
}

func replicasOf(f fleet.Status) admin.Replicas {
	r := admin.Replicas{Self: f.Self.Name, Alive: f.Alive, Each: []admin.Replica{}, Share: f.Share, Whole: f.Whole, Away: inUTC(f.Away), Fault: f.Fault}
	for _, one := range f.Replicas {
		r.Each = append(r.Each, admin.Replica{Name: one.Name, Since: inUTC(one.Since)})
	}
	if len(r.Each) == 0 {
		r.Each = append(r.Each, admin.Replica{Name: f.Self.Name, Since: inUTC(f.Self.Since)})
	}
	return r
}

func callsOf(list []dingtalk.CallStatus) []admin.Call {
	all := []admin.Call{}
	for _, c := range list {
		one := admin.Call{Name: c.Call, Answered: inUTC(c.Answered), Millis: millis(c.Took), Fails: c.Fails}
		if c.Fails > 0 {
			one.Failing, one.Failed, one.Reason, one.Fault = inUTC(c.Failing), inUTC(c.Failed), c.Reason.String(), c.LastError
		}
		all = append(all, one)
	}
	return all
}

// streamStatus is how the connection for an organisation's events stands; nil if there is to be none.
func (h *house) streamStatus(corpID string) *admin.Stream {
	for _, l := range h.hearings() {
		if l.corpID == corpID {
			s := streamOf(l.client.Status())
			if last := l.last.Load(); last != 0 {
				s.LastEvent = time.UnixMilli(last).UTC()
			}
			return &s
		}
	}
	for _, e := range h.materials.ears {
		if e.config.CorpID == corpID {
			return &admin.Stream{} // it has not begun, or cannot
		}
	}
	return nil
}

func streamOf(s stream.Status) admin.Stream {
	return admin.Stream{Connected: s.Connected, Since: inUTC(s.Since), Gap: s.Gap.Seconds(), LastFrame: inUTC(s.LastFrame),
		Events: s.Events, Refused: s.Refused + s.Unreadable, LastError: s.LastError}
}

// administration is what the admin socket offers of this house.
func (h *house) administration() admin.Config {
	return admin.Config{Ring: h.ring, House: h.provider, Status: h.status, Audit: h.materials.audit, Log: h.materials.log}
}

var _ admin.House = (*provider.Provider)(nil)

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// inUTC keeps a time that is none.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
