package dingtalk

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hangUp drops the connection without a word, as a dying server or a reset does.
func hangUp(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

// cutShort promises more than it sends.
func cutShort(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err == nil {
			rw.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n" + body[:len(body)/2])
			rw.Flush()
			conn.Close()
		}
	}
}

func send(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// Every fault of every call is an error of the right kind, sent again only where
// that is safe (U5), and over when DingTalk is well again.
func TestFaults(t *testing.T) {
	for call, body := range goods {
		for name, fault := range map[string]struct {
			handler http.HandlerFunc
			reason  Reason
			times   int // how often a safe call is sent
		}{
			"500":       {send(500, `{"code":"unknownError","message":"未知错误"}`), ReasonUnavailable, 2},
			"502 page":  {send(502, "<html><h1>Bad Gateway</h1></html>"), ReasonUnavailable, 2},
			"200 page":  {send(200, "<html>"), ReasonUnavailable, 2},
			"nothing":   {send(200, ""), ReasonUnavailable, 2},
			"hang up":   {hangUp, ReasonUnavailable, 2},
			"cut short": {cutShort(body), ReasonUnavailable, 2},
			"half":      {send(200, body[:len(body)/2]), ReasonStrange, 1},
			"empty":     {send(200, "{}"), ReasonStrange, 1},
			"punished":  {send(200, punishedJSON), ReasonThrottled, 1},
			"teapot":    {send(418, body), ReasonStrange, 1},
			"not found": {send(404, "404 page not found"), ReasonStrange, 1},
			"redirect": {func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}, ReasonStrange, 1},
			"too large":  {send(200, `{"pad":"`+strings.Repeat("x", maxBody)+`",`+body[1:]), ReasonStrange, 1},
			"bad header": {rawAnswer("HTTP/1.1 2x0 OK\r\n\r\n"), ReasonUnavailable, 2},
		} {
			t.Run(call+"/"+name, func(t *testing.T) {
				t.Parallel()
				u := newUpstream()
				u.handle(call, fault.handler)
				c := dial(t, u)
				e := want(t, exchange(t, c, call), fault.reason)
				if e.Call != call || e.Gone() {
					t.Errorf("%+v", e)
				}
				times := fault.times
				if call == CallUserToken || call == CallScan || call == CallInApp {
					times = 1
				}
				n := u.asked(call)
				get := call == CallMe || call == CallScopes || call == CallLeavers || call == CallFormer
				if get && name == "hang up" && n == 3 {
					n = 2 // net/http replaced the kept connection
				}
				if n != times {
					t.Errorf("sent %d times, want %d", n, times)
				}
				if n := u.asked(""); n != 0 {
					t.Errorf("a redirect was followed")
				}
				u.handle(call, send(200, body))
				if err := exchange(t, c, call); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

func rawAnswer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err == nil {
			rw.WriteString(text)
			rw.Flush()
			conn.Close()
		}
	}
}

func TestU5_ACodeIsSentOnce(t *testing.T) {
	// Also over a connection that was good before, where net/http itself might be
	// tempted to send again.
	old := []http.HandlerFunc{
		send(200, `{"errcode":-1,"errmsg":"系统繁忙"}`), send(200, tooFastJSON), send(200, `{"errcode":88}`),
		send(500, badAppTokenJSON), // not the plain word of the gateway
	}
	for call, busy := range map[string][]http.HandlerFunc{
		CallUserToken: {send(403, `{"code":"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}`)},
		CallScan:      old,
		CallInApp:     old,
	} {
		u := newUpstream()
		c := dial(t, u)
		if err := exchange(t, c, call); err != nil {
			t.Fatal(err)
		}
		for i, handler := range append(busy, hangUp, cutShort(scanJSON), send(500, ""), send(429, "")) {
			u.handle(call, handler)
			before := u.asked(call)
			err := exchange(t, c, call)
			if e, ok := err.(*Error); !ok || !e.Transient() {
				t.Errorf("%s %d: %v", call, i, err)
			}
			if n := u.asked(call) - before; n != 1 {
				t.Errorf("%s %d: sent %d times", call, i, n)
			}
			newUpstream().copyTo(u, call)
			if err := exchange(t, c, call); err != nil {
				t.Fatalf("%s %d: afterwards: %v", call, i, err)
			}
		}
	}
}

func TestU5_SafeCallsAreRepeatedOnce(t *testing.T) {
	for _, call := range allCalls {
		if call == CallUserToken || call == CallScan || call == CallInApp {
			continue // those with a code
		}
		newShape := slices.Contains([]string{CallMe, CallAppToken, CallLeavers, CallFormer}, call)
		for name, fault := range map[string]struct {
			status int
			body   string
		}{"500": {500, ""}, "busy": {200, `{"errcode":-1,"errmsg":"系统繁忙"}`}, "too fast": {200, tooFastJSON}, "429": {429, ""}} {
			if fault.status == 200 && newShape {
				continue // the old API's shapes
			}
			t.Run(call+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u := newUpstream()
					u.first(1, call, fault.status, fault.body)
					c := inProcess(t, u)
					if err := exchange(t, c, call); err != nil {
						t.Error(err)
					}
					if n := u.asked(call); n != 2 {
						t.Errorf("sent %d times", n)
					}
				})
			})
		}
	}
	t.Run("not when the time is too short", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallByUnionID, 200, tooFastJSON)
			c := inProcess(t, u)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			before := time.Now()
			_, err := c.Member(ctx, unionID)
			want(t, err, ReasonThrottled)
			if u.asked(CallByUnionID) != 1 || time.Now() != before {
				t.Errorf("waited for a repetition that could not be")
			}
		})
	})
	t.Run("over the window of the throttle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			u := newUpstream()
			u.first(1, CallByUnionID, 200, tooFastJSON)
			c := inProcess(t, u)
			before := time.Now()
			if _, err := c.Member(t.Context(), unionID); err != nil {
				t.Error(err)
			}
			if time.Since(before) < time.Second {
				t.Error("repeated inside the window")
			}
		})
	})
	t.Run("not when the caller has left", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			u := newUpstream()
			u.handle(CallByUnionID, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
			c := inProcess(t, u)
			ctx, leave := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := c.Member(ctx, unionID)
				if e := want(t, err, ReasonUnavailable); e.Err != context.Canceled {
					t.Errorf("%v", e)
				}
			})
			synctest.Wait()
			leave()
			wg.Wait()
			if n := u.asked(CallByUnionID); n != 1 {
				t.Errorf("sent %d times", n)
			}
			time.Sleep(2 * time.Hour) // let the handler end
		})
	})
}

func TestU6_Bounded(t *testing.T) {
	for _, call := range allCalls {
		t.Run("time/"+call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpstream()
				u.handle(call, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
				c := inProcess(t, u)
				before := time.Now()
				err := exchange(t, c, call)
				e := want(t, err, ReasonUnavailable)
				if e.Err != context.DeadlineExceeded || e.Call != call || u.asked(call) != 1 {
					t.Errorf("%+v, sent %d times", e, u.asked(call))
				}
				if took := time.Since(before); took != defaultTimeout { // virtual
					t.Errorf("over after %v", took)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
	t.Run("a body that never ends", func(t *testing.T) {
		u := newUpstream()
		u.handle(CallByUnionID, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"errcode":0,`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		_, err := dial(t, u, func(c *Config) { c.Timeout = 50 * time.Millisecond }).Member(t.Context(), unionID)
		want(t, err, ReasonUnavailable)
	})
	t.Run("no proxy of the environment", func(t *testing.T) {
		c := dial(t, newUpstream())
		if c.transport.(*http.Transport).Proxy != nil {
			t.Error("a proxy is used that nobody configured")
		}
	})
	t.Run("the proxy configured", func(t *testing.T) {
		u, seen := newUpstream(), make(chan string, 10)
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- r.RequestURI
			u.ServeHTTP(w, r)
		}))
		defer proxy.Close()
		c := dial(t, http.NotFoundHandler(), func(c *Config) { c.Proxy = proxy.URL })
		if _, err := c.Account(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if uri := <-seen; !strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, proxy.URL) {
			t.Errorf("the proxy was asked for %s", uri)
		}
	})
	t.Run("connections are kept", func(t *testing.T) {
		u := newUpstream()
		conns, mu := map[string]bool{}, sync.Mutex{}
		c := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			conns[r.RemoteAddr] = true
			mu.Unlock()
			u.ServeHTTP(w, r)
		}))
		for range 20 {
			if _, err := c.Account(t.Context(), code); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Member(t.Context(), unionID); err != nil {
				t.Fatal(err)
			}
		}
		if len(conns) > 2 {
			t.Errorf("%d connections for calls one after another", len(conns))
		}
	})
}
