package systemtest

import (
	"context"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// leewayOfSiege is longer than a failover and what follows it takes: an answer that was
// lost in it may be asked for again.
const leewayOfSiege = 25 * time.Second

// A siege is three processes of one provider on one Redis of many, people who log in
// all the time, apps that refresh, and somebody who has seen every code and every
// refresh token and shows them again.
type siege struct {
	*world
	t     *testing.T
	ctx   context.Context
	end   context.CancelFunc
	app   app
	bases []string
	// lossy: writes may be lost here, so that a login that was finished may be gone.
	lossy bool
	slow  bool // apps are

	mu      sync.Mutex
	won     []*victim // whose tokens are still to be shown again
	expired map[string]int
	bad     []time.Time // when something was answered with 503

	begun, finished, anew, again, unseen, gone atomic.Int64
	codesTwice, refreshTwice, shown            atomic.Int64
}

// A victim is a login that has ended well, and what an attacker has seen of it.
type victim struct {
	code, first, second string
	at                  time.Time // of the rotation
	attackedByCode      bool
}

// besiege starts the provider on a storage, with as many people as workers.
func besiege(t *testing.T, storage string, workers int, wanted int64, lossy, slow bool) (*siege, *sync.WaitGroup) {
	w := newWorld(t, setting{storage: storage, leeway: leewayOfSiege.String()})
	w.serve()
	s := &siege{world: w, t: t, app: w.app("es"), bases: []string{w.issuer}, lossy: lossy, slow: slow, expired: map[string]int{}}
	s.ctx, s.end = context.WithCancel(t.Context())
	for range 2 {
		_, base := w.serveBeside()
		s.bases = append(s.bases, base)
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for s.ctx.Err() == nil && s.begun.Add(1) <= wanted {
				s.login()
			}
		})
	}
	return s, &all
}

func (s *siege) base() string { return s.bases[rand.IntN(len(s.bases))] }

// person is one whose requests go each to another process.
func (s *siege) person() *person {
	p := newPerson()
	p.elsewhere = func(address string) string {
		if rest, ours := strings.CutPrefix(address, s.issuer); ours {
			return s.base() + rest
		}
		return address
	}
	return p
}

var offer = regexp.MustCompile(`<(?:a|form) [^>]*(?:href|action)="([^"]+)"`)

// pageKind is what a page of ours says it is.
var pageKind = regexp.MustCompile(`<[a-z]+ [^>]*data-page="(login-expired|code-used)"`)

// clean tells whether an answer asks to try again and nothing else, and notes it.
func (s *siege) clean(status int, h http.Header, body string) bool {
	if status != http.StatusServiceUnavailable {
		return false
	}
	s.again.Add(1)
	s.mu.Lock()
	s.bad = append(s.bad, time.Now())
	s.mu.Unlock()
	page := strings.Contains(h.Get("Content-Type"), "html")
	if page && !offer.MatchString(body) || !page && (h.Get("Retry-After") == "" || !strings.Contains(body, "temporarily_unavailable")) {
		s.t.Errorf("a 503 that does not ask to try again: Retry-After %q: %.300s", h.Get("Retry-After"), body)
	}
	tellsNothing(s.t, s.world, body)
	return true
}

// enter brings one browser to the app with a code, whatever happens on the way.
func (s *siege) enter() (p *person, code string) {
	p = s.person()
	address := s.authorization(s.app)
	for s.ctx.Err() == nil {
		got, err := p.follow(s.ctx, address, s.app.redirect)
		to, _ := url.Parse(got.location)
		switch {
		case s.ctx.Err() != nil:
			return p, ""
		case err != nil:
			s.t.Errorf("a browser: %v", err)
			return p, ""
		case got.location != "" && to.Query().Get("code") != "":
			return p, to.Query().Get("code")
		case got.location != "" && to.Query().Get("error") == "temporarily_unavailable":
			s.again.Add(1)
			address = s.authorization(s.app)
		case s.clean(got.status, got.header, got.body):
			// What the page offers; or a reload, as people do.
			address = p.passed[len(p.passed)-1]
			if to := offer.FindStringSubmatch(got.body); to != nil && rand.IntN(4) > 0 {
				if here, err := url.Parse(address); err == nil {
					if there, err := here.Parse(html.UnescapeString(to[1])); err == nil {
						address = there.String()
					}
				}
			}
		case pageKind.MatchString(got.body):
			// The page says that nothing is wrong, and to begin again at the app.
			s.mu.Lock()
			s.expired[pageKind.FindStringSubmatch(got.body)[1]]++
			s.mu.Unlock()
			address = s.authorization(s.app)
		default:
			s.t.Errorf("a browser at %s got %d, to %q: %.600s", p.passed[len(p.passed)-1], got.status, got.location, got.body)
			return p, ""
		}
		rest(s.ctx)
	}
	return p, ""
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
}

// login is one: a code, its tokens, one refresh; begun anew by the same person if an
// answer was lost that spent the code.
func (s *siege) login() {
	p, code := s.enter()
	for s.ctx.Err() == nil && code != "" {
		s.dawdle()
		got, sure := s.ask(func(base string) answer { return s.app.redeem(s.ctx, base, code) })
		switch {
		case s.ctx.Err() != nil:
			return
		case got.status == 200:
			v := &victim{code: code, first: got.text("refresh_token")}
			s.dawdle()
			got, _ := s.ask(func(base string) answer { return s.app.refresh(s.ctx, base, v.first) })
			switch {
			case s.ctx.Err() != nil:
				return
			case got.status == 200:
				v.second, v.at = got.text("refresh_token"), time.Now()
				s.finished.Add(1)
				s.mu.Lock()
				s.won = append(s.won, v)
				s.mu.Unlock()
				return
			case s.lossy && got.refused():
				s.gone.Add(1)
			default:
				s.t.Errorf("a refresh: %v", got)
				return
			}
		case got.refused() && (s.lossy || !sure):
			s.unseen.Add(1) // spent, and the app never saw for what; or lost
		default:
			s.t.Errorf("a code: %v", got)
			return
		}
		s.anew.Add(1)
		var err error
		if code, err = p.login(s.ctx, s.world, s.app); err != nil { // the session is there, or is not
			_, code = s.enter()
		}
	}
}

// dawdle is an app that takes its time, where that matters: what was made before the
// replicas were lost is spent after it.
func (s *siege) dawdle() {
	if s.slow {
		select {
		case <-s.ctx.Done():
		case <-time.After(rand.N(2 * time.Second)):
		}
	}
}

// ask repeats until there is an answer. sure is false if one before was not.
func (s *siege) ask(what func(base string) answer) (got answer, sure bool) {
	sure = true
	for s.ctx.Err() == nil {
		got = what(s.base())
		if got.err == nil && !s.clean(got.status, got.header, got.body) || got.err != nil {
			return got, sure
		}
		sure = false
		rest(s.ctx)
	}
	return got, false
}

// plunder shows again what was seen up to now: of every other login the code, at once.
func (s *siege) plunder() {
	s.mu.Lock()
	var mine []*victim
	for i, v := range s.won {
		if i%2 == 0 && !v.attackedByCode {
			v.attackedByCode = true
			mine = append(mine, v)
		}
	}
	s.mu.Unlock()
	s.each(mine, func(v *victim) {
		got, _ := s.ask(func(base string) answer { return s.app.redeem(s.ctx, base, v.code) })
		s.shown.Add(1)
		switch {
		case got.status == 200:
			s.codesTwice.Add(1)
		case !got.refused():
			s.t.Errorf("a code again: %v", got)
		}
	})
}

// reckon shows, when all is calm, the spent refresh tokens of the logins whose code was
// not shown, and then holds every one of the others to be alive: half of them.
func (s *siege) reckon() {
	s.mu.Lock()
	var robbed, calm []*victim
	for i, v := range s.won {
		switch {
		case v.attackedByCode:
		case i%4 == 1:
			robbed = append(robbed, v)
		default:
			calm = append(calm, v)
		}
	}
	s.mu.Unlock()
	s.each(calm, func(v *victim) {
		got, _ := s.ask(func(base string) answer { return s.app.refresh(s.ctx, base, v.second) })
		switch {
		case got.status == 200:
		case s.lossy && got.refused():
			s.gone.Add(1)
		default:
			s.t.Errorf("a finished login was lost: %v", got)
		}
	})
	if len(robbed) > 0 {
		time.Sleep(time.Until(robbed[len(robbed)-1].at.Add(leewayOfSiege + time.Second)))
	}
	s.each(robbed, func(v *victim) {
		got, _ := s.ask(func(base string) answer { return s.app.refresh(s.ctx, base, v.first) })
		s.shown.Add(1)
		switch {
		case got.status == 200:
			s.refreshTwice.Add(1)
		case !got.refused():
			s.t.Errorf("a spent refresh token: %v", got)
		}
	})
}

func (s *siege) each(all []*victim, do func(v *victim)) {
	var work sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)) && s.ctx.Err() == nil; i = next.Add(1) - 1 {
				do(all[i])
			}
		})
	}
	work.Wait()
}

// troubled is how long after a moment answers were 503, until another moment.
func (s *siege) troubled(from, to time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var last time.Duration
	for _, at := range s.bad {
		if at.After(from) && at.Before(to) {
			last = max(last, at.Sub(from))
		}
	}
	return last
}

func (s *siege) String() string {
	return fmt.Sprintf("%d logins finished; %d times \"try again\", %d begun anew (%d codes spent unseen), pages %v; %d spent ones shown again: codes twice %d, refresh tokens twice %d; logins gone %d",
		s.finished.Load(), s.again.Load(), s.anew.Load(), s.unseen.Load(), s.expired, s.shown.Load(), s.codesTwice.Load(), s.refreshTwice.Load(), s.gone.Load())
}
