package logout

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// The request, over a real connection: section 2.5.
//
// proves: back-channel requests | Back-Channel Logout section 2.5
func TestN2_TheRequest(t *testing.T) {
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		got <- fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header.Get("Content-Type"), " ", len(form), " ", len(form["logout_token"]), " ",
			claimsOf(t, form.Get("logout_token"))["aud"], " ", err, " ", r.Header.Get("Authorization")+r.Header.Get("Cookie")+r.Referer())
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	n.Send(to("app", server.URL+"/oidc/logout?tenant=a%20b", home...))
	if got, want := <-got, "POST /oidc/logout?tenant=a%20b application/x-www-form-urlencoded 1 1 app <nil> "; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	tr.await("app", 1)
	e := tr.of("app")[0]
	if e.Name != audit.BackchannelDelivered || e.Count != 1 || e.Duration <= 0 || e.Subject != "subject" || e.SessionID == "" || e.RequestID != "request" {
		t.Errorf("audited %+v", e)
	}
}

// What each status means, and how often it is tried.
//
// proves: answers to back-channel requests | Back-Channel Logout section 2.8
func TestN2_Statuses(t *testing.T) {
	const again = "retried:unavailable retried:unavailable retried:unavailable retried:unavailable failed:unavailable"
	for status, want := range map[int]string{
		200: "delivered", 201: "delivered", 202: "delivered", 204: "delivered", 299: "delivered",
		300: "failed:redirected", 301: "failed:redirected", 302: "failed:redirected", 304: "failed:redirected", 308: "failed:redirected",
		400: "failed:refused", 401: "failed:refused", 403: "failed:refused", 404: "failed:refused", 405: "failed:refused", 410: "failed:refused", 501: again,
		408: again, 425: again, 429: again, 500: again, 502: again, 503: again, 504: again, 599: again,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrail(t)
				n := notify(t, tr, Config{})
				calls := 0
				receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
					calls++
					w.Header().Set("Location", "http://app.example.com/elsewhere")
					w.WriteHeader(status)
				})
				n.Send(to("app", "http://app.example.com/"))
				if err := n.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := tr.story("app"); got != want || calls != len(tr.of("app")) {
					t.Errorf("%s, %d calls", got, calls)
				}
				for i, e := range tr.of("app") {
					if e.Count != i+1 {
						t.Errorf("event %d counts %d tries", i, e.Count)
					}
				}
			})
		})
	}
}

// The tries are ever further apart, are spread, and end before the token does.
func TestN2_BackOff(t *testing.T) {
	firsts := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			tr := newTrail(t)
			n := notify(t, tr, Config{})
			var at []time.Time
			var expires time.Time
			var mu sync.Mutex
			receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				at = append(at, time.Now())
				expires = time.Unix(int64(claimsOf(t, r.FormValue("logout_token"))["exp"].(float64)), 0)
				mu.Unlock()
				<-r.Context().Done() // the longest that a try can take
			})
			n.Send(to("app", "http://app.example.com/"))
			if err := n.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(at) != 5 || tr.story("app") != strings.Repeat("retried:timeout ", 4)+"failed:timeout" {
				t.Fatalf("%d tries: %s", len(at), tr.story("app"))
			}
			for i := 2; i < len(at); i++ {
				if at[i].Sub(at[i-1]) <= at[i-1].Sub(at[i-2]) {
					t.Errorf("tries at %v", at)
				}
			}
			if time.Now().After(expires) {
				t.Errorf("the last try ended at %v, the token at %v", time.Now(), expires)
			}
			firsts[at[1].Sub(at[0])] = true
		})
	}
	if len(firsts) < 2 {
		t.Error("every replica waits equally long")
	}
}

// A receiver that is down for a moment is reached.
func TestN2_FiveHundredThenTwoHundred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{})
		calls := 0
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			if calls++; calls == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		n.Send(to("app", "http://app.example.com/"))
		if err := n.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := tr.story("app"); got != "retried:unavailable delivered" {
			t.Error(got)
		}
	})
}

// A notice whose turn comes when its token would expire is not sent.
func TestN2_NothingIsSentTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{AtOnce: 1})
		start := time.Now()
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("logout_token") == "" || time.Since(start) > tokenLife-5*time.Second {
				t.Errorf("sent after %v", time.Since(start))
			}
			<-r.Context().Done()
		})
		notices := make([]Notice, 60) // five seconds each: more than two minutes
		for i := range notices {
			notices[i] = to("app", "http://app.example.com/")
		}
		n.Send(notices...)
		if err := n.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if late := strings.Count(tr.story("app"), "failed:too_late"); late != len(notices) {
			t.Errorf("%d too late: %s", late, tr.story("app"))
		}
	})
}

// Nobody listens; somebody listens and hangs up; somebody speaks something else.
func TestN2_BrokenConnectionsAreTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer rude.Close()
	go func() {
		for i := 0; ; i++ {
			c, err := rude.Accept()
			if err != nil {
				return
			}
			if i%2 == 1 {
				_, _ = c.Write([]byte("220 mail.example.com ESMTP\r\n"))
			}
			c.Close()
		}
	}()
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.Send(to("closed", "http://"+closed+"/", home...), to("rude", "http://"+rude.Addr().String()+"/", home...))
	tr.await("closed", 2)
	tr.await("rude", 2)
	for _, client := range []string{"closed", "rude"} {
		if got := tr.story(client); !strings.HasPrefix(got, "retried:unreachable retried:unreachable") {
			t.Errorf("%s: %s", client, got)
		}
	}
}
