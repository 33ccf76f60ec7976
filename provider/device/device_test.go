package device

import (
	"bytes"
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
	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

var (
	anna = [16]byte{1, 2, 3}
	bert = [16]byte{4, 5, 6}
	won  = [16]byte{9}
)

func testSecrets(t testing.TB, lines ...string) *secret.List {
	t.Helper()
	if len(lines) == 0 {
		lines = []string{secret.Generate()}
	}
	list, err := secret.Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func openBolt(t testing.TB) storage.Store {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// inTime runs a test on bolt with virtual time.
func inTime(t *testing.T, test func(t *testing.T, s *Steps)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, New(Config{Store: openBolt(t), Secrets: testSecrets(t)}))
	})
}

// onEach runs a test of rivals on bolt, and with three processes' Steps that share
// one real Redis.
func onEach(t *testing.T, test func(t *testing.T, replicas []*Steps)) {
	t.Run("bolt", func(t *testing.T) {
		s := New(Config{Store: openBolt(t), Secrets: testSecrets(t)})
		test(t, []*Steps{s, s, s})
	})
	t.Run("redis", func(t *testing.T) {
		server, secrets := storagetest.StartRedis(t), testSecrets(t)
		var replicas []*Steps
		for range 3 {
			store, err := redis.Open(t.Context(), server.URL)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			replicas = append(replicas, New(Config{Store: store, Secrets: secrets}))
		}
		test(t, replicas)
	})
}

func begin(t *testing.T, s *Steps) Codes {
	t.Helper()
	c, err := s.Begin(t.Context(), Ask{ClientID: "tv", Scopes: []string{"openid", "offline_access"}, Address: "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(t *testing.T, s *Steps, subject [16]byte, code string) Request {
	t.Helper()
	r, err := s.Find(t.Context(), subject, code)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func approve(t *testing.T, s *Steps, c Codes) Request {
	t.Helper()
	r, err := s.Approve(t.Context(), find(t, s, anna, c.UserCode), Approval{Subject: anna, CorpID: "ding", Epoch: 3, AuthTime: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// poll asks once and returns the state that came with the answer.
func poll(t *testing.T, s *Steps, c Codes, reason error) Request {
	t.Helper()
	r, err := s.Poll(t.Context(), c.DeviceCode, "tv")
	want(t, err, reason)
	return r
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

// proves: device authorization, and a device code opens once | RFC 8628 sections 3.2 and 3.5
func TestD1_FromAskingToTokensOnce(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		began := time.Now()
		c := begin(t, s)
		if c.Life != 10*time.Minute || c.Interval != 5*time.Second {
			t.Errorf("told the device %v, %v", c.Life, c.Interval)
		}
		poll(t, s, c, ErrPending)
		r := find(t, s, anna, c.UserCode)
		if r.ID != c.ID || r.ClientID != "tv" || r.Address != "192.0.2.7" || len(r.Scopes) != 2 || r.Begun().Unix() != began.Unix() || r.State != Pending {
			t.Errorf("found %+v", r)
		}
		approve(t, s, c)
		time.Sleep(c.Interval)
		got := poll(t, s, c, nil)
		if a := got.Approval; a.Subject != anna || a.CorpID != "ding" || a.Epoch != 3 || !a.AuthTime.Equal(began) {
			t.Errorf("approved by %+v", a)
		}
		if taken, err := s.Take(t.Context(), got, won); err != nil || taken.Grant != won || taken.State != Taken {
			t.Fatalf("%+v, %v", taken, err)
		}
		for range 2 { // shown again, in time or too soon: it names the grant
			if r := poll(t, s, c, ErrTaken); r.Grant != won || r.Approval.Subject != anna {
				t.Errorf("names %x of %x", r.Grant, r.Approval.Subject)
			}
		}
		// What was approved when it was read is late as well.
		if r, err := s.Take(t.Context(), got, [16]byte{8}); !errors.Is(err, ErrTaken) || r.Grant != won {
			t.Errorf("taken again: %x, %v", r.Grant, err)
		}
	})
}

// proves: a device code is its client's | RFC 8628 section 3.4
func TestD1_OnlyForItsClient(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		c := begin(t, s)
		for range 2 {
			for _, client := range []string{"other", "", "TV", "tv "} {
				r, err := s.Poll(t.Context(), c.DeviceCode, client)
				want(t, err, ErrWrongClient)
				if r.ID != c.ID {
					t.Error("the log cannot say which request it was")
				}
			}
		}
		approve(t, s, c)
		_, err := s.Poll(t.Context(), c.DeviceCode, "other")
		want(t, err, ErrWrongClient)
		poll(t, s, c, nil)
	})
}

func TestD1_ManyPollersOneWinner(t *testing.T) {
	onEach(t, func(t *testing.T, replicas []*Steps) {
		for range 10 {
			c := begin(t, replicas[0])
			approve(t, replicas[1], c)
			grants := make([][16]byte, 18)
			var mu sync.Mutex
			var winner [16]byte
			winners := 0
			var wg sync.WaitGroup
			for i := range grants {
				grants[i][0] = byte(i + 1)
				wg.Go(func() {
					s := replicas[i%len(replicas)]
					r, err := s.Poll(t.Context(), c.DeviceCode, "tv")
					if err == nil {
						r, err = s.Take(t.Context(), r, grants[i])
					}
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						winners++
						winner = grants[i]
					case !errors.Is(err, ErrTaken) || r.Grant == [16]byte{} || r.Grant == grants[i]:
						t.Errorf("loser: grant %x, %v", r.Grant, err)
					}
				})
			}
			wg.Wait()
			if winners != 1 {
				t.Fatalf("%d winners", winners)
			}
			if r := poll(t, replicas[2], c, ErrTaken); r.Grant != winner {
				t.Errorf("it names %x, and %x won", r.Grant, winner)
			}
		}
	})
}

func TestD1_OnlyWhatIsApprovedCanBeTaken(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		c := begin(t, s)
		for _, r := range []Request{poll(t, s, c, ErrPending), find(t, s, anna, c.UserCode), {}} {
			if _, err := s.Take(t.Context(), r, won); err == nil {
				t.Error("a pending request was taken")
			}
		}
		for _, forged := range []string{"", "x", c.DeviceCode + "A", c.DeviceCode[1:], c.ID, c.UserCode, strings.Repeat("A", 5000)} {
			_, err := s.Poll(t.Context(), forged, "tv")
			want(t, err, ErrInvalid)
		}
	})
}

func TestD2_AnsweredOnce(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		answers := map[string]func(Request) (Request, error){
			"approve": func(r Request) (Request, error) { return s.Approve(t.Context(), r, Approval{Subject: bert}) },
			"deny":    func(r Request) (Request, error) { return s.Deny(t.Context(), r, bert) },
		}
		for first, answer := range answers {
			c := begin(t, s)
			before := find(t, s, anna, c.UserCode)
			r, err := answer(before)
			if err != nil {
				t.Fatal(err)
			}
			for second, again := range answers {
				for when, shown := range map[string]Request{"read before": before, "read after": r} {
					if was, err := again(shown); !errors.Is(err, ErrAnswered) || was.State != r.State || was.Approval.Subject != bert {
						t.Errorf("%s, then %s as %s: %s, %v", first, second, when, was.State, err)
					}
				}
			}
			if got, err := s.Read(t.Context(), c.ID); err != nil || got.State != r.State {
				t.Errorf("read: %s, %v", got.State, err)
			}
			_, err = s.Find(t.Context(), anna, c.UserCode)
			want(t, err, ErrWrongCode)
			if first == "deny" {
				poll(t, s, c, ErrDenied)
			} else {
				poll(t, s, c, nil)
			}
		}
	})
}

func TestD2_RivalAnswers(t *testing.T) {
	onEach(t, func(t *testing.T, replicas []*Steps) {
		for range 10 {
			c := begin(t, replicas[0])
			r := find(t, replicas[0], anna, c.UserCode)
			var mu sync.Mutex
			var stands State
			won := 0
			var wg sync.WaitGroup
			for i := range 12 {
				wg.Go(func() {
					s, state := replicas[i%3], Approved
					var err error
					if i%2 == 0 {
						_, err = s.Approve(t.Context(), r, Approval{Subject: anna})
					} else {
						state = Denied
						_, err = s.Deny(t.Context(), r, bert)
					}
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						won++
						stands = state
					case !errors.Is(err, ErrAnswered):
						t.Errorf("loser: %v", err)
					}
				})
			}
			wg.Wait()
			if got, err := replicas[0].Read(t.Context(), c.ID); won != 1 || err != nil || got.State != stands {
				t.Fatalf("%d answers won; %s stands, %s is kept; %v", won, stands, got.State, err)
			}
		}
	})
}

// proves: slow_down | RFC 8628 section 3.5
func TestD3_SlowDown(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		c := begin(t, s)
		for range 4 { // keeping to it, and a little too early since the way was shorter
			poll(t, s, c, ErrPending)
			poll(t, s, c, ErrSlowDown)
			time.Sleep(c.Interval - 300*time.Millisecond)
		}
		time.Sleep(c.Interval)
		poll(t, s, c, ErrPending)
		time.Sleep(c.Interval / 2)
		poll(t, s, c, ErrSlowDown)
		approve(t, s, c)
		poll(t, s, c, nil) // what is ready is not held back
	})
}

func TestD3_SlowDownOnAllReplicas(t *testing.T) {
	onEach(t, func(t *testing.T, replicas []*Steps) {
		c := begin(t, replicas[0])
		for _, s := range replicas {
			s.interval = time.Hour // however slow the machine
		}
		var mu sync.Mutex
		told := map[error]int{}
		var wg sync.WaitGroup
		for i := range 18 {
			wg.Go(func() {
				_, err := replicas[i%3].Poll(t.Context(), c.DeviceCode, "tv")
				mu.Lock()
				defer mu.Unlock()
				told[err]++
			})
		}
		wg.Wait()
		if told[ErrPending] != 1 || told[ErrSlowDown] != 17 {
			t.Errorf("told %v", told)
		}
	})
}

func TestD6_NothingStoredIsACode(t *testing.T) {
	counter := storagetest.Count(openBolt(t))
	s := New(Config{Store: counter, Secrets: testSecrets(t)})
	c := begin(t, s)
	user, _ := NormalizeUserCode(c.UserCode)
	if _, err := s.Find(t.Context(), anna, "BCDF-GHJK"); !errors.Is(err, ErrWrongCode) {
		t.Fatal(err)
	}
	poll(t, s, c, ErrPending)
	approve(t, s, c)
	if _, err := s.Take(t.Context(), poll(t, s, c, nil), won); err != nil {
		t.Fatal(err)
	}
	h, err := s.open(c.DeviceCode)
	if err != nil {
		t.Fatal(err)
	}
	var dump bytes.Buffer
	kinds := map[string]bool{}
	for _, key := range counter.Keys() {
		kind, _, _ := strings.Cut(key, "/")
		kinds[kind] = true
		get, members := storage.Get(key), storage.Members(key)
		if err := counter.Store.Together(t.Context(), get, members); errors.Is(err, storage.ErrUnknown) && len(get.Value)+len(members.Members) == 0 {
			t.Fatal(err)
		}
		dump.WriteString(key + "\n" + string(get.Value) + strings.Join(members.Members, "\n") + "\n")
	}
	if len(kinds) != 4 {
		t.Errorf("kinds of records: %v", kinds)
	}
	for _, word := range []string{c.DeviceCode, string(h[:16]), c.UserCode, user, "BCDFGHJK", "BCDF-GHJK"} {
		if bytes.Contains(dump.Bytes(), []byte(word)) {
			t.Errorf("%q lies in storage", word)
		}
	}
	// Whoever has storage and tries all codes needs the secret for it.
	thief := New(Config{Store: counter, Secrets: testSecrets(t)})
	for _, key := range thief.userKeys(user) {
		if bytes.Contains(dump.Bytes(), []byte(key)) {
			t.Error("a user code can be tried out without the secret")
		}
	}
	if mac := thief.guess(anna, user); bytes.Contains(dump.Bytes(), []byte(mac)) || !bytes.Contains(dump.Bytes(), []byte(s.guess(anna, user))) {
		t.Error("a guess can be tried out without the secret")
	}
	if s.guess(anna, user) == s.guess(bert, user) {
		t.Error("two persons' guesses can be told to be the same")
	}
}

func TestD7_StorageTroubleDecidesNothing(t *testing.T) {
	secrets, store := testSecrets(t), openBolt(t)
	well := New(Config{Store: store, Secrets: secrets})
	for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
		for _, verb := range []storage.Verb{storage.VerbGet, storage.VerbCreate, storage.VerbSwap, storage.VerbJoin, storage.VerbMembers} {
			s := New(Config{Secrets: secrets, Store: storagetest.Faulty(store, func(op *storage.Op) storagetest.Fault {
				if op.Verb == verb {
					return fault
				}
				return storagetest.NoFault
			})})
			check := func(what string, touched bool, err error) {
				t.Helper()
				if errors.Is(err, storage.ErrUnknown) != touched {
					t.Errorf("%s without %s: %v", what, verb, err)
				}
			}
			_, err := s.Begin(t.Context(), Ask{ClientID: "tv"})
			check("begin", verb == storage.VerbCreate, err)
			c := begin(t, well)
			_, err = s.Find(t.Context(), anna, c.UserCode)
			check("find", verb == storage.VerbGet || verb == storage.VerbJoin || verb == storage.VerbMembers, err)
			_, err = s.Read(t.Context(), c.ID)
			check("read", verb == storage.VerbGet, err)
			_, err = s.Poll(t.Context(), c.DeviceCode, "tv")
			check("poll", verb == storage.VerbGet || verb == storage.VerbCreate, err)
			_, err = s.Approve(t.Context(), find(t, well, anna, c.UserCode), Approval{Subject: anna})
			check("approve", verb == storage.VerbSwap, err)

			denied := begin(t, well)
			_, err = s.Deny(t.Context(), find(t, well, anna, denied.UserCode), anna)
			check("deny", verb == storage.VerbSwap, err)

			ready := begin(t, well)
			approve(t, well, ready)
			_, err = s.Take(t.Context(), poll(t, well, ready, nil), won)
			check("take", verb == storage.VerbSwap, err)
			if _, err = well.Poll(t.Context(), ready.DeviceCode, "tv"); fault == storagetest.FailBefore && verb == storage.VerbSwap && err != nil {
				t.Errorf("what was not taken is gone: %v", err)
			}
		}
	}
	// A strange record is trouble too, and no pending request.
	c := begin(t, well)
	if err := store.Together(t.Context(), storage.Put(key(c.ID), []byte(`{"f":99}`), time.Minute)); err != nil {
		t.Fatal(err)
	}
	poll(t, well, c, storage.ErrUnknown)
	_, err := well.Find(t.Context(), anna, c.UserCode)
	want(t, err, storage.ErrUnknown)
}

func TestD8_AfterTheSecretWasRotated(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		before, after := secret.Generate(), secret.Generate()
		old := New(Config{Store: s.store, Secrets: testSecrets(t, before)})
		rotated := New(Config{Store: s.store, Secrets: testSecrets(t, after, before)})
		first, second := begin(t, old), begin(t, rotated)
		approve(t, rotated, first)
		poll(t, rotated, first, nil)
		approve(t, rotated, second)
		poll(t, rotated, second, nil)
		without := New(Config{Store: s.store, Secrets: testSecrets(t, after)})
		_, err := without.Find(t.Context(), anna, first.UserCode)
		want(t, err, ErrWrongCode)
		poll(t, without, first, ErrInvalid)

		counter := storagetest.Count(s.store)
		rotated.store = counter
		if _, err := rotated.Find(t.Context(), anna, "BCDF-GHJK"); !errors.Is(err, ErrWrongCode) || counter.Trips() != 1 {
			t.Errorf("%v in %d trips", err, counter.Trips())
		}
	})
}

func TestD9_GoneAfterItsLife(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		counter := storagetest.Count(s.store)
		s.store = counter
		left, answered, approved := begin(t, s), begin(t, s), begin(t, s)
		r := find(t, s, anna, left.UserCode)
		if _, err := s.Deny(t.Context(), find(t, s, anna, answered.UserCode), anna); err != nil {
			t.Fatal(err)
		}
		time.Sleep(s.life / 2) // answering does not prolong it
		ready := approve(t, s, approved)
		poll(t, s, left, ErrPending)
		time.Sleep(s.life / 2)
		counter.Reset()
		for _, c := range []Codes{left, answered, approved} {
			poll(t, s, c, ErrExpired)
			if counter.Trips() != 0 {
				t.Error("storage was asked for a code that says itself that it has expired")
			}
		}
		for _, c := range []Codes{left, answered, approved} {
			_, err := s.Find(t.Context(), bert, c.UserCode)
			want(t, err, ErrWrongCode)
			_, err = s.Read(t.Context(), c.ID)
			want(t, err, ErrExpired)
		}
		_, err := s.Approve(t.Context(), r, Approval{Subject: anna})
		want(t, err, ErrExpired)
		_, err = s.Take(t.Context(), ready, won)
		want(t, err, ErrExpired)
		time.Sleep(s.guessLife)
		for _, key := range counter.Keys() {
			get, members := storage.Get(key), storage.Members(key)
			counter.Store.Together(t.Context(), get, members)
			if get.Err == nil || len(members.Members) > 0 {
				t.Errorf("%s is still there", key)
			}
		}
	})
}
