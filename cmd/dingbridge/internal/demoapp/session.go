package demoapp

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

const (
	maxSessions = 2000
	maxPending  = 10 // logins under way in one browser: tabs
	sessionLife = 12 * time.Hour
	pendingLife = 15 * time.Minute
)

// A pending login waits for its callback.
type pending struct {
	state, nonce, verifier string
	began                  time.Time
}

// A session is one browser at one client. mu guards all of it but id and began; it
// is held during a refresh, so that two at once take turns.
type session struct {
	id    string
	began time.Time

	mu      sync.Mutex
	pending []pending
	login   *login // nil until somebody has logged in
}

// sessions keeps them in memory (promise D5).
type sessions struct {
	mu    sync.Mutex
	byID  map[string]*session
	order []*session // oldest first; may hold some that have ended
}

func newSessions() *sessions { return &sessions{byID: map[string]*session{}} }

// start makes a session with a new id, and ends the oldest if there are too many.
func (s *sessions) start() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &session{id: rand.Text(), began: time.Now()}
	s.byID[made.id] = made
	s.order = append(s.order, made)
	for len(s.order) > maxSessions {
		delete(s.byID, s.order[0].id)
		s.order = s.order[1:]
	}
	return made
}

func (s *sessions) get(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	if found == nil || time.Since(found.began) > sessionLife {
		return nil
	}
	return found
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// begin notes a login under way.
func (s *session) begin(p pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, p)
	if extra := len(s.pending) - maxPending; extra > 0 {
		s.pending = s.pending[extra:]
	}
}

// take finds the login of a state and forgets it: a callback counts once.
func (s *session) take(state string) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.pending {
		if p.state == state {
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			return p, time.Since(p.began) < pendingLife
		}
	}
	return pending{}, false
}

// current is the session of the request, or nil.
func (s *side) current(r *http.Request) *session {
	c, err := r.Cookie(s.cookie)
	if err != nil {
		return nil
	}
	return s.sessions.get(c.Value)
}

// give hands the session's cookie to the browser; nil takes it away.
func (s *side) give(w http.ResponseWriter, session *session) {
	c := &http.Cookie{Name: s.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1}
	if session != nil {
		c.Value, c.MaxAge = session.id, int(sessionLife/time.Second)
	}
	http.SetCookie(w, c)
}
