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

// A pending login waits for its callback; so does a pending logout, which has a state
// alone.
type pending struct {
	state, nonce, verifier string
	logout                 bool
	began                  time.Time
}

// How the login that a browser had here ended, for the page.
const (
	leftHere   = "here"   // by the button here, at the provider too
	leftNotice = "notice" // elsewhere, and the provider sent word
)

// A session is one browser at one client. mu guards what is below it; it is held
// during a refresh, so that two at once take turns.
type session struct {
	id    string
	began time.Time
	// The provider's session and the person that it was begun with, empty before a
	// login. A login makes a new session, and a refresh keeps both.
	sid, subject string

	mu      sync.Mutex
	pending []pending
	login   *login // nil until somebody has logged in
	left    string // how the login before ended, if it is told
}

// sessions keeps them in memory (promise D5).
type sessions struct {
	mu    sync.Mutex
	byID  map[string]*session
	order []*session // oldest first; may hold some that have ended
	ended memory     // sids
	heard memory     // jtis of notices
}

func newSessions() *sessions {
	return &sessions{byID: map[string]*session{}, ended: newMemory(), heard: newMemory()}
}

// start makes a session with a new id, and ends the oldest if there are too many. With
// a login that the provider has ended meanwhile it makes none: the notice may be faster
// than the answer to the code.
func (s *sessions) start(made *login) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := &session{id: rand.Text(), began: time.Now(), login: made}
	if made != nil {
		fresh.sid, fresh.subject = made.sid, made.subject
		if fresh.sid != "" && s.ended.has(fresh.sid) {
			return nil, false
		}
	}
	s.byID[fresh.id] = fresh
	s.order = append(s.order, fresh)
	for len(s.order) > maxSessions {
		delete(s.byID, s.order[0].id)
		s.order = s.order[1:]
	}
	return fresh, true
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

// leave ends the logins that came of the provider's session sid, of the person; one of
// the two may be empty, and then does not count. It returns how many there were. The
// browsers' sessions stay, so that the page can say what happened.
func (s *sessions) leave(sid, subject string) int {
	var found []*session
	s.mu.Lock()
	if sid != "" {
		s.ended.add(sid)
	}
	for _, one := range s.byID {
		if one.subject != "" && (sid == "" || one.sid == sid) && (subject == "" || one.subject == subject) {
			found = append(found, one)
		}
	}
	s.mu.Unlock()
	ended := 0
	for _, one := range found {
		one.mu.Lock() // behind a refresh under way, which then counts no more
		if one.login != nil {
			one.login, one.left = nil, leftNotice
			ended++
		}
		one.mu.Unlock()
	}
	return ended
}

// hear notes the jti of a notice, and reports whether it is new.
func (s *sessions) hear(jti string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard.has(jti) {
		return false
	}
	s.heard.add(jti)
	return true
}

// begin notes a login or logout under way.
func (s *session) begin(p pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, p)
	if extra := len(s.pending) - maxPending; extra > 0 {
		s.pending = s.pending[extra:]
	}
}

// take finds the login, or the logout, of a state and forgets it: a callback counts once.
func (s *session) take(state string, logout bool) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.pending {
		if p.state == state && p.logout == logout {
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
