package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// The clocks of one bubble cannot differ, so this walks the pure schedule: a
// writer, a signer and a publisher, each with its own clock error of up to a
// minute and its own last reread, over a rotation.
func TestK10_ClocksAMinuteApartDoNoHarm(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := policy{lead: minLead, rotate: 30 * time.Minute, keep: 10 * time.Minute, hints: time.Hour}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	skews := []time.Duration{-time.Minute, 0, time.Minute}
	ages := []time.Duration{0, reread, reread + patience} // of what a replica last read
	for _, writer := range skews {
		// The record as it was written, and when.
		type written struct {
			at   time.Time
			keys []*key
		}
		history := []written{{start, []*key{{kid: "0", signs: start, private: private}}}}
		for now := start; now.Before(start.Add(3 * time.Hour)); now = now.Add(10 * time.Second) {
			last := history[len(history)-1].keys
			if clock := now.Add(writer); p.due(last, clock) {
				k := &key{kid: strconv.Itoa(len(last)), signs: p.firstUse(clock), private: private}
				history = append(history, written{now, append(slices.Clone(last), k)})
			}
		}
		if len(history) < 5 {
			t.Fatalf("only %d rotations", len(history)-1)
		}
		known := func(at time.Time) []*key {
			i := len(history) - 1
			for i > 0 && history[i].at.After(at) {
				i--
			}
			return history[i].keys
		}
		used := map[string][2]time.Time{} // by any replica: first and last
		for now := start; now.Before(start.Add(3 * time.Hour)); now = now.Add(10 * time.Second) {
			for _, skew := range skews {
				for _, age := range ages {
					keys := known(now.Add(-age))
					kid := keys[signing(keys, now.Add(skew))].kid
					span, ok := used[kid]
					if !ok {
						span[0] = now
					}
					span[1] = now
					used[kid] = span
				}
			}
		}
		for now := start; now.Before(start.Add(3 * time.Hour)); now = now.Add(10 * time.Second) {
			for _, skew := range skews {
				for _, age := range ages {
					keys := known(now.Add(-age))
					published := func(kid string) bool {
						for i, k := range keys {
							if s := p.state(keys, i, now.Add(skew)); k.kid == kid {
								return s == Signing || s == Next || s == Retired
							}
						}
						return false
					}
					for kid, span := range used {
						if from := span[0].Add(-p.lead); kid != "0" && !now.Before(from) && !now.After(span[1].Add(p.keep)) && !published(kid) {
							t.Fatalf("writer %v, publisher %v with a record of %v ago: key %s is not published %v before its first use and %v after its last",
								writer, skew, age, kid, span[0].Sub(now), now.Sub(span[1]))
						}
					}
				}
			}
		}
	}
}

func TestK10_AClockFarBehindStillSigns(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	keys := []*key{{kid: "remembered", signs: now}, {kid: "signs", signs: now.Add(time.Hour), private: private}, {kid: "next", signs: now.Add(2 * time.Hour), private: private}}
	for _, test := range []struct {
		now  time.Time
		want string
	}{{now.Add(-time.Hour), "signs"}, {now.Add(time.Minute), "signs"}, {now.Add(time.Hour), "signs"}, {now.Add(2 * time.Hour), "next"}, {now.Add(900 * day), "next"}} {
		if got := keys[signing(keys, test.now)].kid; got != test.want {
			t.Errorf("at %v: %s, want %s", test.now.Sub(now), got, test.want)
		}
	}
}

func TestK11_TheETagFollowsTheSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		rings := fleet(t, 2, Config{Store: store, RotateEvery: 4 * day})
		sets := map[string]string{} // body by ETag
		changes := 0
		for last := ""; len(sets) < 5 && changes < 10; time.Sleep(10 * time.Minute) {
			d := rings[0].JWKS()
			if body, ok := sets[d.ETag]; ok && body != string(d.Body) {
				t.Fatal("one ETag for two sets")
			}
			if d.ETag != last {
				changes++
			}
			sets[d.ETag], last = string(d.Body), d.ETag
			if time.Sleep(2 * time.Minute); rings[1].JWKS().ETag != rings[0].JWKS().ETag {
				t.Fatal("two replicas, two sets")
			}
		}
		// first; next published; it signs; the first unpublished; next published
		if changes != 5 {
			t.Errorf("%d changes for %d sets", changes, len(sets))
		}
		if tag := rings[0].JWKS().ETag; len(tag) != 24 || tag[0] != '"' || tag[23] != '"' {
			t.Errorf("ETag %s is not strong and quoted", tag)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{Store: newMemory(), Secrets: secrets(t, secretA)}
	if p, err := good.policy(); err != nil || p != (policy{24 * time.Hour, 90 * day, time.Hour, 7 * day}) {
		t.Errorf("zero Config: %+v, %v", p, err)
	}
	for name, edit := range map[string]func(*Config){
		"no store":       func(c *Config) { c.Store = nil },
		"no secrets":     func(c *Config) { c.Secrets = nil },
		"short lead":     func(c *Config) { c.PublishLead = time.Minute },
		"negative lead":  func(c *Config) { c.PublishLead = -time.Hour },
		"short rotation": func(c *Config) { c.RotateEvery = 25 * time.Hour },
		"negative keep":  func(c *Config) { c.KeepPublished = -1 },
		"negative hints": func(c *Config) { c.KeepForHints = -1 },
	} {
		c := good
		edit(&c)
		if r, err := Open(t.Context(), c); r != nil || err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
