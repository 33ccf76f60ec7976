package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

func TestK2_ManyCreateAndRotateAndOneWins(t *testing.T) {
	const replicas = 4
	var told events
	store := newMemory()
	// All meet the empty store before anybody writes.
	var met sync.WaitGroup
	met.Add(replicas)
	store.afterGet = func(string) { met.Done(); met.Wait() }
	rings := make([]*Ring, replicas)
	var wg sync.WaitGroup
	c := Config{Store: store, Secrets: secrets(t, secretA), OnEvent: told.add}
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = Open(context.Background(), c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	same := func(when string) {
		t.Helper()
		for i, r := range rings {
			if allKIDs(r) != allKIDs(rings[0]) || r.JWKS().ETag != rings[0].JWKS().ETag {
				t.Errorf("%s: replica %d has %s, replica 0 %s", when, i, allKIDs(r), allKIDs(rings[0]))
			}
		}
	}
	same("created")
	if n := told.count(EventCreated); n != len(algorithms) {
		t.Errorf("%d first keys, want %d", n, len(algorithms))
	}

	met.Add(replicas)
	for _, r := range rings {
		wg.Go(func() {
			if err := r.Rotate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same("rotated")
	if n := told.count(EventPublished); n != len(algorithms) {
		t.Errorf("%d next keys, want %d", n, len(algorithms))
	}
	for _, alg := range algorithms {
		if by := kids(rings[0], alg); len(by[Signing]) != 1 || len(by[Next]) != 1 {
			t.Errorf("%s: %v", alg, by)
		}
	}
}

// The same on a real store, and again after a restart.
func TestK2_OnBolt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	rings := make([]*Ring, 3)
	list := secrets(t, secretA)
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = Open(context.Background(), Config{Store: store, Secrets: list}); err != nil {
				t.Error(err)
			} else if err = rings[i].Rotate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := store.Close(); err != nil || t.Failed() {
		t.Fatal(err)
	}
	if store, err = bolt.Open(path); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	rings = append(rings, open(t, Config{Store: store, Secrets: list}))
	for i, r := range rings {
		if len(r.List()) != 4 || allKIDs(r) != allKIDs(rings[0]) {
			t.Errorf("ring %d: %s, ring 0: %s", i, allKIDs(r), allKIDs(rings[0]))
		}
	}
}

func TestK2_ALostAnswerLeavesOneRing(t *testing.T) {
	store := newMemory()
	store.lose = true
	_, err := Open(t.Context(), Config{Store: store, Secrets: secrets(t, secretA)})
	if !errors.Is(err, storage.ErrUnknown) || errors.Is(err, ErrUnreadable) {
		t.Fatalf("Open = %v", err)
	}
	store.lose = false
	before, _ := store.ring()
	open(t, Config{Store: store})
	if after, writes := store.ring(); writes != 1 || !bytes.Equal(before, after) {
		t.Errorf("%d writes", writes)
	}
}

func TestK3_AnUnreadableRingStopsAndIsNeverReplaced(t *testing.T) {
	first := newMemory()
	ring := open(t, Config{Store: first})
	good, _ := first.ring()
	list := secrets(t, secretA)
	sealer := list.Sealer(storageKey)
	plain, _, err := sealer.Open(good, []byte(storageKey))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func(*record)) []byte {
		var rec record
		if err := json.Unmarshal(plain, &rec); err != nil {
			t.Fatal(err)
		}
		f(&rec)
		out, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		return sealer.Seal(out, []byte(storageKey))
	}
	tests := []struct {
		name   string
		stored []byte
		remedy string
	}{
		{"garbage", []byte("not a ring"), "backup"},
		{"empty", nil, "backup"},
		{"cut", good[:len(good)/2], "backup"},
		{"one bit", flip(good, len(good)-9), "backup"},
		{"clear text", plain, "backup"},
		{"other secret", secrets(t, secretB).Sealer(storageKey).Seal(plain, []byte(storageKey)), "put that secret back into the file. If it is lost: stop every replica, delete keys/ring"},
		{"other purpose", list.Sealer("person").Seal(plain, []byte(storageKey)), "backup"},
		{"other place", sealer.Seal(plain, []byte("keys/other")), "backup"},
		{"newer", edit(func(r *record) { r.Format = format + 1 }), "newer version"},
		{"no format", edit(func(r *record) { r.Format = 0 }), "backup"},
		{"not JSON", sealer.Seal([]byte("{"), []byte(storageKey)), "backup"},
		{"unknown field", sealer.Seal(bytes.Replace(plain, []byte(`"keys"`), []byte(`"spare":1,"keys"`), 1), []byte(storageKey)), "backup"},
		{"unknown field of a newer", sealer.Seal([]byte(`{"format":7,"keys":"elsewhere"}`), []byte(storageKey)), "newer version"},
		{"no keys", edit(func(r *record) { r.Keys = nil }), "backup"},
		{"one algorithm", edit(func(r *record) { r.Keys = r.Keys[:1] }), "backup"},
		{"same kid", edit(func(r *record) { r.Keys[1].KID = r.Keys[0].KID }), "backup"},
		{"no kid", edit(func(r *record) { r.Keys[0].KID = "" }), "backup"},
		{"other key", edit(func(r *record) { r.Keys[0].Private = r.Keys[1].Private }), "backup"},
		{"no key", edit(func(r *record) { r.Keys[0].Private = nil }), "backup"},
		{"broken key", edit(func(r *record) { r.Keys[0].Private = r.Keys[0].Private[:99] }), "backup"},
		{"no time", edit(func(r *record) { r.Keys[0].Signs = time.Time{} }), "backup"},
		{"other algorithm", edit(func(r *record) { r.Keys[0].Alg = "HS256" }), "backup"},
	}
	for _, test := range tests {
		store := newMemory()
		store.values[storageKey] = held{test.stored, [16]byte{7}}
		r, err := Open(t.Context(), Config{Store: store, Secrets: list})
		if r != nil || !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), test.remedy) {
			t.Errorf("%s: %v, want %q", test.name, err, test.remedy)
			continue
		}
		if now, writes := store.ring(); writes != 0 || !bytes.Equal(now, test.stored) {
			t.Errorf("%s: the ring was replaced", test.name)
		}
		for _, k := range ring.view.Load().keys {
			if strings.Contains(err.Error(), k.kid) || strings.Contains(err.Error(), secretA) {
				t.Errorf("%s: the error quotes the ring: %v", test.name, err)
			}
		}
	}

	for name, store := range map[string]*memory{
		"storage down":     {values: map[string]held{}, down: true},
		"no answer to Get": {values: map[string]held{}, noReads: true},
	} {
		r, err := Open(t.Context(), Config{Store: store, Secrets: list})
		if r != nil || !errors.Is(err, storage.ErrUnknown) || errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
		if _, writes := store.ring(); writes != 0 {
			t.Errorf("%s: a ring was made without knowing that there is none", name)
		}
	}
}

func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}

func TestK4_NothingReadableAtRest(t *testing.T) {
	store := newMemory()
	r := open(t, Config{Store: store})
	if err := r.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	stored, _ := store.ring()
	for _, k := range r.view.Load().keys {
		for _, part := range [][]byte{k.der, []byte(k.kid), []byte(k.alg), k.der[len(k.der)-16:]} {
			for _, form := range [][]byte{part, []byte(base64.StdEncoding.EncodeToString(part))} {
				if bytes.Contains(stored, form) {
					t.Errorf("at rest: %q", form)
				}
			}
		}
	}
	for _, word := range []string{"format", "keys", "kid", "{", `"alg"`} {
		if len(word) > 2 && bytes.Contains(stored, []byte(word)) {
			t.Errorf("at rest: %q", word)
		}
	}

	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(r.JWKS().Body, &set); err != nil || len(set.Keys) != 4 {
		t.Fatalf("JWKS: %v, %d keys", err, len(set.Keys))
	}
	public := map[string][]string{"RSA": {"alg", "e", "kid", "kty", "n", "use"}, "EC": {"alg", "crv", "kid", "kty", "use", "x", "y"}}
	for _, k := range set.Keys {
		var members []string
		for m := range k {
			members = append(members, m)
		}
		slices.Sort(members)
		if !slices.Equal(members, public[k["kty"]]) || k["use"] != "sig" {
			t.Errorf("JWKS: %v", k)
		}
	}
}

func TestK9_ResealedByTheFirstSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told events
		store := newMemory()
		by := func() secret.ID {
			sealed, _ := store.ring()
			id, _ := secret.SealedBy(sealed)
			return id
		}
		before, moved := secrets(t, secretA, secretB), secrets(t, secretB, secretA)
		old := open(t, Config{Store: store, Secrets: before})
		want := allKIDs(old)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { old.Run(ctx) })
		fleet(t, 1, Config{Store: store, Secrets: moved, OnEvent: told.add})
		synctest.Wait()
		if told.count(EventResealed) != 1 {
			t.Fatalf("sealed by %v; told %d times", by(), told.count(EventResealed))
		}
		// While a replica still has the old order, they do not fight by the minute.
		time.Sleep(day)
		if _, writes := store.ring(); writes > 2+2*24 {
			t.Errorf("%d writes in a day", writes)
		}
		stop()
		wg.Wait()
		time.Sleep(resealEvery + 2*time.Minute)
		synctest.Wait()
		if by() != moved.IDs()[0] {
			t.Errorf("in the end sealed by %v", by())
		}
		// The old secret may go; the keys are the same.
		if got := allKIDs(open(t, Config{Store: store, Secrets: secrets(t, secretB)})); got != want {
			t.Errorf("keys %s, want %s", got, want)
		}
	})
}

// TestK9_SecretsAreReplacedWhileItIsOpen: two replicas, one after the other, and the keys
// stay what they are.
func TestK9_SecretsAreReplacedWhileItIsOpen(t *testing.T) {
	store := newMemory()
	by := func() secret.ID {
		sealed, _ := store.ring()
		id, _ := secret.SealedBy(sealed)
		return id
	}
	ctx := t.Context()
	one, two := secrets(t, secretA), secrets(t, secretA)
	first := open(t, Config{Store: store, Secrets: one})
	second := open(t, Config{Store: store, Secrets: two})
	want, a, b := allKIDs(first), secrets(t, secretA).IDs()[0], secrets(t, secretB).IDs()[0]

	if err := first.WouldOpen(ctx, secrets(t, secretB)); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), a.String()) {
		t.Errorf("the secret that seals it may go: %v", err)
	}
	for _, l := range []*secret.List{one, two} { // appended everywhere
		l.Replace(secrets(t, secretA, secretB))
	}
	for i, l := range []*secret.List{one, two} { // then moved up, here and there
		l.Replace(secrets(t, secretB, secretA))
		if err := []*Ring{first, second}[i].Reseal(ctx); err != nil || by() != b {
			t.Errorf("sealed by %v: %v", by(), err)
		}
		if i == 0 { // the other still has the old order, and says so
			if err := second.Reseal(ctx); err != nil || by() != a {
				t.Errorf("sealed by %v: %v", by(), err)
			}
		}
	}
	if err := errors.Join(first.WouldOpen(ctx, secrets(t, secretB)), first.Reseal(ctx)); err != nil {
		t.Errorf("the old secret may not go: %v", err)
	}
	one.Replace(secrets(t, secretB))
	if err := first.Reseal(ctx); err != nil || allKIDs(first) != want || allKIDs(open(t, Config{Store: store, Secrets: one})) != want {
		t.Errorf("the keys are others: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	store := newMemory()
	r := open(f, Config{Store: store})
	sealed, _ := store.ring()
	plain, _, err := r.sealer.Open(sealed, []byte(storageKey))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add([]byte(`{"format":1,"keys":[]}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		s, err := decode(plain)
		if err != nil {
			if s != nil || !errors.Is(err, ErrUnreadable) {
				t.Fatalf("%v, %v", s, err)
			}
			return
		}
		r.adopt(s, time.Now()) // what is taken can be used
		if _, err := r.Sign(ES256, TypeJWT, nil); err != nil {
			t.Fatal(err)
		}
	})
}
