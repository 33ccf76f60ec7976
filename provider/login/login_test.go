package login

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const answer = "5a1d7e0c94b83f62a7d8e1c05b9f4426" // a DingTalk code

// inTime runs a test on bolt with virtual time.
func inTime(t *testing.T, test func(t *testing.T, s *Steps)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		secrets, err := secret.Parse([]byte(secret.Generate()))
		if err != nil {
			t.Fatal(err)
		}
		test(t, New(Config{Store: store, Secrets: secrets}))
	})
}

func begin(t *testing.T, s *Steps, binding string) (state string, opened State) {
	t.Helper()
	begun, op, err := s.Begin(Request{ClientID: "app", RedirectURI: "https://app/cb", Scopes: []string{"openid"}, State: "client state", Nonce: "nonce"}, binding)
	if err == nil {
		err = s.store.Together(t.Context(), op)
	}
	if err == nil {
		state = s.Seal(begun.For("dingcorp", OAuth2))
		opened, err = s.Open(state, binding)
	}
	if err != nil {
		t.Fatal(err)
	}
	return state, opened
}

func finish(t *testing.T, s *Steps, l Login) {
	t.Helper()
	if err := s.store.Together(t.Context(), s.Finish(l, End{Grant: [16]byte{9}, Subject: [16]byte{8}})); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

func TestL1_OtherBrowser(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		counter := storagetest.Count(s.store)
		s.store = counter
		mine, theirs := NewBinding(), NewBinding()
		state, _ := begin(t, s, mine)
		counter.Reset()
		for _, cookie := range []string{theirs, "", "x", mine + "A", strings.ToUpper(mine), hash("binding", mine)} {
			_, err := s.Open(state, cookie)
			want(t, err, ErrOtherBrowser)
		}
		for _, forged := range []string{"", "x", state + "A", state[1:], "B" + state[1:], strings.Repeat("A", 5000)} {
			_, err := s.Open(forged, mine)
			want(t, err, ErrForged)
		}
		if counter.Trips() != 0 {
			t.Error("storage was asked")
		}
	})
}

func TestL2_OneWorks(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		var mu sync.Mutex
		works, ends := 0, 0
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				l, err := s.Claim(t.Context(), opened, answer)
				if err != nil {
					t.Error(err)
					return
				}
				if l.Done == nil {
					mu.Lock()
					works++
					mu.Unlock()
					time.Sleep(2 * time.Second) // DingTalk is slow
					finish(t, s, l)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ends++
				if l.Done.Grant != [16]byte{9} {
					t.Errorf("another end: %+v", l.Done)
				}
			})
		}
		wg.Wait()
		if works != 1 || ends != 15 {
			t.Errorf("%d worked, %d got the end", works, ends)
		}
	})
}

func TestL3_SameAnswerSameEnd(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		l, err := s.Claim(t.Context(), opened, answer)
		if err != nil || l.Done != nil {
			t.Fatal(l.Done, err)
		}
		_, err = s.Claim(t.Context(), opened, "another code")
		want(t, err, ErrOtherAnswer)
		finish(t, s, l)
		_, err = s.Claim(t.Context(), opened, "another code")
		want(t, err, ErrOtherAnswer)
		for range 3 {
			time.Sleep(15 * time.Second) // also after the claim itself has expired
			if l, err := s.Claim(t.Context(), opened, answer); err != nil || l.Done == nil || l.Done.Grant != [16]byte{9} {
				t.Errorf("again: %+v, %v", l.Done, err)
			}
			_, err = s.Claim(t.Context(), opened, "another code")
			want(t, err, ErrOtherAnswer)
		}
		time.Sleep(time.Minute)
		_, err = s.Claim(t.Context(), opened, answer)
		want(t, err, ErrExpired)
	})
}

func TestL3_AnotherAnswerAfterTheClaimHasLapsed(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		l, err := s.Claim(t.Context(), opened, answer)
		if err != nil {
			t.Fatal(err)
		}
		finish(t, s, l)
		time.Sleep(s.claim)
		_, err = s.Claim(t.Context(), opened, "another code")
		want(t, err, ErrOtherAnswer)
	})
}

func TestL4_OldStateAfterTheClaimHasLapsed(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		l, err := s.Claim(t.Context(), opened, answer)
		if err != nil {
			t.Fatal(err)
		}
		first := s.SessionSecret(l, mine)
		again, err := s.Again(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(s.claim)
		_, err = s.Claim(t.Context(), opened, "code for the old state")
		want(t, err, ErrExpired)
		next, err := s.Open(s.Seal(again), mine)
		if err == nil {
			l, err = s.Claim(t.Context(), next, "second code")
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(first, s.SessionSecret(l, mine)) {
			t.Error("two attempts of a login have one session cookie")
		}
	})
}

func TestL3_SameCookieSecretAgain(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		l, _ := s.Claim(t.Context(), opened, answer)
		first := s.SessionSecret(l, mine)
		finish(t, s, l)
		again, _ := s.Claim(t.Context(), opened, answer)
		if !bytes.Equal(first, s.SessionSecret(again, mine)) {
			t.Error("a reloaded callback would set another cookie")
		}
		if bytes.Equal(first, s.SessionSecret(l, NewBinding())) {
			t.Error("the secret does not depend on the browser")
		}
		_, other := begin(t, s, mine)
		o, _ := s.Claim(t.Context(), other, answer)
		if bytes.Equal(first, s.SessionSecret(o, mine)) {
			t.Error("two logins have one secret")
		}
	})
}

func TestL3_WaitsOnlySoLong(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		if _, err := s.Claim(t.Context(), opened, answer); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Claim(ctx, opened, answer)
		want(t, err, ErrBusy)
		// Whoever worked on it has died: one who waits takes over when the claim lapses.
		if l, err := s.Claim(t.Context(), opened, answer); err != nil || l.Done != nil {
			t.Errorf("%v, %v", l.Done, err)
		}
	})
}

func TestL4_BackToPending(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		old, opened := begin(t, s, mine)
		l, err := s.Claim(t.Context(), opened, answer)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Again(t.Context(), l)
		state := s.Seal(again.For("dingcorp", OAuth2))
		if err != nil || state == old {
			t.Fatal(state == old, err)
		}
		_, err = s.Claim(t.Context(), opened, answer)
		want(t, err, ErrExpired)
		_, err = s.Claim(t.Context(), opened, "code for the old state")
		if err == nil {
			t.Error("the old state still works")
		}
		next, err := s.Open(state, mine)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Claim(t.Context(), next, "second code")
		if err != nil || got.Done != nil || got.State != "client state" || got.Nonce != "nonce" {
			t.Fatalf("%+v, %v", got, err)
		}
		finish(t, s, got)
		if s.store.Together(t.Context(), s.Finish(l, End{})) == nil {
			t.Error("the first attempt could still finish")
		}
	})
}

func TestL5_NothingToRead(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		counter := storagetest.Count(s.store)
		s.store = counter
		mine := NewBinding()
		state, opened := begin(t, s, mine)
		l, _ := s.Claim(t.Context(), opened, answer)
		finish(t, s, l)
		for _, k := range counter.Keys() {
			op := storage.Get(k)
			counter.Together(t.Context(), op)
			for name, value := range map[string]string{"state": state, "cookie": mine, "code": answer} {
				if strings.Contains(k, value) || bytes.Contains(op.Value, []byte(value)) {
					t.Errorf("%s stands at %s: %s", name, k, op.Value)
				}
			}
		}
	})
}

func TestL6_Bounded(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		time.Sleep(s.life)
		_, err := s.Claim(t.Context(), opened, answer)
		want(t, err, ErrExpired)
		_, _, err = s.Begin(Request{ClientID: "app", State: strings.Repeat("x", maxRecord)}, NewBinding())
		want(t, err, ErrTooLarge)
	})
}

func TestL6_AgainDoesNotProlong(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		for i := range 20 {
			l, err := s.Claim(t.Context(), opened, answer)
			if err != nil {
				want(t, err, ErrExpired)
				return
			}
			time.Sleep(time.Minute)
			again, err := s.Again(t.Context(), l)
			if err != nil {
				want(t, err, ErrExpired)
				return
			}
			if opened, err = s.Open(s.Seal(again), mine); err != nil {
				t.Fatal(i, err)
			}
		}
		t.Error("a login was kept alive by retries")
	})
}

func TestOutageIsUnknown(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		_, opened := begin(t, s, NewBinding())
		good := s.store
		for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
			s.store = storagetest.Faulty(good, func(*storage.Op) storagetest.Fault { return fault })
			_, err := s.Claim(t.Context(), opened, answer)
			want(t, err, storage.ErrUnknown)
		}
		s.store = storagetest.Faulty(good, func(op *storage.Op) storagetest.Fault {
			if op.Verb == storage.VerbGet {
				return storagetest.FailBefore
			}
			return storagetest.NoFault
		})
		time.Sleep(s.claim)
		_, err := s.Claim(t.Context(), opened, answer)
		want(t, err, storage.ErrUnknown)
	})
}

func FuzzOpen(f *testing.F) {
	secrets, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		f.Fatal(err)
	}
	s := New(Config{Secrets: secrets})
	mine := NewBinding()
	begun, _, err := s.Begin(Request{ClientID: "app"}, mine)
	state := s.Seal(begun.For("ding", Frame))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state, mine)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, shown, cookie string) {
		if _, err := s.Open(shown, cookie); err == nil && (shown != state || cookie != mine) {
			t.Errorf("%q with cookie %q was opened", shown, cookie)
		}
	})
}
