package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// fleet runs n replicas on one store until the test's bubble ends.
func fleet(t *testing.T, n int, c Config) []*Ring {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	rings := make([]*Ring, n)
	for i := range rings {
		rings[i] = open(t, c)
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 17 * time.Second) // replicas tick apart
			rings[i].Run(ctx)
		})
	}
	return rings
}

func keySet(t testing.TB, d *Document) *jose.JSONWebKeySet {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(d.Body, &set); err != nil {
		t.Fatalf("JWKS: %v", err)
	}
	return &set
}

// check verifies a token as a relying party does: by the kid alone, in the set
// it has, with the key's own algorithm.
func check(set *jose.JSONWebKeySet, token string) error {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return err
	}
	header := jws.Signatures[0].Protected
	found := set.Key(header.KeyID)
	if len(found) != 1 || found[0].Algorithm != header.Algorithm || found[0].Use != "sig" {
		return fmt.Errorf("kid %s for %s: %d keys in the set", header.KeyID, header.Algorithm, len(found))
	}
	_, err = jws.Verify(found[0].Key)
	return err
}

// A relying party that fetches the key set from any replica and caches it for an
// hour meets no token that it cannot verify, over three rotations; nor, K5, one
// that fetches the set when a token is as old as a token gets.
//
// proves: a key is published long before it signs | Core section 10.1.1
func TestK1_ARelyingPartyThatCachesNeverMeetsAnUnknownKID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keep = 2 * time.Hour
		rings := fleet(t, 3, Config{Store: newMemory(), RotateEvery: 15 * day, KeepPublished: keep})
		start := time.Now()
		type issued struct {
			token string
			at    time.Time
		}
		var (
			cached   *jose.JSONWebKeySet
			fetched  time.Time
			alive    []issued
			signers  = map[string]bool{}
			lifelong = keep - time.Minute
		)
		for i := 0; time.Since(start) < 50*day; i++ {
			ring := rings[i%3]
			if cached == nil || time.Since(fetched) >= time.Hour {
				cached, fetched = keySet(t, rings[(i/2)%3].JWKS()), time.Now()
			}
			alg := ES256
			if i%8 == 0 { // RSA takes its time
				alg = RS256
			}
			token, err := ring.Sign(alg, TypeJWT, fmt.Appendf(nil, `{"n":%d}`, i))
			if err != nil {
				t.Fatal(err)
			}
			if err := check(cached, token); err != nil {
				t.Fatalf("%v after start, set from %v before: %v", time.Since(start), time.Since(fetched), err)
			}
			signers[kids(ring, alg)[Signing][0]] = true
			alive = append(alive, issued{token, time.Now()})
			for time.Since(alive[0].at) > lifelong {
				alive = alive[1:]
			}
			if err := check(keySet(t, rings[(i+1)%3].JWKS()), alive[0].token); err != nil {
				t.Fatalf("K5: a token of %v ago: %v", time.Since(alive[0].at), err)
			}
			time.Sleep(31*time.Minute + time.Duration(i%7)*time.Second)
		}
		if len(signers) != 8 { // two algorithms, the first key and three more
			t.Errorf("%d keys have signed, want 8", len(signers))
		}
	})
}

// Each replica publishes a key at least PublishLead before the first of them
// signs with it.
func TestK1_PublishedEverywhereLongBeforeItSigns(t *testing.T) {
	for _, lead := range []time.Duration{minLead, 24 * time.Hour} {
		t.Run(lead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rings := fleet(t, 3, Config{Store: newMemory(), PublishLead: lead, RotateEvery: 3 * lead})
				first := allKIDs(rings[0])
				everywhere, used := map[string]time.Time{}, map[string]bool{}
				step := max(lead/70, time.Second)
				for range int(10 * lead / step) {
					seen := map[string]int{}
					for _, r := range rings {
						for _, k := range keySet(t, r.JWKS()).Keys {
							seen[k.KeyID]++
						}
					}
					for kid, n := range seen {
						if _, ok := everywhere[kid]; !ok && n == len(rings) {
							everywhere[kid] = time.Now()
						}
					}
					for _, r := range rings {
						for _, alg := range algorithms {
							kid := kids(r, alg)[Signing][0]
							if used[kid] {
								continue
							}
							used[kid] = true
							at, ok := everywhere[kid]
							if !contains(first, kid) && (!ok || time.Since(at) < lead) {
								t.Errorf("%s signs %v after it was published everywhere (%v)", kid, time.Since(at), ok)
							}
						}
					}
					time.Sleep(step)
				}
				if len(used) < 6 {
					t.Errorf("only %d keys have signed", len(used))
				}
			})
		})
	}
}

func contains(kids, kid string) bool { return slices.Contains(splitKIDs(kids), kid) }

func splitKIDs(s string) (out []string) {
	for len(s) > 0 {
		n := min(22, len(s))
		out, s = append(out, s[:n]), s[min(n+1, len(s)):]
	}
	return out
}

// The life of one key, to the minute, with nobody racing.
func TestK5_RetiredThenRememberedThenDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		store := newMemory()
		r := fleet(t, 1, Config{Store: store, KeepPublished: 2 * time.Hour, OnEvent: told.add})[0]
		old := kids(r, ES256)[Signing][0]
		token, err := r.Sign(ES256, TypeJWT, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		published := func() bool { return len(keySet(t, r.JWKS()).Key(old)) == 1 }
		verifies := func() bool { _, _, err := r.Verify(token); return err == nil }
		expect := func(when string, state State, public, verify, private bool) {
			t.Helper()
			synctest.Wait()
			var is State = Dropped
			for _, i := range r.List() {
				if i.KID == old {
					is = i.State
				}
			}
			hasPrivate := false
			for _, k := range r.view.Load().keys {
				hasPrivate = hasPrivate || k.kid == old && k.private != nil
			}
			if is != state || published() != public || verifies() != verify || hasPrivate != private {
				t.Errorf("%s: %s, published %v, verifies %v, private half %v", when, is, published(), verifies(), hasPrivate)
			}
		}
		time.Sleep(60 * day)
		expect("after 60 days", Signing, true, true, true)
		if err := r.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := kids(r, ES256)[Next]; len(n) != 1 {
			t.Fatalf("after Rotate: next %v", n)
		}
		if err := r.Rotate(t.Context()); err != nil || told.count(EventPublished) != 2 {
			t.Errorf("a second Rotate while one is waiting: %v, %d published", err, told.count(EventPublished))
		}
		expect("rotated", Signing, true, true, true)
		time.Sleep(24*time.Hour + settle - time.Second)
		expect("before the change", Signing, true, true, true)
		_, writes := store.ring()
		time.Sleep(2 * time.Minute)
		expect("after the change", Retired, true, true, true)
		if _, now := store.ring(); now != writes {
			t.Error("the change needed a write")
		}
		if told.count(EventSigning) != 2 {
			t.Errorf("%d changes told, want 2", told.count(EventSigning))
		}
		time.Sleep(2 * time.Hour)
		expect("two hours on", Retired, true, true, true)
		time.Sleep(4 * time.Minute)
		expect("unpublished", Remembered, false, true, false)
		time.Sleep(7*day - 5*time.Minute)
		expect("six days on", Remembered, false, true, false)
		time.Sleep(10 * time.Minute)
		expect("a week on", Dropped, false, false, false)
		if again := open(t, Config{Store: store}); allKIDs(again) != allKIDs(r) {
			t.Error("a dropped key is still in the record")
		}
		if _, _, err := r.Verify(token); err != ErrNotOurs {
			t.Errorf("a dropped key verifies: %v", err)
		}
	})
}

// A day's outage of storage changes nothing for those who hold the next key.
func TestK8_AReplicaThatCannotRereadGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		store := newMemory()
		r := fleet(t, 1, Config{Store: store, OnEvent: told.add})[0]
		old, etag := kids(r, RS256)[Signing][0], r.JWKS().ETag
		if err := r.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := kids(r, RS256)[Next][0]
		store.set(func() { store.down = true })
		time.Sleep(2 * day)
		synctest.Wait()
		if got := kids(r, RS256)[Signing][0]; got != next || got == old {
			t.Errorf("signs with %s, want %s", got, next)
		}
		token, err := r.Sign(RS256, TypeJWT, []byte("{}"))
		if err != nil || check(keySet(t, r.JWKS()), token) != nil {
			t.Errorf("during the outage: %v, %v", err, check(keySet(t, r.JWKS()), token))
		}
		if r.JWKS().ETag == etag || told.count(EventStale) != 1 || told.count(EventReread) != 0 {
			t.Errorf("stale told %d times, reread %d", told.count(EventStale), told.count(EventReread))
		}
		if since := time.Since(r.Stale()); since > 2*day || since < 2*day-2*time.Minute {
			t.Errorf("stale for %v", since)
		}
		if err := r.Rotate(t.Context()); err == nil {
			t.Error("Rotate without storage reports success")
		}
		store.set(func() { store.down = false })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if told.count(EventReread) != 1 || !r.Stale().IsZero() {
			t.Errorf("reread told %d times, stale since %v", told.count(EventReread), r.Stale())
		}

		// What can no longer be read is neither used nor replaced.
		garbled := []byte("somebody else wrote this")
		store.set(func() { store.values[storageKey] = held{garbled, [16]byte{1}} })
		time.Sleep(day)
		synctest.Wait()
		if now, _ := store.ring(); string(now) != string(garbled) {
			t.Error("an unreadable ring was replaced")
		}
		if got := kids(r, RS256)[Signing][0]; got != next || told.count(EventStale) != 2 {
			t.Errorf("signs with %s, stale told %d times", got, told.count(EventStale))
		}
	})
}

func TestK8_AVanishedRingIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		store := newMemory()
		rings := fleet(t, 3, Config{Store: store, OnEvent: told.add})
		want := allKIDs(rings[0])
		time.Sleep(time.Hour)
		store.set(func() { clear(store.values) })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if told.count(EventRestored) != 1 {
			t.Errorf("put back %d times", told.count(EventRestored))
		}
		for i, r := range append(rings, open(t, Config{Store: store})) {
			if got := allKIDs(r); got != want {
				t.Errorf("ring %d: %s, want %s", i, got, want)
			}
		}
	})
}
