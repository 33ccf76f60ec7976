package sessions

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

var (
	anna = [16]byte{1}
	bert = [16]byte{2}
)

func secretOf() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// inTime runs a test on bolt with virtual time.
func inTime(t *testing.T, test func(t *testing.T, g *Register, store storage.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		test(t, New(Config{}), store)
	})
}

func start(t *testing.T, g *Register, store storage.Store, subject [16]byte, before *Session) (Session, string) {
	t.Helper()
	s, cookie, ops, err := g.Start(Login{Subject: subject, CorpID: "ding", Epoch: 7, AuthTime: time.Now(), Secret: secretOf(), Before: before})
	if err == nil {
		err = store.Together(t.Context(), ops...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, cookie
}

func look(t *testing.T, g *Register, store storage.Store, cookie string) (Session, error) {
	t.Helper()
	ref, err := Parse(cookie)
	if err != nil {
		return Session{}, err
	}
	op := g.Fetch(ref)
	store.Together(t.Context(), op)
	return g.Read(ref, op)
}

func TestE1_NewCookieAtEveryLogin(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		first, cookie := start(t, g, store, anna, nil)
		_, next := start(t, g, store, anna, &first)
		if next == cookie {
			t.Error("the cookie stayed")
		}
		if _, err := look(t, g, store, cookie); !errors.Is(err, ErrNone) {
			t.Errorf("the old cookie: %v", err)
		}
		if _, err := look(t, g, store, next); err != nil {
			t.Error(err)
		}
	})
}

func TestE2_Idle(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		_, cookie := start(t, g, store, anna, nil)
		for range 4 {
			time.Sleep(11 * time.Hour)
			s, err := look(t, g, store, cookie)
			if err != nil {
				t.Fatal(err)
			}
			if op := g.Touch(s); op == nil || store.Together(t.Context(), op) != nil {
				t.Fatal("not touched")
			}
		}
		time.Sleep(12*time.Hour + time.Second)
		if _, err := look(t, g, store, cookie); !errors.Is(err, ErrNone) {
			t.Errorf("idle session: %v", err)
		}
	})
}

func TestE2_Absolute(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		first, cookie := start(t, g, store, anna, nil)
		for time.Now().Before(first.Ends().Add(-time.Minute)) {
			s, err := look(t, g, store, cookie)
			if err != nil {
				t.Fatal(err)
			}
			if op := g.Touch(s); op != nil {
				store.Together(t.Context(), op)
			}
			time.Sleep(min(6*time.Hour, time.Until(first.Ends())))
		}
		if _, err := look(t, g, store, cookie); !errors.Is(err, ErrNone) {
			t.Errorf("beyond its absolute end: %v", err)
		}
	})
}

func TestE2_EndCannotBeUndone(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		_, cookie := start(t, g, store, anna, nil)
		time.Sleep(time.Hour)
		s, _ := look(t, g, store, cookie)
		if err := store.Together(t.Context(), g.End(s)...); err != nil {
			t.Fatal(err)
		}
		if op := g.Touch(s); op == nil || !errors.Is(store.Together(t.Context(), op), storage.ErrNotFound) {
			t.Error("a use that raced the end revived the session")
		}
		if _, err := look(t, g, store, cookie); !errors.Is(err, ErrNone) {
			t.Errorf("ended session: %v", err)
		}
	})
}

func TestE3_StoredOpensNothing(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		s, cookie := start(t, g, store, anna, nil)
		op := g.Fetch(s.Ref)
		store.Together(t.Context(), op)
		raw, _ := base64.RawURLEncoding.DecodeString(cookie)
		for _, text := range []string{string(op.Value), op.Key} {
			if strings.Contains(text, cookie) || bytes.Contains([]byte(text), raw[16:]) {
				t.Errorf("the cookie stands in %q", text)
			}
		}
		if _, err := look(t, g, store, strings.TrimPrefix(op.Key, "session/")); !errors.Is(err, ErrNone) {
			t.Errorf("the key as a cookie: %v", err)
		}
	})
}

func TestE4_SessionID(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		first, _ := start(t, g, store, anna, nil)
		same, _ := start(t, g, store, anna, &first)
		if same.ID != first.ID {
			t.Error("the same person got another sid")
		}
		again, _, _, err := g.Start(Login{Subject: anna, Epoch: same.Epoch + 1, AuthTime: time.Now(), Secret: secretOf(), Before: &same})
		if err != nil || again.ID == first.ID { // the apps were told that it ended
			t.Errorf("the same person got the sid of an epoch that is over: %v", err)
		}
		other, _ := start(t, g, store, bert, &same)
		if other.ID == first.ID {
			t.Error("another person got the same sid")
		}
	})
}

func TestE5_StrangeCookies(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		_, cookie := start(t, g, store, anna, nil)
		for _, strange := range []string{"", "x", cookie + "A", cookie[:63], cookie + "=", cookie[:63] + "\n", strings.Repeat("A", 9000), " " + cookie, cookie + cookie} {
			if _, err := Parse(strange); !errors.Is(err, ErrNone) {
				t.Errorf("%.20q was parsed", strange)
			}
		}
		for i := range cookie { // whoever changes it has no session
			b := []byte(cookie)
			b[i] = map[bool]byte{true: 'B', false: 'A'}[b[i] == 'A']
			if _, err := look(t, g, store, string(b)); !errors.Is(err, ErrNone) {
				t.Errorf("changed at %d: %v", i, err)
			}
		}
	})
}

func TestE6_Epoch(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		_, cookie := start(t, g, store, anna, nil)
		if s, err := look(t, g, store, cookie); err != nil || s.Epoch != 7 || s.CorpID != "ding" || s.Ref.Subject != anna {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestOutageIsNotTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		_, cookie := start(t, g, store, anna, nil)
		down := storagetest.Faulty(store, func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
		if _, err := look(t, g, down, cookie); !errors.Is(err, storage.ErrUnknown) || errors.Is(err, ErrNone) {
			t.Errorf("error %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(Cookie(anna, make([]byte, 32)))
	f.Add("")
	f.Fuzz(func(t *testing.T, cookie string) {
		ref, err := Parse(cookie)
		if err != nil {
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(cookie)
		if err != nil || Cookie(ref.Subject, b[16:]) != cookie {
			t.Errorf("%q was parsed and is not the only spelling", cookie)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"f":1,"e":1,"en":99999999999,"s":99999999999}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		op := &storage.Op{Value: value}
		if s, err := New(Config{}).Read(Ref{}, op); err == nil && s.Format != format {
			t.Errorf("%q was taken for a session", value)
		}
	})
}

// TestE7_TheEndIsNoted: what was begun with a session finds its end, and not that it
// merely ran out.
func TestE7_TheEndIsNoted(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		ended := func(id ID) error {
			op := g.FetchEnded(id)
			store.Together(t.Context(), op)
			return CheckEnded(op)
		}
		first, _ := start(t, g, store, anna, nil)
		again, cookie := start(t, g, store, anna, &first) // a new cookie, the same session
		if err := ended(first.ID); err != nil {
			t.Fatalf("a session that goes on: %v", err)
		}
		ops := g.End(again)
		store.Together(t.Context(), ops...)
		if err := EndError(ops); err != nil {
			t.Fatal(err)
		}
		if err := ended(first.ID); !errors.Is(err, ErrNone) {
			t.Errorf("after its end: %v", err)
		}
		if _, err := look(t, g, store, cookie); !errors.Is(err, ErrNone) {
			t.Errorf("the cookie after the end: %v", err)
		}
		ops = g.End(again)
		store.Together(t.Context(), ops...)
		if err := EndError(ops); err != nil {
			t.Errorf("ended twice: %v", err)
		}
		time.Sleep(time.Until(again.Ends()))
		if err := ended(first.ID); !errors.Is(err, ErrNone) {
			t.Errorf("forgotten before what was granted with it: %v", err)
		}

		other, _ := start(t, g, store, anna, nil)
		time.Sleep(time.Until(other.Ends()) + time.Hour)
		if err := ended(other.ID); err != nil {
			t.Errorf("one that ran out counts as ended: %v", err)
		}

		// Another person in the same browser ends it.
		mine, _ := start(t, g, store, anna, nil)
		start(t, g, store, bert, &mine)
		if err := ended(mine.ID); !errors.Is(err, ErrNone) {
			t.Errorf("after another person's login: %v", err)
		}
	})
}

// TestThreat_LogoutBesideALogin: a logout read the session just before a login went on
// with it under a new cookie and a new, later end. The session that the person ended
// must not come back when the one that was read would have run out.
func TestThreat_LogoutBesideALogin(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		read, _ := start(t, g, store, anna, nil)
		time.Sleep(g.absolute - time.Hour)
		prolonged, _ := start(t, g, store, anna, &read)
		if prolonged.ID != read.ID || !prolonged.Ends().After(read.Ends()) {
			t.Fatalf("the login did not go on with the session: %v", prolonged)
		}
		ops := g.End(read)
		store.Together(t.Context(), ops...)
		if err := EndError(ops); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{read.Ends().Add(endSlack), prolonged.Ends()} {
			time.Sleep(time.Until(at))
			op := g.FetchEnded(prolonged.ID)
			store.Together(t.Context(), op)
			if err := CheckEnded(op); !errors.Is(err, ErrNone) {
				t.Errorf("an ended session lives again with %v to go: %v", time.Until(prolonged.Ends()), err)
			}
		}
	})
}

// TestE7_TroubleIsNoEnd: what storage could not tell is neither.
func TestE7_TroubleIsNoEnd(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		s, _ := start(t, g, store, anna, nil)
		faulty := storagetest.Faulty(store, func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
		ops := g.End(s)
		faulty.Together(t.Context(), ops...)
		if err := EndError(ops); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("ending: %v", err)
		}
		op := g.FetchEnded(s.ID)
		faulty.Together(t.Context(), op)
		if err := CheckEnded(op); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("asking: %v", err)
		}
	})
}

// TestWhomToTell: the set names the clients of each of a person's sessions.
func TestWhomToTell(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		one, _ := start(t, g, store, anna, nil)
		two, _ := start(t, g, store, anna, nil)
		other, _ := start(t, g, store, bert, nil)
		store.Together(t.Context(), g.Enter(one, "wiki"), g.Enter(one, "git"), g.Enter(one, "wiki"), g.Enter(two, "wiki"), g.Enter(other, "git"),
			storage.Join(setOf(anna), "strange", time.Hour))
		read := func() map[ID][]string {
			op := g.FetchEntered(anna)
			store.Together(t.Context(), op)
			entered, err := ReadEntered(op)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(entered[one.ID])
			return entered
		}
		if got := read(); len(got) != 2 || !slices.Equal(got[one.ID], []string{"git", "wiki"}) || !slices.Equal(got[two.ID], []string{"wiki"}) {
			t.Errorf("%v", got)
		}
		time.Sleep(time.Until(one.Ends()))
		if got := read(); len(got) != 0 {
			t.Errorf("after their end: %v", got)
		}
		faulty := storagetest.Faulty(store, func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
		op := g.FetchEntered(anna)
		faulty.Together(t.Context(), op)
		if _, err := ReadEntered(op); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("storage trouble: %v", err)
		}
	})
}
