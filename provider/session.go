package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// readSession reads, in one trip, the browser's session and whose it is. That the
// session's epoch is the person's own, the gate checks.
func (p *Provider) readSession(ctx context.Context, cookie string) (sessions.Session, people.Person, error) {
	ref, err := sessions.Parse(cookie)
	if err != nil {
		return sessions.Session{}, people.Person{}, err
	}
	subject := people.SubjectFromRaw(ref.Subject)
	readSession, readPerson := p.sessions.Fetch(ref), p.people.Fetch(subject)
	if err := p.Store.Together(ctx, readSession, readPerson); errors.Is(err, storage.ErrUnknown) {
		return sessions.Session{}, people.Person{}, err
	}
	session, err := p.sessions.Read(ref, readSession)
	if err != nil {
		return sessions.Session{}, people.Person{}, err
	}
	if p.organisation(session.CorpID) == nil { // another's, on a store that is shared or was
		return sessions.Session{}, people.Person{}, sessions.ErrNone
	}
	person, err := p.people.Read(subject, readPerson)
	return session, person, err
}

// liveSession is readSession for those who only ask who is here. sessions.ErrNone: nobody,
// or somebody whose session a removal has ended, and it ends nothing any more either.
func (p *Provider) liveSession(r *http.Request) (sessions.Session, people.Person, error) {
	session, person, err := p.readSession(r.Context(), p.cookies.get(r, p.cookies.session))
	switch {
	case errors.Is(err, people.ErrUnknownPerson), err == nil && (person.Gone || person.Epoch != session.Epoch):
		return sessions.Session{}, people.Person{}, sessions.ErrNone
	}
	return session, person, err
}

// readBefore reads, in one trip, the person and the session the browser had. Who was
// somebody else before an account migration is that person, which costs another.
func (p *Provider) readBefore(ctx context.Context, r *http.Request, subject people.Subject) (*sessions.Session, *people.Person, people.Subject, error) {
	readPerson, readAlias := p.people.Fetch(subject), p.people.FetchAlias(subject)
	ops := []*storage.Op{readPerson, readAlias}
	ref, noCookie := sessions.Parse(p.cookies.get(r, p.cookies.session))
	if noCookie == nil {
		ops = append(ops, p.sessions.Fetch(ref))
	}
	if err := p.Store.Together(ctx, ops...); errors.Is(err, storage.ErrUnknown) {
		return nil, nil, subject, err
	}
	var before *sessions.Session
	if noCookie == nil {
		session, err := p.sessions.Read(ref, ops[2])
		if err == nil {
			before = &session
		} else if !errors.Is(err, sessions.ErrNone) {
			return nil, nil, subject, err
		}
	}
	older, err := p.people.Alias(subject, readAlias)
	if err != nil {
		return nil, nil, subject, err
	}
	if older != subject {
		subject, readPerson = older, p.people.Fetch(older)
		if err := p.Store.Together(ctx, readPerson); errors.Is(err, storage.ErrUnknown) {
			return nil, nil, subject, err
		}
	}
	person, err := p.people.Read(subject, readPerson)
	if errors.Is(err, people.ErrUnknownPerson) {
		return before, nil, subject, nil
	}
	return before, &person, subject, err
}

// binding is the value of the browser's binding cookie. One that has none, or a strange
// one, is to be given what is returned, by keepBinding.
func (p *Provider) binding(r *http.Request) string {
	call := callOf(r.Context())
	if call.binding == "" {
		if call.binding = p.cookies.get(r, p.cookies.binding); !login.ValidBinding(call.binding) {
			call.binding = login.NewBinding()
		}
	}
	return call.binding
}

// keepBinding sets the binding cookie, once for each answer.
func (p *Provider) keepBinding(w http.ResponseWriter, r *http.Request) {
	if call := callOf(r.Context()); !call.bound {
		call.bound = true
		p.cookies.set(w, p.cookies.binding, p.binding(r), bindingCookieAge)
	}
}
