package grants

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
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

const (
	testClient   = "grafana"
	testRedirect = "https://grafana.example.com/login/generic_oauth"
	testVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
)

var testSubject = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func testSecrets(t *testing.T, lines ...string) *secret.List {
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

func openBolt(t *testing.T) storage.Store {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// inTime runs a test on bolt with virtual time.
func inTime(t *testing.T, test func(t *testing.T, l *Ledger)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, New(Config{Store: openBolt(t), Secrets: testSecrets(t)}))
	})
}

func request() Request {
	return Request{
		Subject: testSubject, CorpID: "dingcorp", Epoch: 1, ClientID: testClient, RedirectURI: testRedirect,
		Scopes: []string{"openid", "profile", "offline_access"}, Nonce: "n-0S6", Challenge: challengeOf(testVerifier),
		SessionID: "sid", AuthTime: time.Now(), Refreshable: true,
	}
}

func do(t *testing.T, l *Ledger, op *storage.Op) {
	t.Helper()
	if err := l.store.Together(t.Context(), op); err != nil {
		t.Fatal(err)
	}
}

func issued(t *testing.T, l *Ledger, r Request) (code string) {
	t.Helper()
	ref, op := l.Issue(r)
	do(t, l, op)
	return l.Code(ref)
}

func read(t *testing.T, l *Ledger, ref Ref) (Grant, error) {
	t.Helper()
	op := l.Fetch(ref)
	l.store.Together(t.Context(), op)
	return l.Read(ref, op)
}

// redeem does what the token endpoint does with a code.
func redeem(t *testing.T, l *Ledger, code string, r Redemption) (Grant, error) {
	t.Helper()
	ref, err := l.OpenCode(code)
	if err != nil {
		return Grant{}, err
	}
	g, err := read(t, l, ref)
	if err != nil {
		return Grant{}, err
	}
	if g.State == Outstanding {
		if err := g.Check(r); err != nil {
			return Grant{}, err
		}
	}
	return l.Redeem(t.Context(), g)
}

func right() Redemption {
	return Redemption{ClientID: testClient, RedirectURI: testRedirect, Verifier: testVerifier, PKCE: true}
}

func mustRedeem(t *testing.T, l *Ledger, code string) Grant {
	t.Helper()
	g, err := redeem(t, l, code, right())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// refresh does what the token endpoint does with a refresh token.
func refresh(t *testing.T, l *Ledger, token string) (Grant, bool, error) {
	t.Helper()
	ref, n, err := l.OpenRefresh(token)
	if err != nil {
		return Grant{}, false, err
	}
	g, err := read(t, l, ref)
	if err != nil {
		return Grant{}, false, err
	}
	if err := g.CheckRefresh(testClient, n); err != nil {
		return Grant{}, false, err
	}
	return l.Rotate(t.Context(), g, n)
}

func alive(t *testing.T, l *Ledger, token string) error {
	t.Helper()
	a, err := l.OpenAccess(token)
	if err != nil {
		return err
	}
	g, err := read(t, l, a.Ref)
	if err != nil {
		return err
	}
	return g.CheckAccess(a)
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

func TestG1_OneWinner(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) storage.Store{"bolt": openBolt} {
		t.Run(name, func(t *testing.T) {
			l := New(Config{Store: open(t), Secrets: testSecrets(t)})
			for range 30 {
				code := issued(t, l, request())
				var won sync.Map
				var wg sync.WaitGroup
				start := make(chan struct{})
				for i := range 16 {
					wg.Go(func() {
						<-start
						if g, err := redeem(t, l, code, right()); err == nil {
							won.Store(i, g)
						} else if !errors.Is(err, ErrReused) && !errors.Is(err, ErrInvalid) {
							t.Errorf("loser: %v", err)
						}
					})
				}
				close(start)
				wg.Wait()
				winners := 0
				won.Range(func(_, g any) bool {
					winners++
					token := l.AccessToken(l.Access(g.(Grant), []string{"openid"}))
					want(t, alive(t, l, token), ErrInvalid) // G2: the losers showed it again
					return true
				})
				if winners != 1 {
					t.Fatalf("%d winners", winners)
				}
			}
		})
	}
}

func TestG2_CodeShownAgainEndsTheGrant(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		code := issued(t, l, request())
		g := mustRedeem(t, l, code)
		access := l.AccessToken(l.Access(g, g.Scopes))
		if err := alive(t, l, access); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		_, err := redeem(t, l, code, right())
		want(t, err, ErrReused)
		want(t, alive(t, l, access), ErrInvalid)
		_, _, err = refresh(t, l, l.RefreshToken(g))
		want(t, err, ErrInvalid)
	})
}

func TestG2_AlsoWhenShownByAnotherClient(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		code := issued(t, l, request())
		g := mustRedeem(t, l, code)
		other := right()
		other.ClientID = "gitlab"
		_, err := redeem(t, l, code, other)
		want(t, err, ErrReused)
		_, _, err = refresh(t, l, l.RefreshToken(g))
		want(t, err, ErrInvalid)
	})
}

func TestG3_Binding(t *testing.T) {
	change := func(f func(*Redemption)) Redemption { r := right(); f(&r); return r }
	for name, c := range map[string]struct {
		shown Redemption
		want  error
	}{
		"another client":        {change(func(r *Redemption) { r.ClientID = "gitlab" }), ErrWrongClient},
		"client in other case":  {change(func(r *Redemption) { r.ClientID = "Grafana" }), ErrWrongClient},
		"another redirect URI":  {change(func(r *Redemption) { r.RedirectURI += "/" }), ErrMismatch},
		"no redirect URI":       {change(func(r *Redemption) { r.RedirectURI = "" }), ErrMismatch},
		"another verifier":      {change(func(r *Redemption) { r.Verifier = strings.Repeat("a", 43) }), ErrMismatch},
		"no verifier":           {change(func(r *Redemption) { r.Verifier = "" }), ErrMismatch},
		"challenge as verifier": {change(func(r *Redemption) { r.Verifier = challengeOf(testVerifier) }), ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, l *Ledger) {
				code := issued(t, l, request())
				_, err := redeem(t, l, code, c.shown)
				want(t, err, c.want)
				mustRedeem(t, l, code) // nothing was burnt
			})
		})
	}
}

// proves: code verifiers | RFC 7636 sections 4.1 and 4.6
func TestG3_PKCETable(t *testing.T) {
	for _, c := range []struct {
		challenge, verifier string
		required, ok        bool
	}{
		{challengeOf(testVerifier), testVerifier, true, true},
		{challengeOf(testVerifier), testVerifier, false, true},
		{challengeOf(testVerifier), "", true, false},
		{challengeOf(testVerifier), "", false, false}, // downgrade by leaving out the verifier
		{"", testVerifier, true, false},
		{"", testVerifier, false, false}, // downgrade by leaving out the challenge
		{"", "", true, false},
		{"", "", false, true},
		{challengeOf("short"), "short", false, false},
		{challengeOf(strings.Repeat("a", 129)), strings.Repeat("a", 129), false, false},
		{challengeOf(strings.Repeat("é", 30)), strings.Repeat("é", 30), false, false},
		{testVerifier, testVerifier, false, false}, // plain
	} {
		if err := checkPKCE(c.challenge, c.verifier, c.required); (err == nil) != c.ok {
			t.Errorf("challenge %q, verifier %q, required %v: %v", c.challenge, c.verifier, c.required, err)
		}
	}
}

// proves: codes expire | RFC 6749 section 4.1.2
func TestG3_CodeExpires(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		code := issued(t, l, request())
		time.Sleep(l.lives.Code)
		_, err := redeem(t, l, code, right())
		want(t, err, ErrInvalid)
	})
}

func TestG4_LeewayGivesTheSameSuccessor(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		first := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
		g, replayed, err := refresh(t, l, first)
		if err != nil || replayed {
			t.Fatal(err, replayed)
		}
		second := l.RefreshToken(g)
		if second == first {
			t.Fatal("not rotated")
		}
		for range 5 {
			time.Sleep(5 * time.Second)
			g, replayed, err := refresh(t, l, first)
			if err != nil || !replayed || l.RefreshToken(g) != second {
				t.Fatalf("replay: %v, %v, same %v", err, replayed, l.RefreshToken(g) == second)
			}
		}
		time.Sleep(6 * time.Second)
		_, _, err = refresh(t, l, first)
		want(t, err, ErrReused)
		_, _, err = refresh(t, l, second)
		want(t, err, ErrInvalid)
	})
}

func TestG4_RivalsInsideTheLeeway(t *testing.T) {
	l := New(Config{Store: openBolt(t), Secrets: testSecrets(t)})
	first := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
	var mu sync.Mutex
	got := map[string]int{}
	fresh := 0
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			g, replayed, err := refresh(t, l, first)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			got[l.RefreshToken(g)]++
			if !replayed {
				fresh++
			}
		})
	}
	wg.Wait()
	if len(got) != 1 || fresh != 1 {
		t.Errorf("%d successors, %d of them first", len(got), fresh)
	}
}

func TestG4_LeewayIsBounded(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		l.lives.LeewayUses = 3
		first := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
		for i := range 4 { // the first use and three of the leeway
			if _, _, err := refresh(t, l, first); err != nil {
				t.Fatal(i, err)
			}
		}
		_, _, err := refresh(t, l, first)
		want(t, err, ErrReused)
	})
}

// proves: rotation of refresh tokens, with a leeway | RFC 9700 section 4.14.2
func TestG5_SupersededEndsNothing(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		first := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
		g, _, _ := refresh(t, l, first)
		second := l.RefreshToken(g)
		time.Sleep(10 * time.Second)
		g, _, err := refresh(t, l, second)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = refresh(t, l, first)
		want(t, err, ErrSuperseded)
		time.Sleep(25 * time.Second) // the first one's leeway is over, the second one's not
		third := l.RefreshToken(g)
		if g, _, err = refresh(t, l, third); err != nil {
			t.Fatal(err)
		}
		_, _, err = refresh(t, l, first)
		want(t, err, ErrReused)
		_, _, err = refresh(t, l, l.RefreshToken(g))
		want(t, err, ErrInvalid)
	})
}

func TestG6_LostWriteIsMadeGood(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		g := mustRedeem(t, l, issued(t, l, request()))
		before := g
		for range 3 {
			var err error
			if g, _, err = refresh(t, l, l.RefreshToken(g)); err != nil {
				t.Fatal(err)
			}
		}
		do(t, l, storage.Put(g.Ref.key(), before.encode(), time.Hour)) // as after a failover
		recovered, replayed, err := refresh(t, l, l.RefreshToken(g))
		if err != nil || replayed || recovered.Generation != g.Generation+1 {
			t.Fatalf("%v, %v, generation %d after %d", err, replayed, recovered.Generation, g.Generation)
		}
	})
}

func TestG6_EvenWhenTheRedemptionWasLost(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		ref, op := l.Issue(request())
		do(t, l, op)
		outstanding, err := read(t, l, ref)
		if err != nil {
			t.Fatal(err)
		}
		g := mustRedeem(t, l, l.Code(ref))
		do(t, l, storage.Put(ref.key(), outstanding.encode(), time.Minute))
		if _, _, err := refresh(t, l, l.RefreshToken(g)); err != nil {
			t.Fatal(err)
		}
		_, err = redeem(t, l, l.Code(ref), right())
		want(t, err, ErrReused)
	})
}

// proves: a refresh never widens the scope | RFC 6749 section 6
func TestG7_ScopesNeverGrow(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		r := request()
		r.Scopes = []string{"openid", "email"}
		g := mustRedeem(t, l, issued(t, l, r))
		for _, c := range []struct{ ask, get string }{
			{"openid email", "openid email"}, {"email", "email"}, {"openid phone groups", "openid"}, {"admin", ""},
		} {
			token := l.AccessToken(l.Access(g, strings.Fields(c.ask)))
			a, err := l.OpenAccess(token)
			if err != nil || strings.Join(a.Scopes, " ") != c.get {
				t.Errorf("asked %q: got %q, %v", c.ask, a.Scopes, err)
			}
		}
	})
}

func TestG8_AccessToken(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		store := storagetest.Count(l.store)
		l.store = store
		g := mustRedeem(t, l, issued(t, l, request()))
		store.Reset()
		a := l.Access(g, g.Scopes)
		token := l.AccessToken(a)
		if store.Trips() != 0 {
			t.Error("issuing an access token asked storage")
		}
		got, err := l.OpenAccess(token)
		if err != nil || got.Audience != testClient || got.Ref != g.Ref || !got.Expires.Equal(a.Expires) {
			t.Fatalf("%+v, %v", got, err)
		}
		time.Sleep(l.lives.Access + time.Second)
		_, err = l.OpenAccess(token)
		want(t, err, ErrInvalid)

		token = l.AccessToken(l.Access(g, g.Scopes))
		if err := l.End(t.Context(), g, "test"); err != nil {
			t.Fatal(err)
		}
		want(t, alive(t, l, token), ErrInvalid)
	})
}

func TestG8_NeverBeyondTheGrant(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		r := request()
		r.Refreshable, r.Ends = false, time.Now().Add(2*time.Minute)
		g := mustRedeem(t, l, issued(t, l, r))
		if l.RefreshToken(g) != "" {
			t.Error("a grant without refresh has a refresh token")
		}
		if a := l.Access(g, g.Scopes); a.Expires.After(r.Ends) {
			t.Errorf("expires %v, grant ends %v", a.Expires, r.Ends)
		}
	})
}

func TestG8_RefreshLives(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		token := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
		for range 8 { // every 12 days, idle life 14
			time.Sleep(12 * 24 * time.Hour)
			g, _, err := refresh(t, l, token)
			if time.Since(time.Unix(g.Ends, 0)) >= 0 && err == nil {
				t.Fatal("refreshed beyond the absolute end")
			}
			if err != nil {
				want(t, err, ErrInvalid)
				return
			}
			token = l.RefreshToken(g)
		}
		t.Error("the family outlived 90 days")
	})
	inTime(t, func(t *testing.T, l *Ledger) {
		token := l.RefreshToken(mustRedeem(t, l, issued(t, l, request())))
		time.Sleep(l.lives.RefreshIdle + time.Second)
		_, _, err := refresh(t, l, token)
		want(t, err, ErrInvalid)
	})
}

func TestG8_NothingBeyondTheAbsoluteEnd(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) { // the record lives on, as a tombstone would
		r := request()
		r.Ends = time.Now().Add(time.Minute)
		token := l.RefreshToken(mustRedeem(t, l, issued(t, l, r)))
		time.Sleep(2 * time.Minute)
		_, _, err := refresh(t, l, token)
		want(t, err, ErrInvalid)
	})
	inTime(t, func(t *testing.T, l *Ledger) { // a code is worth nothing when its session has ended
		l.lives.Code = 10 * time.Minute
		r := request()
		r.Ends = time.Now().Add(time.Minute)
		code := issued(t, l, r)
		time.Sleep(2 * time.Minute)
		_, err := redeem(t, l, code, right())
		want(t, err, ErrInvalid)
	})
}

func TestG4_RemembersOnlyTheLeeway(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		g := mustRedeem(t, l, issued(t, l, request()))
		for range 10 {
			time.Sleep(time.Minute)
			var err error
			if g, _, err = refresh(t, l, l.RefreshToken(g)); err != nil {
				t.Fatal(err)
			}
		}
		if len(g.Spent) != 1 {
			t.Errorf("%d spent generations are kept", len(g.Spent))
		}
	})
}

func TestEndOfWhatHasExpired(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		g := mustRedeem(t, l, issued(t, l, request()))
		do(t, l, storage.Delete(g.Ref.key()))
		if err := l.End(t.Context(), g, "test"); err != nil {
			t.Errorf("ending what is gone: %v", err)
		}
	})
}

func TestG9_RecordOpensNothing(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		ref, op := l.Issue(request())
		do(t, l, op)
		code := l.Code(ref)
		stored := []*storage.Op{l.Fetch(ref)}
		l.store.Together(t.Context(), stored...)
		g := mustRedeem(t, l, code)
		after := l.Fetch(ref)
		l.store.Together(t.Context(), after)
		access := l.AccessToken(l.Access(g, g.Scopes))
		for _, value := range [][]byte{stored[0].Value, after.Value, []byte(ref.key())} {
			for name, credential := range map[string]string{"code": code, "refresh": l.RefreshToken(g), "access": access} {
				if bytes.Contains(value, []byte(credential)) {
					t.Errorf("%s stands in %s", name, value)
				}
			}
		}
		// And what stands there is not taken for a credential either.
		for _, guess := range []string{strings.TrimPrefix(ref.key(), "grant/"), ref.Name(), string(after.Value)} {
			_, err := l.OpenCode(guess)
			want(t, err, ErrInvalid)
			_, err = l.OpenAccess(guess)
			want(t, err, ErrInvalid)
		}
	})
}

func TestG9_KindsAreNotMixed(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		ref, op := l.Issue(request())
		do(t, l, op)
		code := l.Code(ref)
		g := mustRedeem(t, l, code)
		access := l.AccessToken(l.Access(g, g.Scopes))
		tokens := map[string]string{"code": code, "refresh": l.RefreshToken(g), "access": access}
		for name, token := range tokens {
			_, err1 := l.OpenCode(token)
			_, _, err2 := l.OpenRefresh(token)
			_, err3 := l.OpenAccess(token)
			for kind, err := range map[string]error{"code": err1, "refresh": err2, "access": err3} {
				if (err == nil) != (kind == name) {
					t.Errorf("%s opened as %s: %v", name, kind, err)
				}
			}
		}
	})
}

func TestG10_UnknownIsNeitherGrantedNorInvalid(t *testing.T) {
	for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
		inTime(t, func(t *testing.T, l *Ledger) {
			good := l.store
			code := issued(t, l, request())
			ref, _ := l.OpenCode(code)
			g, err := read(t, l, ref)
			if err != nil {
				t.Fatal(err)
			}
			l.store = storagetest.Faulty(good, func(*storage.Op) storagetest.Fault { return fault })
			_, err = l.Redeem(t.Context(), g)
			want(t, err, storage.ErrUnknown)
			if err := l.End(t.Context(), g, "test"); !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("End said %v", err)
			}
			op := l.Fetch(ref)
			l.store.Together(t.Context(), op)
			_, err = l.Read(ref, op)
			want(t, err, storage.ErrUnknown)
			l.store = good
		})
	}
	_, err := decode(Ref{}, []byte(`{"f":9,"st":"active","c":"x"}`), storage.Version{})
	want(t, err, storage.ErrUnknown)
	_, err = decode(Ref{}, []byte(`garbage`), storage.Version{})
	want(t, err, storage.ErrUnknown)
}

func TestG11_SecretRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := openBolt(t)
		old, next := secret.Generate(), secret.Generate()
		l := New(Config{Store: store, Secrets: testSecrets(t, old)})
		g := mustRedeem(t, l, issued(t, l, request()))
		refreshToken := l.RefreshToken(g)
		access := l.AccessToken(l.Access(g, g.Scopes))
		code := issued(t, l, request())

		moved := New(Config{Store: store, Secrets: testSecrets(t, next, old)})
		if err := alive(t, moved, access); err != nil {
			t.Error(err)
		}
		mustRedeem(t, moved, code)
		g, _, err := refresh(t, moved, refreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if g.Secret != moved.secret() || g.Secret == l.secret() {
			t.Errorf("the grant notes secret %s", g.Secret)
		}
		alone := New(Config{Store: store, Secrets: testSecrets(t, next)})
		_, _, err = refresh(t, alone, refreshToken)
		want(t, err, ErrInvalid)
		if _, _, err = refresh(t, alone, moved.RefreshToken(g)); err != nil {
			t.Error(err)
		}
	})
}

func TestGrantsOnRedis(t *testing.T) {
	// What bolt shows above, on the other store: the races.
	testOnRedis(t, func(t *testing.T, ledgers []*Ledger) {
		for range 50 {
			code := issued(t, ledgers[0], request())
			var wg sync.WaitGroup
			var mu sync.Mutex
			var winners []Grant
			for i := range 24 {
				l := ledgers[i%len(ledgers)]
				wg.Go(func() {
					if g, err := redeem(t, l, code, right()); err == nil {
						mu.Lock()
						winners = append(winners, g)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(winners) != 1 {
				t.Fatalf("%d winners", len(winners))
			}
			token := ledgers[0].AccessToken(ledgers[0].Access(winners[0], []string{"openid"}))
			want(t, alive(t, ledgers[1], token), ErrInvalid)
		}
	})
}

func FuzzOpen(f *testing.F) {
	list, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		f.Fatal(err)
	}
	l := New(Config{Secrets: list})
	g := Grant{Ref: Ref{ID: newID(), Subject: testSubject}, record: record{ClientID: "c", Scopes: []string{"openid"}, Refreshable: true, Generation: 1, Ends: time.Now().Add(time.Hour).Unix()}}
	access := l.AccessToken(l.Access(g, g.Scopes))
	ours := map[string]bool{l.Code(g.Ref): true, l.RefreshToken(g): true, access: true}
	for token := range ours {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err1 := l.OpenCode(token)
		_, _, err2 := l.OpenRefresh(token)
		_, err3 := l.OpenAccess(token)
		if (err1 == nil || err2 == nil || err3 == nil) && !ours[token] {
			t.Errorf("%q was opened and not issued", token)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"f":1,"st":"active","c":"grafana","sp":[1,2],"g":3}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		g, err := decode(Ref{}, value, storage.Version{})
		if err == nil && (g.ClientID == "" || g.Format != format) {
			t.Errorf("%q was taken for a grant", value)
		}
	})
}

func BenchmarkRotate(b *testing.B) {
	list, _ := secret.Parse([]byte(secret.Generate()))
	store, err := bolt.Open(filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	l := New(Config{Store: store, Secrets: list})
	ref, op := l.Issue(request())
	store.Together(context.Background(), op)
	read := l.Fetch(ref)
	store.Together(context.Background(), read)
	g, err := l.Read(ref, read)
	if err == nil {
		g, err = l.Redeem(context.Background(), g)
	}
	for b.Loop() && err == nil {
		g, _, err = l.Rotate(context.Background(), g, g.Generation)
	}
	if err != nil {
		b.Fatal(err)
	}
}
