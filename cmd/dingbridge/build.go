package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/fleet"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/leavers"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

const (
	// storageWait is how long serve waits at its start for a storage that does not
	// answer, as when both are started at once.
	storageWait  = 30 * time.Second
	storageRetry = time.Second
	// keySlack is how much longer a key stays published than the longest ID token
	// lives: for clocks that differ, and tokens that are checked late.
	keySlack = 50 * time.Minute
)

// A house is a provider with its ring, built but not listening.
type house struct {
	materials *materials
	ring      *keys.Ring
	provider  *provider.Provider
	member    *fleet.Member
	memo      *memo
	started   time.Time

	mu        sync.Mutex
	listening []*hearing // begun, in no particular order
}

// build makes a provider. It waits no longer than wait for the storage.
func build(ctx context.Context, m *materials, wait time.Duration) (*house, error) {
	ring, err := openRing(ctx, m, wait)
	if err != nil {
		return nil, err
	}
	memory := newMemo(m.audit)
	m.audit = memory
	c := m.config
	p, err := provider.New(provider.Config{
		Issuer:        c.Issuer,
		Store:         m.store,
		Secrets:       m.secrets,
		Ring:          ring,
		Clients:       m.clients,
		Organisations: m.organisations(),
		InAppScript:   inAppScript(c.DingTalk),
		AlwaysInApp:   m.alwaysInApp,
		People: people.Config{
			RecheckAfter:      duration(c.Freshness.RecheckAfter),
			MaxStale:          duration(c.Freshness.MaxStale),
			EmailSources:      c.Claims.EmailSources,
			UsernameSources:   c.Claims.UsernameSources,
			ReservedUsernames: c.Claims.ReservedUsernames,

			SubstituteEmailDomain: c.Claims.SubstituteEmailDomain,
			Brake:                 people.Brake{MostPeople: c.Leavers.MostPeople, MostPercent: c.Leavers.MostPercent},
		},
		Leavers: leavers.Config{SweepEvery: duration(c.Leavers.SweepEvery), DryRun: c.Leavers.DryRun},
		Lives: grants.Lives{
			Code:            duration(c.Lives.Code),
			Access:          duration(c.Lives.AccessToken),
			RefreshIdle:     duration(c.Lives.RefreshIdle),
			RefreshAbsolute: duration(c.Lives.RefreshAbsolute),
			Leeway:          duration(c.Lives.RefreshLeeway),
		},
		Sessions: sessions.Config{
			Idle:     duration(c.Lives.SessionIdle),
			Absolute: duration(c.Lives.SessionAbsolute),
		},
		IDToken:                 duration(c.Lives.IDToken),
		Pages:                   m.pages,
		Audit:                   m.audit,
		Log:                     m.log,
		TrustedProxies:          m.proxies,
		LoginsPerSecond:         c.Limits.LoginsPerSecond,
		DingTalkLoginsPerSecond: c.Limits.DingTalkLoginsPerSecond,
		Limits: limits.Config{
			LoginsPerAddress:  c.Limits.LoginsPerAddress,
			FailuresPerMinute: c.Limits.FailuresPerMinute,
			RequestsPerClient: c.Limits.RequestsPerClient,
			RequestsAtOnce:    c.Limits.RequestsAtOnce,
		},
		Contact: c.Operator.Contact,
	})
	if err != nil {
		return nil, err
	}
	return &house{materials: m, ring: ring, provider: p, member: newMember(m), memo: memory, started: time.Now()}, nil
}

// pagesOf says whose pages they are: the operator's, about the organisation's people.
// Where there are several, each page says which it is about.
func pagesOf(c config.Config, logo []byte) pages.Config {
	organisation := ""
	if all := c.DingTalk.Organisations; len(all) == 1 {
		organisation = all[0].Name
	}
	return pages.Config{
		Issuer:       c.Issuer,
		Operator:     cmp.Or(c.Operator.Name, organisation),
		Organisation: organisation,
		Contact:      c.Operator.Contact,
		Logo:         logo,
	}
}

// run keeps up what lives beside the requests. It returns when ctx has ended and
// nothing uses the storage any more.
func (h *house) run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { h.ring.Run(ctx) })
	all.Go(func() { h.member.Run(ctx) })
	all.Go(func() { h.provider.Run(ctx) })
	all.Go(func() { h.materials.telemetry.Run(ctx) })
	all.Go(func() {
		h.resealOnStart(ctx)
		h.newReloader().run(ctx)
	})
	all.Wait()
}

// openRing reads the signing ring. While the storage does not answer it tries
// again; a ring that is there and cannot be read stops it at once, as does a storage
// that refuses the password.
func openRing(ctx context.Context, m *materials, wait time.Duration) (*keys.Ring, error) {
	c := keys.Config{
		Store:         m.store,
		Secrets:       m.secrets,
		PublishLead:   duration(m.config.Keys.PublishLead),
		RotateEvery:   duration(m.config.Keys.RotateEvery),
		KeepPublished: duration(m.config.Lives.IDToken) + keySlack,
		Log:           m.log,
		OnEvent:       func(e keys.Event) { m.keyEvent(e) },
	}
	give := time.Now().Add(wait)
	for {
		ring, err := keys.Open(ctx, c)
		switch {
		case err == nil:
			return ring, nil
		case !errors.Is(err, storage.ErrUnknown) || refusedForGood(err) || ctx.Err() != nil || !time.Now().Before(give):
			return nil, err
		}
		m.log.Warn("the storage does not answer; trying again", "reason", plainly(err))
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the storage: %w", ctx.Err())
		case <-time.After(storageRetry):
		}
	}
}

// keyEvent writes into the audit trail what happens to the ring.
func (m *materials) keyEvent(e keys.Event) {
	event := audit.Event{KeyID: e.KID, Reason: e.Kind, Err: e.Err}
	switch e.Kind {
	case keys.EventCreated, keys.EventPublished:
		event.Name = audit.KeyPublished
	case keys.EventStale, keys.EventRestored:
		event.Name = audit.KeyTrouble
	case keys.EventSigning:
		event.Name = audit.KeyRotated
	default:
		return // resealed and reread: the log has them
	}
	m.audit.Record(context.Background(), event)
}

func duration(d config.Duration) time.Duration { return time.Duration(d) }
