package pushed

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"reflect"
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

const (
	mine   = "the-cookie-of-one-browser"
	theirs = "the-cookie-of-another-one"
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
func inTime(t *testing.T, test func(t *testing.T, q *Requests)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, New(Config{Store: openBolt(t), Secrets: testSecrets(t)}))
	})
}

func request() url.Values {
	return url.Values{
		"client_id": {"app"}, "redirect_uri": {"https://app.example.com/cb?a=b&c=d"}, "scope": {"openid profile"},
		"state": {"it's <a> state\n"}, "login_hint": {"zhangsan@example.com"}, "resource": {"one", "two"},
	}
}

func push(t *testing.T, q *Requests, form url.Values) string {
	t.Helper()
	uri, life, op, err := q.Push("app", form)
	if err == nil {
		err = q.store.Together(t.Context(), op)
	}
	if err != nil || life != q.life {
		t.Fatal(life, err)
	}
	return uri
}

func post(t *testing.T, q *Requests, endpoint string, form url.Values) string {
	t.Helper()
	reference, op, err := q.Post(endpoint, form)
	if err == nil {
		err = q.store.Together(t.Context(), op)
	}
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// opens tells whether a reference gives exactly the request.
func opens(t *testing.T, got url.Values, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, request()) {
		t.Errorf("%v, %v", got, err)
	}
}

// refused tells whether it gives nothing, for the reason.
func refused(t *testing.T, form url.Values, err, reason error) {
	t.Helper()
	if form != nil || !errors.Is(err, reason) {
		t.Errorf("%v, %v; want %v", form, err, reason)
	}
}

func TestQ1_OnlyForItsClient(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		uri := push(t, q, request())
		for _, client := range []string{"other", "", "App", "app ", "/authorize"} {
			form, err := q.Open(t.Context(), uri, client, mine)
			refused(t, form, err, ErrOtherClient)
		}
		// None of them took it away from its client's browser.
		form, err := q.Open(t.Context(), uri, "app", theirs)
		opens(t, form, err)
	})
}

func TestQ2_OneBrowserMayComeAgain(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		uri := push(t, q, request())
		form, err := q.Open(t.Context(), uri, "app", "")
		refused(t, form, err, ErrOtherBrowser) // nobody can be told apart by no cookie
		for range 3 {
			form, err := q.Open(t.Context(), uri, "app", mine)
			opens(t, form, err)
			form, err = q.Open(t.Context(), uri, "app", theirs)
			refused(t, form, err, ErrOtherBrowser)
			time.Sleep(q.life / 4)
		}
		// Using it does not prolong it.
		time.Sleep(q.life / 4)
		form, err = q.Open(t.Context(), uri, "app", mine)
		refused(t, form, err, ErrUnknownRequest)
	})
}

func TestQ2_RivalsOnBolt(t *testing.T) {
	q := New(Config{Store: openBolt(t), Secrets: testSecrets(t)})
	testRivals(t, []*Requests{q, q, q})
}

// TestQ2_RivalsOnRedis has three processes that share one real Redis.
func TestQ2_RivalsOnRedis(t *testing.T) {
	server, secrets := storagetest.StartRedis(t), testSecrets(t)
	var replicas []*Requests
	for range 3 {
		store, err := redis.Open(t.Context(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		replicas = append(replicas, New(Config{Store: store, Secrets: secrets}))
	}
	testRivals(t, replicas)
}

func testRivals(t *testing.T, replicas []*Requests) {
	for range 10 {
		uri := push(t, replicas[0], request())
		var mu sync.Mutex
		won := map[string]int{}
		var wg sync.WaitGroup
		for i := range 18 {
			browser := []string{"one", "two", "three"}[i/6] // each comes to every replica
			wg.Go(func() {
				form, err := replicas[i%3].Open(t.Context(), uri, "app", browser)
				switch {
				case err == nil && reflect.DeepEqual(form, request()):
					mu.Lock()
					won[browser]++
					mu.Unlock()
				case !errors.Is(err, ErrOtherBrowser):
					t.Errorf("loser: %v, %v", form, err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("browsers that have it: %v", won)
		}
		for browser, times := range won {
			if times != 6 {
				t.Errorf("browser %s got its own request %d times of 6", browser, times)
			}
		}
	}
}

func TestQ3_OnlyAtItsEndpoint(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		reference := post(t, q, "/authorize", request())
		for range 2 {
			form, err := q.OpenPosted(t.Context(), "/authorize", reference)
			opens(t, form, err)
			form, err = q.OpenPosted(t.Context(), "/end_session", reference)
			refused(t, form, err, ErrUnknownRequest)
			time.Sleep(q.stays / 3)
		}
		// A posted form is no pushed request, and the other way round.
		form, err := q.Open(t.Context(), uriPrefix+reference, "/authorize", mine)
		refused(t, form, err, ErrUnknownRequest)
		form, err = q.OpenPosted(t.Context(), "app", strings.TrimPrefix(push(t, q, request()), uriPrefix))
		refused(t, form, err, ErrUnknownRequest)
	})
}

func TestQ4_ForgedAndOldAreRefusedWithoutATrip(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		counter := storagetest.Count(q.store)
		q.store = counter
		uri, reference := push(t, q, request()), post(t, q, "/authorize", request())
		counter.Reset()
		stranger := New(Config{Store: counter, Secrets: testSecrets(t)})
		theirURI, _, _, err := stranger.Push("app", request())
		if err != nil {
			t.Fatal(err)
		}
		for _, forged := range []string{
			"", uriPrefix, uriPrefix + "x", uri + "A", uri[:len(uri)-1], strings.TrimPrefix(uri, uriPrefix), strings.ToUpper(uri),
			uriPrefix + strings.Repeat("A", 5000), "https://app.example.com/request.jwt", theirURI, uri + "\n",
		} {
			form, err := q.Open(t.Context(), forged, "app", mine)
			refused(t, form, err, ErrUnknownRequest)
			form, err = q.OpenPosted(t.Context(), "/authorize", forged)
			refused(t, form, err, ErrUnknownRequest)
		}
		time.Sleep(q.life)
		form, err := q.Open(t.Context(), uri, "app", mine)
		refused(t, form, err, ErrUnknownRequest)
		time.Sleep(q.stays - q.life)
		form, err = q.OpenPosted(t.Context(), "/authorize", reference)
		refused(t, form, err, ErrUnknownRequest)
		if counter.Trips() != 0 {
			t.Errorf("%d trips", counter.Trips())
		}
	})
}

func TestQ4_TripsOfOpening(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		uri, reference := push(t, q, request()), post(t, q, "/authorize", request())
		counter := storagetest.Count(q.store)
		q.store = counter
		for what, test := range map[string]struct {
			trips int
			open  func() (url.Values, error)
		}{
			"posted": {1, func() (url.Values, error) { return q.OpenPosted(t.Context(), "/authorize", reference) }},
			"pushed, first use": {2, func() (url.Values, error) {
				return q.Open(t.Context(), uri, "app", mine)
			}},
		} {
			counter.Reset()
			form, err := test.open()
			opens(t, form, err)
			if counter.Trips() != test.trips {
				t.Errorf("%s: %d trips", what, counter.Trips())
			}
		}
		counter.Reset()
		form, err := q.Open(t.Context(), uri, "app", mine)
		opens(t, form, err)
		if counter.Trips() != 1 {
			t.Errorf("pushed, once more: %d trips", counter.Trips())
		}
	})
}

func TestQ5_NothingCanBeReadOutOfStorage(t *testing.T) {
	q := New(Config{Store: openBolt(t), Secrets: testSecrets(t)})
	counter := storagetest.Count(q.store)
	q.store = counter
	form := request()
	form["client_secret"] = []string{"hush-hush-hush"}
	form["client_assertion"] = []string{"eyJhbGciOiJSUzI1NiJ9.e30.x"}
	form["client_assertion_type"] = []string{"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
	uri, reference := push(t, q, form), post(t, q, "/end_session", request())
	if form.Get("client_secret") == "" {
		t.Error("the caller's form was changed")
	}
	got, err := q.Open(t.Context(), uri, "app", mine)
	opens(t, got, err) // without what authenticated the client
	var dump bytes.Buffer
	for _, key := range counter.Keys() {
		get := storage.Get(key)
		if err := counter.Store.Together(t.Context(), get); err != nil {
			t.Fatal(err)
		}
		dump.WriteString(key + "\n" + string(get.Value) + "\n")
		// What lies there does not make a reference.
		_, id, _ := strings.Cut(key, "/")
		got, err := q.Open(t.Context(), uriPrefix+id, "app", mine)
		refused(t, got, err, ErrUnknownRequest)
		got, err = q.OpenPosted(t.Context(), "/end_session", id)
		refused(t, got, err, ErrUnknownRequest)
	}
	for _, word := range []string{
		"hush", "eyJ", "zhangsan", "openid", "app.example.com", "end_session", mine, hash(mine), strings.TrimPrefix(uri, uriPrefix), reference,
	} {
		if bytes.Contains(dump.Bytes(), []byte(word)) {
			t.Errorf("%q can be read in storage", word)
		}
	}
	// A record does not open in another's place.
	other := push(t, q, url.Values{"scope": {"other"}})
	one, err1 := open(q.uris, "par/", strings.TrimPrefix(uri, uriPrefix))
	two, err2 := open(q.uris, "par/", strings.TrimPrefix(other, uriPrefix))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	get := storage.Get(one.key)
	if err := counter.Store.Together(t.Context(), get); err != nil {
		t.Fatal(err)
	}
	if err := counter.Store.Together(t.Context(), storage.Put(two.key, get.Value, time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err = q.Open(t.Context(), other, "app", mine)
	refused(t, got, err, storage.ErrUnknown)
}

func TestQ5_AfterTheSecretWasRotated(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		before, after := secret.Generate(), secret.Generate()
		store := q.store
		old := New(Config{Store: store, Secrets: testSecrets(t, before)})
		uri, reference := push(t, old, request()), post(t, old, "/authorize", request())
		rotated := New(Config{Store: store, Secrets: testSecrets(t, after, before)})
		for range 2 { // the first use seals it anew
			form, err := rotated.Open(t.Context(), uri, "app", mine)
			opens(t, form, err)
		}
		form, err := rotated.OpenPosted(t.Context(), "/authorize", reference)
		opens(t, form, err)
		without := New(Config{Store: store, Secrets: testSecrets(t, after)})
		form, err = without.Open(t.Context(), uri, "app", mine)
		refused(t, form, err, ErrUnknownRequest)
	})
}

func TestQ6_BoundedAndGone(t *testing.T) {
	inTime(t, func(t *testing.T, q *Requests) {
		form := url.Values{"state": {""}}
		form.Set("state", strings.Repeat("s", q.largest-len(form.Encode())))
		uri, reference := push(t, q, form), post(t, q, "/authorize", form)
		if got, err := q.Open(t.Context(), uri, "app", mine); err != nil || got.Get("state") != form.Get("state") {
			t.Errorf("the largest: %v", err)
		}
		form.Set("state", form.Get("state")+"s")
		if _, _, op, err := q.Push("app", form); op != nil || !errors.Is(err, ErrTooLarge) {
			t.Errorf("pushed: %v", err)
		}
		if _, op, err := q.Post("/authorize", form); op != nil || !errors.Is(err, ErrTooLarge) {
			t.Errorf("posted: %v", err)
		}
		// Bytes that grow in the encoding count as they are kept.
		if _, _, err := q.Post("/authorize", url.Values{"state": {strings.Repeat("\x00", q.largest/2)}}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("escaped: %v", err)
		}
		one, err1 := open(q.uris, "par/", strings.TrimPrefix(uri, uriPrefix))
		two, err2 := open(q.posts, "posted/", reference)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for _, record := range []struct {
			key  string
			wait time.Duration
		}{{one.key, q.life}, {two.key, q.stays - q.life}} {
			time.Sleep(record.wait)
			get := storage.Get(record.key)
			if q.store.Together(t.Context(), get); !errors.Is(get.Err, storage.ErrNotFound) {
				t.Errorf("%s is still there: %v", record.key, get.Err)
			}
		}
	})
}

// TestThreat_PostedFormsFillNoMoreThanLogins: one brake counts logins and whatever is
// posted or pushed, so a stranger fills with the dearest of them. A login is 3 KiB at the
// most, for ten minutes (promise L6 of package login).
func TestThreat_PostedFormsFillNoMoreThanLogins(t *testing.T) {
	q := New(Config{Store: openBolt(t), Secrets: testSecrets(t)})
	login := float64(3<<10) * (10 * time.Minute).Seconds()
	for what, life := range map[string]time.Duration{"posted": q.stays, "pushed": q.life} {
		if kept := float64(q.largest) * life.Seconds(); kept > login {
			t.Errorf("%s: %.0f bytes for one a second, a login %.0f", what, kept, login)
		}
	}
}

func TestQ7_StorageTroubleIsNoRefusal(t *testing.T) {
	secrets, store := testSecrets(t), openBolt(t)
	well := New(Config{Store: store, Secrets: secrets})
	for name, verb := range map[string]storage.Verb{"read": storage.VerbGet, "bind": storage.VerbSwap} {
		for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
			q := New(Config{Secrets: secrets, Store: storagetest.Faulty(store, func(op *storage.Op) storagetest.Fault {
				if op.Verb == verb {
					return fault
				}
				return storagetest.NoFault
			})})
			uri, reference := push(t, well, request()), post(t, well, "/authorize", request())
			form, err := q.Open(t.Context(), uri, "app", mine)
			refused(t, form, err, storage.ErrUnknown)
			if errors.Is(err, ErrUnknownRequest) || errors.Is(err, ErrOtherBrowser) {
				t.Errorf("%s: %v", name, err)
			}
			if verb == storage.VerbGet {
				form, err = q.OpenPosted(t.Context(), "/authorize", reference)
				refused(t, form, err, storage.ErrUnknown)
			}
			form, err = well.Open(t.Context(), uri, "app", mine) // nothing was lost by it
			opens(t, form, err)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	form, err := well.Open(stopped, push(t, well, request()), "app", mine)
	refused(t, form, err, storage.ErrUnknown)
}

// FuzzOpen: whatever a browser brings, it opens only if it was made here, and what was
// not is not asked for.
func FuzzOpen(f *testing.F) {
	counter := storagetest.Count(openBolt(f))
	q := New(Config{Store: counter, Secrets: testSecrets(f)})
	uri, _, op, err := q.Push("app", request())
	if err != nil || counter.Together(f.Context(), op) != nil {
		f.Fatal(err)
	}
	f.Add(uri)
	f.Add(uriPrefix)
	f.Add(strings.TrimPrefix(uri, uriPrefix))
	f.Add("https://example.com/" + uri)
	f.Fuzz(func(t *testing.T, shown string) {
		counter.Reset()
		_, err := q.Open(t.Context(), shown, "other", mine)
		if _, postedErr := q.OpenPosted(t.Context(), "/authorize", shown); !errors.Is(postedErr, ErrUnknownRequest) {
			t.Errorf("posted %q: %v", shown, postedErr)
		}
		if shown == uri {
			if !errors.Is(err, ErrOtherClient) && !errors.Is(err, ErrUnknownRequest) { // its life may have ended
				t.Errorf("ours: %v", err)
			}
			return
		}
		if !errors.Is(err, ErrUnknownRequest) || counter.Trips() != 0 {
			t.Errorf("%q: %v, %d trips", shown, err, counter.Trips())
		}
	})
}
