package stream

import (
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// never answers.
func never(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// refuse answers with a status and a body.
func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestW6_ATicketForEachAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		g.connects(refuse(503, "not now"))
		start(t, g, "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.presented) < 10 || !slices.Equal(g.presented, g.tickets) {
			t.Errorf("%d tickets given, presented %q", len(g.tickets), g.presented)
		}
	})
}

func TestW6_ToldToMove(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		old := g.next(t)
		time.Sleep(2 * time.Minute) // short of Idle
		told := time.Now()
		old.send(system("disconnect", "d1", `{"reason":"connection is expired"}`))
		old.send(system("disconnect", "d2", `{"reason":"connection is expired"}`)) // once more
		young := g.next(t)
		if time.Since(told) != 0 {
			t.Errorf("connected anew after %s", time.Since(told)) // virtual time
		}
		for _, id := range []string{"d1", "d2"} {
			if r := old.reply(); r.Code != 200 || r.Headers["messageId"] != id {
				t.Errorf("answered %+v", r)
			}
		}
		// Until it ends, the old one serves as before.
		old.send(leave("m1", "e1"))
		l.handled(t)
		if got := old.status("m1"); got != "SUCCESS" {
			t.Errorf("answered %s", got)
		}
		young.send(leave("m2", "e1"))
		if got := young.status("m2"); got != "SUCCESS" {
			t.Errorf("answered %s", got)
		}
		synctest.Wait()
		l.none(t)
		<-old.gone
		if took := time.Since(told); took < 9*time.Second || took > 12*time.Second {
			t.Errorf("the old one ended after %s, want 10 s", took)
		}
		young.ping("p")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if s := l.Status(); s.Connects != 2 || !s.Connected || len(g.peers) != 0 || s.LastError != "" || s.Gap != 0 {
			t.Errorf("status %+v", s)
		}
		if len(l.connects) != 2 {
			t.Errorf("Connected was called %d times", len(l.connects))
		}
	})
}

// The end of a connection that was let go starts nothing.
func TestW6_OneLoop(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		for range 20 {
			p := g.next(t)
			time.Sleep(2 * time.Minute) // short of Idle
			p.send(system("disconnect", "d", "{}"))
			p.reply()
			p.conn.CloseNow() // at once, not after ten seconds
			synctest.Wait()
		}
		p := g.next(t)
		time.Sleep(2 * time.Minute)
		p.ping("alive")
		synctest.Wait()
		if s := l.Status(); s.Connects != 21 || len(g.attempts()) != 21 {
			t.Errorf("%d attempts, status %+v", len(g.attempts()), s)
		}
		l.Run(t.Context()) // a second one does nothing
		if got := len(g.attempts()); got != 21 {
			t.Errorf("%d attempts", got)
		}
	})
}

// Whatever the server does to be rid of us or to keep us busy, we come at most so often.
func TestW6_AttemptsSlowDown(t *testing.T) {
	for name, script := range map[string]func(*gateway, *peer){
		"told to move at once": func(_ *gateway, p *peer) { p.send(system("disconnect", "d", "{}")) },
		"closed at once":       func(_ *gateway, p *peer) { p.conn.Close(websocket.StatusNormalClosure, "go") },
		"cut at once":          func(_ *gateway, p *peer) { p.conn.CloseNow() },
		"told, then cut": func(_ *gateway, p *peer) {
			p.send(system("disconnect", "d", "{}"))
			p.conn.CloseNow()
		},
		"no gateway":    nil,
		"no connection": nil,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				switch {
				case name == "no gateway":
					g.answers(refuse(503, ""))
				case name == "no connection":
					g.connects(refuse(503, ""))
				default:
					go func() {
						for p := range g.peers {
							p.t = t
							script(g, p)
						}
					}()
				}
				l := start(t, g, "")
				time.Sleep(10 * time.Minute)
				l.stop()
				close(g.peers)
				// 1+2+4+8+16+32 s and then 60 s: 15 in ten minutes; at half of that, 25.
				if got := len(g.attempts()); got < 10 || got > 30 {
					t.Errorf("%d attempts in ten minutes", got)
				}
				synctest.Wait()
				if s := l.Status(); name != "told to move at once" && name != "told, then cut" && s.LastError == "" {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

// After a connection that lived, the waits begin anew.
func TestW6_TheWaitsBeginAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		g.answers(refuse(503, ""))
		start(t, g, "")
		time.Sleep(time.Hour)
		g.answers(nil)
		p := g.next(t)
		time.Sleep(2 * time.Minute)
		cut := time.Now()
		p.conn.CloseNow()
		g.next(t)
		if took := time.Since(cut); took > 2*time.Second {
			t.Errorf("connected after %s", took) // virtual time
		}
	})
}

func TestW6_BadCredentialsWaitLong(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"as seen": func(w http.ResponseWriter, r *http.Request) {
			refuse(401, `{"requestid":"`+rand.Text()+`","code":"authFailed","message":"鉴权失败"}`)(w, r)
		},
		"without a body": refuse(401, ""),
		"another status": refuse(400, `{"code":"authFailed"}`),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				g.answers(answer)
				out, log := logged()
				l := start(t, g, "", func(c *Config) { c.Log = log })
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				asked := g.attempts()
				if len(asked) < 5 || len(asked) > 25 {
					t.Errorf("%d attempts in ten minutes", len(asked))
				}
				for i := range asked[1:] {
					if wait := asked[i+1].at.Sub(asked[i].at); wait < 30*time.Second {
						t.Errorf("attempt %d after %s", i+1, wait) // virtual time
					}
				}
				text := out.String()
				if strings.Count(text, `"level":"ERROR"`) != 1 || !strings.Contains(text, "put right client_id and client_secret") {
					t.Errorf("log: %s", text)
				}
				synctest.Wait()
				if s := l.Status(); !strings.Contains(s.LastError, "does not take the app's credentials") || s.Connected {
					t.Errorf("status %+v", s)
				}
				g.answers(nil) // put right
				g.next(t).ping("m")
			})
		})
	}
}

func TestW7_SilenceEndsAConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		first := g.next(t) // answers our pings, says nothing
		began := time.Now()
		g.next(t)
		if took := time.Since(began); took < 3*time.Minute || took > 5*time.Minute {
			t.Errorf("given up after %s", took)
		}
		<-first.gone
		synctest.Wait()
		if s := l.Status(); !strings.Contains(s.LastError, "nothing came for 3m0s") {
			t.Errorf("status %+v", s)
		}
	})
}

func TestW7_UnansweredPingsEndAConnection(t *testing.T) {
	for name, fall := range map[string]func(*peer){
		"does not answer": func(p *peer) { p.mute.Store(true) },
		"does not read": func(p *peer) {
			close(p.silent)
			p.send(system("CONNECTED", "m", "{}")) // after whose answer it reads no more
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				l := start(t, g, "")
				p := g.next(t)
				fall(p)
				began := time.Now()
				g.next(t)
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("given up after %s", took) // virtual time
				}
				synctest.Wait()
				if s := l.Status(); !strings.Contains(s.LastError, "a ping was not answered") {
					t.Errorf("status %+v", s)
				}
				p.conn.CloseNow()
			})
		})
	}
}

// Either kind of ping of the server's keeps a connection.
func TestW7_PingsKeepAConnection(t *testing.T) {
	for name, ping := range map[string]func(*peer) error{
		"DingTalk's":      func(p *peer) error { p.ping("m"); return nil },
		"the websocket's": func(p *peer) error { return p.conn.Ping(p.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				l := start(t, g, "")
				p := g.next(t)
				for range 100 {
					if err := ping(p); err != nil {
						t.Fatal(err)
					}
					time.Sleep(170 * time.Second)
				}
				synctest.Wait()
				if s := l.Status(); s.Connects != 1 || !s.Connected || s.LastError != "" || time.Since(s.LastFrame) > 3*time.Minute {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	c := &Client{cfg: Config{}.withDefaults()}
	for failures, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		want *= time.Second
		for range 100 {
			if got := c.backoff(failures); got < want/2 || got > want {
				t.Fatalf("after %d failures %s, want up to %s", failures, got, want)
			}
		}
	}
	if got := c.backoff(1 << 30); got > time.Minute {
		t.Error(got)
	}
	c.cfg.BackoffMin, c.cfg.BackoffMax = 1, 1
	if got := c.backoff(9); got < 0 || got > 1 {
		t.Error(got)
	}
}
