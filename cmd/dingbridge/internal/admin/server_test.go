package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// trail keeps what is audited, and checks it against the catalogue.
type trail struct {
	t   *testing.T
	mu  sync.Mutex
	is  []string
	by  string // of the last
	err error
}

func (a *trail) Record(_ context.Context, e audit.Event) {
	if err := audit.Check(e); err != nil {
		a.t.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by, a.err = e.By, e.Err
	a.is = append(a.is, fmt.Sprintf("%s %s %s", e.Name, e.Way, e.Reason))
}

func (a *trail) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	is := a.is
	a.is = nil
	return is
}

// weather is a store that can be made to fail.
type weather struct {
	storage.Store
	down bool
}

func (w *weather) Together(ctx context.Context, ops ...*storage.Op) error {
	if w.down {
		return fmt.Errorf("ask: %w", storage.ErrUnknown)
	}
	return w.Store.Together(ctx, ops...)
}

type opened struct {
	*keys.Ring
	secrets *secret.List
}

// ring opens a real ring on a real store.
func ring(t *testing.T) (opened, *weather) {
	t.Helper()
	file, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	secrets, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		t.Fatal(err)
	}
	store := &weather{Store: file}
	r, err := keys.Open(t.Context(), keys.Config{Store: store, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	return opened{r, secrets}, store
}

// serve lets h answer at a socket until the test ends.
func serve(t *testing.T, h http.Handler) *Client {
	t.Helper()
	path := filepath.Join(folder(t), "s")
	l := open(t, path)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() { server.Close(); serving.Wait() })
	return NewClient(path)
}

func TestA6_RotateNeverDoubles(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	c := serve(t, Handler(Config{Ring: r, Audit: told}))
	before, err := c.Keys(t.Context())
	if err != nil || len(before) != 2 {
		t.Fatalf("%v, %v", before, err)
	}
	for _, k := range before {
		if k.State != keys.Signing || k.KID == "" || k.Created.IsZero() || !k.SignsFrom.Equal(k.Created) || !k.PublishedUntil.IsZero() || !k.SignsUntil.IsZero() {
			t.Errorf("%+v", k)
		}
	}
	first, err := c.Rotate(t.Context())
	if err != nil || len(first) != 2 || first[0].Alg != "RS256" || first[1].Alg != "ES256" {
		t.Fatalf("%v, %v", first, err)
	}
	for _, n := range first {
		if !n.New || n.State != keys.Next || n.SignsFrom.Sub(n.Created) != 24*time.Hour+5*time.Minute {
			t.Errorf("%+v", n)
		}
	}
	list, err := c.Keys(t.Context())
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, k := range []Key{list[0], list[2]} {
		if !k.SignsUntil.Equal(first[i].SignsFrom) || !k.PublishedUntil.After(k.SignsUntil) {
			t.Errorf("%+v does not know its end", k)
		}
	}
	set := r.JWKS()
	again, err := c.Rotate(t.Context())
	if err != nil || len(again) != 2 || r.JWKS() != set {
		t.Fatalf("%v, %v", again, err)
	}
	for i := range again {
		if again[i].New || again[i].Key != first[i].Key {
			t.Errorf("another key comes next: %+v", again[i])
		}
	}
	if got, want := told.take(), []string{"admin.called keys.list done", "admin.called keys.rotate done", "admin.called keys.list done", "admin.called keys.rotate done"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What another replica published is not this call's, although this one reads it only
// now; and the keys that two replicas ask for are the same.
func TestA6_AnotherReplicaWasQuicker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := ring(t)
		other, err := keys.Open(t.Context(), keys.Config{Store: store, Secrets: r.secrets})
		if err != nil {
			t.Fatal(err)
		}
		quick, err := Config{Ring: other}.rotate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		late, err := Config{Ring: r}.rotate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range quick.(Rotations).Rotations {
			if l := late.(Rotations).Rotations[i]; !n.New || l.New || l.Key != n.Key {
				t.Errorf("%+v, then %+v", n, l)
			}
		}
	})
}

// A later call does not claim what an earlier one published.
func TestA6_OnlyTheFirstCallIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := ring(t)
		c := Config{Ring: r}
		for call, want := range []bool{true, false, false} {
			answer, err := c.rotate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range answer.(Rotations).Rotations {
				if n.New != want {
					t.Errorf("call %d, %s: new is %v", call, n.Alg, n.New)
				}
			}
			time.Sleep(10 * time.Hour)
		}
		time.Sleep(24 * time.Hour) // the next keys sign
		answer, err := c.rotate(t.Context())
		if err != nil || len(answer.(Rotations).Rotations) != 2 || !answer.(Rotations).Rotations[0].New {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestA5_TroubleSaysWhatToDo(t *testing.T) {
	r, store := ring(t)
	told := &trail{t: t}
	c := serve(t, Handler(Config{Ring: r, Audit: told}))
	store.down = true
	_, err := c.Rotate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the storage does not answer") || !strings.Contains(err.Error(), "; try again") {
		t.Errorf("without storage: %v", err)
	}
	if list, err := c.Keys(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("the list needs storage: %v", err)
	}
	store.down = false
	if done, err := c.Rotate(t.Context()); err != nil || len(done) != 2 {
		t.Errorf("afterwards: %v", err)
	}
	if got := told.take(); got[0] != "admin.called keys.rotate failed" {
		t.Errorf("%q", got)
	}
}

func TestA4_EveryCallIsAudited(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	h := Handler(Config{Ring: r, Audit: told})
	for _, tc := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/keys", "", 200, "keys.list done"},
		{"GET", "/keys", strings.Repeat("x", maxBody), 200, "keys.list done"},
		{"POST", "/keys/rotations", "", 200, "keys.rotate done"},
		{"POST", "/keys/rotations", strings.Repeat("x", maxBody+1), 413, "keys.rotate refused"},
		{"GET", "/keys/rotations", "", 404, "unknown refused"}, // nothing is changed by asking
		{"DELETE", "/keys", "", 404, "unknown refused"},
		{"GET", "/", "", 404, "unknown refused"},
		{"GET", "/users", "", 404, "unknown refused"},
		{"POST", "http://x//keys/rotations", "", 404, "unknown refused"}, // paths are not tidied up
		{"POST", "http://x/keys/../keys/rotations", "", 404, "unknown refused"},
		{"POST", "/" + strings.Repeat("k", 999), strings.Repeat("x", 1<<20), 413, "unknown refused"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body)))
		if w.Code != tc.status || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %.20s: %d %s", tc.method, tc.path, w.Code, w.Body)
		}
		if got := told.take(); !slices.Equal(got, []string{"admin.called " + tc.want}) {
			t.Errorf("%s %.20s: %q", tc.method, tc.path, got)
		}
	}
}

// The caller has hung up before the rotation begins.
func TestA4_ARotationOutlivesItsCaller(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	Handler(Config{Ring: r, Audit: told}).ServeHTTP(w, httptest.NewRequest("POST", "/keys/rotations", nil).WithContext(ctx))
	if w.Code != 200 || len(r.List()) != 4 {
		t.Errorf("%d, %d keys", w.Code, len(r.List()))
	}
	if got := told.take(); !slices.Equal(got, []string{"admin.called keys.rotate done"}) {
		t.Errorf("%q", got)
	}
}

func TestA5_NobodyAnswers(t *testing.T) {
	dir := folder(t)
	dead(t, filepath.Join(dir, "dead"))
	closed := filepath.Join(dir, "closed")
	open(t, closed)
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"none": ErrNotServed, "dead": ErrNotServed, "closed": ErrForbidden} {
		if name == "closed" && os.Geteuid() == 0 {
			continue // root may open everything
		}
		path := filepath.Join(dir, name)
		_, err := NewClient(path).Rotate(t.Context())
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that takes the call and does not answer, or never ends, keeps nobody.
func TestA5_ASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		c := NewClient("s")
		c.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		if _, err := c.Keys(t.Context()); err == nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	endless := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
				return
			}
		}
	}))
	if _, err := endless.Keys(t.Context()); !errors.Is(err, ErrStranger) {
		t.Errorf("an endless answer: %v", err)
	}
}

func TestA5_AStrangersAnswerIsNotShown(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"a page":          {200, "<html>"},
		"nothing":         {200, ""},
		"a terminal code": {200, `{"keys":[{"kid":"\u001b[2J"}]}`},
		"a line end":      {200, `{"keys":[{"kid":"a\nb"}]}`},
		"bidi":            {200, `{"keys":[{"state":"a\u202eb"}]}`},
		"no words":        {500, `{}`},
		"words with code": {500, `{"error":"\u001b]0;x\u0007"}`},
		"another remedy":  {500, `{"error":"x","remedy":"\u0000"}`},
		"a redirect":      {302, `{"keys":[]}`},
		"another type":    {200, `{"keys":"all"}`},
	} {
		var list KeyList
		if err := decode(tc.status, []byte(tc.body), &list); !errors.Is(err, ErrStranger) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"keys":[{"kid":"a","alg":"RS256","state":"next","created":"2026-01-01T00:00:00Z"}]}`))
	f.Add(500, []byte(`{"error":"x","remedy":"y"}`))
	f.Add(200, []byte("{\"keys\":[{\"kid\":\"\\u001b[2J\xff\"}]}"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var list KeyList
		err := decode(status, body, &list)
		shown := ""
		if err != nil {
			shown = err.Error()
		} else {
			for _, k := range list.Keys {
				shown += k.KID + k.Alg + string(k.State)
			}
		}
		if strings.ContainsAny(shown, "\x00\x07\x1b\n\r\u202e\u2028\u0085") {
			t.Errorf("%q is shown", shown)
		}
	})
}
