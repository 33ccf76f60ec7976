package systemtest

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// until waits for something that must come.
func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * patience); !come(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for: %s", what)
		}
	}
}

// random finds the tokens and ids of a page, in which any short word may stand by chance.
var random = regexp.MustCompile(`[A-Za-z0-9_-]{18,}`)

// tellsNothing fails if an answer has words of the storage or its driver.
func tellsNothing(t *testing.T, w *world, body string) {
	t.Helper()
	body = random.ReplaceAllString(body, "…")
	u, _ := url.Parse(w.storage)
	for _, word := range []string{"redis", "Redis", "refused", "dial", "tcp", "EOF", u.Host, "i/o"} {
		if strings.Contains(body, word) {
			t.Errorf("the answer tells %q: %.300s", word, body)
		}
	}
}

func TestE7_RedisAwayAtTheStart(t *testing.T) {
	t.Parallel() // it mostly waits
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	r.Kill()
	p := w.start(nil, "serve", "--config", "config.yaml")
	until(t, "a word that the storage is away", func() bool { return strings.Contains(p.log(), "the storage does not answer") })
	if p.out.String() != "" {
		t.Errorf("without its storage it says %q", p.out.String())
	}
	r.Restart()
	w.readyURL(p)
	if _, err := newPerson().login(t.Context(), w, w.app("es")); err != nil {
		t.Error(err)
	}
	// One that is told to stop while it waits stops.
	if code, err := p.stop(); code != 0 || err != nil {
		t.Errorf("ended with %d, %v", code, err)
	}
	r.Kill()
	p = w.start(nil, "serve", "--config", "config.yaml")
	until(t, "a word that the storage is away", func() bool { return strings.Contains(p.log(), "the storage does not answer") })
	if code, err := p.stop(); code != 0 || err != nil || p.out.String() != "" {
		t.Errorf("ended with %d, %v, saying %q", code, err, p.out.String())
	}
}

// TestE7_RedisAwayInEachStep takes Redis away before each step of a login and its
// tokens: the step is 503, and is made good when Redis is back. Once it is dead and
// once it only does not answer.
func TestE7_RedisAwayInEachStep(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, tc := range []struct {
		name     string
		away, on func(*storagetest.Redis)
	}{
		{"dead", (*storagetest.Redis).Kill, (*storagetest.Redis).Restart},
		{"silent", (*storagetest.Redis).Pause, (*storagetest.Redis).Resume},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
			w := newWorld(t, setting{storage: r.URL})
			w.serve()
			w.eachStep(t, func(name string, step func() answer) answer {
				t.Helper()
				tc.away(r)
				got := step()
				if got.err != nil || got.status != http.StatusServiceUnavailable {
					t.Errorf("%s while Redis is away: %v", name, got)
				}
				tellsNothing(t, w, got.body)
				for _, path := range []string{"/jwks", "/.well-known/openid-configuration", "/healthz", "/readyz"} {
					if s, err := newPerson().get(t.Context(), w.issuer+path); err != nil || s.status != 200 {
						t.Errorf("%s while Redis is away: %d, %v", path, s.status, err)
					}
				}
				tc.on(r)
				// What a silent Redis had already been sent takes effect when it wakes:
				// then the first claim on a callback is in the way of the next until it
				// ends by itself. And connections that failed time and again are tried
				// anew once a second.
				got = step()
				for end := time.Now().Add(patience); got.status == 503 && time.Now().Before(end); {
					time.Sleep(20 * time.Millisecond)
					got = step()
				}
				return got
			})
		})
	}
}

// eachStep goes through a login. try runs a step, perhaps more than once, and returns
// its last answer.
func (w *world) eachStep(t *testing.T, try func(name string, step func() answer) answer) {
	ctx, a, p := t.Context(), w.app("es"), newPerson()
	browse := func(address string) func() answer {
		return func() answer {
			s, err := p.get(ctx, address)
			return answer{status: s.status, header: s.header, body: s.body, err: err}
		}
	}
	sent := try("authorize", browse(w.authorization(a)))
	s, err := p.get(ctx, sent.header.Get("Location")) // the simulator approves
	if err != nil || s.location == "" {
		t.Fatalf("authorize: %v; DingTalk: %v", sent, err)
	}
	back := try("callback", browse(s.location))
	code := codeIn(back.header.Get("Location"))
	if back.status != 302 || code == "" {
		t.Fatalf("callback: %v", back)
	}
	if again := try("single sign-on", browse(w.authorization(w.app("rs")))); codeIn(again.header.Get("Location")) == "" {
		t.Errorf("single sign-on: %v", again)
	}
	tokens := try("code exchange", func() answer { return a.redeem(ctx, w.issuer, code) })
	access, refresh := tokens.text("access_token"), tokens.text("refresh_token")
	for _, step := range []struct {
		name string
		do   func() answer
	}{
		{"userinfo", func() answer { return userinfo(ctx, w.issuer, access) }},
		{"introspection", func() answer { return a.introspect(ctx, w.issuer, access) }},
		{"refresh", func() answer { return a.refresh(ctx, w.issuer, refresh) }},
		{"revocation", func() answer { return a.revoke(ctx, w.issuer, access) }},
	} {
		if got := try(step.name, step.do); got.status != 200 {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	if got := userinfo(ctx, w.issuer, access); got.status != 401 {
		t.Errorf("after the revocation: %v", got)
	}
}

func codeIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("code")
}

// TestE7_RedisDiesWithinTheCallback takes Redis away while DingTalk is being asked.
// The person presses what the page offers, and is in.
func TestE7_RedisDiesWithinTheCallback(t *testing.T) {
	t.Parallel() // it mostly waits
	r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	w := newWorld(t, setting{storage: r.URL})
	w.serve()
	ctx, a, p := t.Context(), w.app("es"), newPerson()
	s, err := p.follow(ctx, w.authorization(a), w.issuer+"/login/callback")
	if err != nil || s.location == "" {
		t.Fatalf("%v, %v", s, err)
	}
	callback := s.location
	w.fault(t, "users/me", "1s")
	answered := make(chan seen, 1)
	go func() {
		s, err := p.get(context.WithoutCancel(ctx), callback)
		if err != nil {
			s.body = err.Error()
		}
		answered <- s
	}()
	w.faultTaken(t)
	r.Kill()
	got := <-answered
	r.Restart()
	if got.status != http.StatusServiceUnavailable {
		t.Fatalf("the callback: %d, to %q: %.200s", got.status, got.location, got.body)
	}
	tellsNothing(t, w, got.body)
	offered := regexp.MustCompile(`<a [^>]*href="([^"]+)"`).FindStringSubmatch(got.body)
	if offered == nil {
		t.Fatalf("the page offers nothing: %s", got.body)
	}
	next, err := url.Parse(callback)
	if err == nil {
		next, err = next.Parse(html.UnescapeString(offered[1]))
	}
	if err != nil {
		t.Fatal(err)
	}
	// DingTalk's code is spent. Whether the page sends the person there at once or by
	// one more page is its own affair.
	for range 3 {
		if got, err = p.follow(ctx, next.String(), a.redirect); err != nil || got.location != "" {
			break
		}
		if offered = regexp.MustCompile(`<a [^>]*href="([^"]+)"`).FindStringSubmatch(got.body); offered == nil {
			break
		}
		next, _ = next.Parse(html.UnescapeString(offered[1]))
	}
	if code := codeIn(got.location); err != nil || code == "" || a.redeem(ctx, w.issuer, code).status != 200 {
		t.Errorf("the login could not be saved: %d, to %q, %v: %.300s", got.status, got.location, err, got.body)
	}
}

// fault makes the next call to DingTalk take long.
func (w *world) fault(t *testing.T, call, delay string) {
	t.Helper()
	w.control(t, "faults", `{"call":"`+call+`","kind":"slow","count":1,"delay":"`+delay+`"}`)
}

// faultTaken waits until the call has come.
func (w *world) faultTaken(t *testing.T) {
	t.Helper()
	until(t, "the call to DingTalk", func() bool {
		s, err := newPerson().get(t.Context(), w.simulator+"/control/faults")
		return err == nil && strings.Contains(s.body, `"faults":[]`)
	})
}

// control posts to the simulator's controls.
func (w *world) control(t *testing.T, verb, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.simulator+"/control/"+verb, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if got := send(req); got.status != 200 {
		t.Fatalf("/control/%s: %v", verb, got)
	}
}
