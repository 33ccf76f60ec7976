package people

import (
	"errors"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func TestP5_ManyRemovalsAllCount(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	s := h.login(t, account, member).Subject
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := h.Remove(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p := h.mustRead(t, s); p.Epoch != 5 || p.Gone {
		t.Errorf("epoch %d after 4 removals", p.Epoch)
	}
	if err := h.Remove(t.Context(), SubjectOf(corp, "nobody")); !errors.Is(err, ErrUnknownPerson) {
		t.Errorf("removal of nobody: %v", err)
	}
}

func TestStoreTroubleIsNeverADecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		time.Sleep(11 * minute)
		h.store.fail = storage.ErrUnknown
		check := func(what string, err error) {
			if !errors.Is(err, storage.ErrUnknown) || errors.Is(err, ErrUnknownPerson) || errors.Is(err, ErrGone) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := h.read(p.Subject)
		check("read", err)
		_, err = h.Fresh(t.Context(), p)
		check("still ours", err)
		h.dir.set(func(d *directory) { d.members = nil })
		_, err = h.Fresh(t.Context(), p)
		check("gone", err)
		check("remove", h.Remove(t.Context(), p.Subject))
		_, _, err = h.Welcome(t.Context(), nil, corp, account, member, time.Now())
		check("first login", err)

		h.store.fail = nil
		h.store.values = maps.Clone(h.store.values)
		delete(h.store.values, key(p.Subject))
		if _, err = h.Fresh(t.Context(), p); !errors.Is(err, ErrUnknownPerson) {
			t.Errorf("the record vanished: %v", err)
		}
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	base := Config{Store: &memory{}, Secrets: secrets(t, secret.Generate()), Organisations: map[string]Organisation{corp: {Directory: &directory{}}}}
	if _, err := New(base); err != nil {
		t.Fatal(err)
	}
	d := &directory{}
	with := func(organisations map[string]Organisation) func(*Config) {
		return func(c *Config) { c.Organisations = organisations }
	}
	one := func(o Organisation) func(*Config) { return with(map[string]Organisation{corp: o}) }
	for name, change := range map[string]func(*Config){
		"no corpId":            with(map[string]Organisation{"": {Directory: d}}),
		"NUL in a corpId":      with(map[string]Organisation{"a\x00b": {Directory: d}}),
		"mark in a corpId":     with(map[string]Organisation{"a:b": {Directory: d}}),
		"one of two without":   with(map[string]Organisation{corp: {Directory: d}, "dingother": {}}),
		"no store":             func(c *Config) { c.Store = nil },
		"no secrets":           func(c *Config) { c.Secrets = nil },
		"no organisation":      func(c *Config) { c.Organisations = nil },
		"no directory":         one(Organisation{}),
		"negative":             func(c *Config) { c.RecheckAfter = -1 },
		"stale before recheck": func(c *Config) { c.MaxStale = minute },
		"e-mail source":        func(c *Config) { c.EmailSources = []string{"personal"} },
		"e-mail domain @":      one(Organisation{Directory: d, EmailDomains: []string{"@corp.example"}}),
		"e-mail domain case":   one(Organisation{Directory: d, EmailDomains: []string{"Corp.example"}}),
		"e-mail domain *":      one(Organisation{Directory: d, VerifiedEmailDomains: []string{"*.corp.example"}}),
		"username source":      func(c *Config) { c.UsernameSources = []string{"nick"} },
	} {
		c := base
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOnBolt(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "people.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	onStore(t, store)
}

func TestOnRedis(t *testing.T) {
	store, err := redis.Open(t.Context(), storagetest.StartRedis(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	onStore(t, store)
}

func onStore(t *testing.T, store storage.Store) {
	h := build(t, Config{Store: store, RecheckAfter: 1, MaxStale: hour})
	account, member := zhangsan()
	var wg sync.WaitGroup
	for range 8 { // eight browsers of one person at once
		wg.Go(func() {
			if p := h.login(t, account, member); p.Epoch != 1 {
				t.Errorf("epoch %d", p.Epoch)
			}
		})
	}
	wg.Wait()
	s := SubjectOf(corp, member.UnionID)
	p := h.mustRead(t, s)
	time.Sleep(2 * time.Millisecond)
	for range 8 {
		wg.Go(func() {
			if _, err := h.Fresh(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.dir.set(func(d *directory) { d.members = nil })
	if _, err := h.Fresh(t.Context(), h.mustRead(t, s)); !errors.Is(err, ErrGone) {
		t.Fatal(err)
	}
	if p := h.mustRead(t, s); p.Epoch != 2 || !p.Gone {
		t.Errorf("%d %v", p.Epoch, p.Gone)
	}
	if p := h.login(t, account, member); p.Epoch != 2 || p.Gone {
		t.Errorf("%d %v", p.Epoch, p.Gone)
	}
	if err := h.Remove(t.Context(), s); err != nil || h.mustRead(t, s).Epoch != 3 {
		t.Errorf("removal: %v", err)
	}
}
