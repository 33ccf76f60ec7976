package simulator

import (
	"errors"
	"fmt"
	"slices"
)

// CorpID is the organisation's.
func (s *Simulator) CorpID() string { return s.company.CorpID }

// App returns a copy of the app's settings, credentials included.
func (s *Simulator) App() App { return s.app.Load().clone() }

// UpdateApp changes the app's settings. The credentials cannot be changed.
func (s *Simulator) UpdateApp(change func(*App)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.app.Load()
	a := old.clone()
	change(&a)
	if a.ClientID != old.ClientID || a.ClientSecret != old.ClientSecret {
		return errors.New("update app: the credentials cannot be changed")
	}
	s.staff.mu.Lock()
	defer s.staff.mu.Unlock()
	depts, people := map[int64]bool{}, map[string]bool{}
	for id := range s.staff.depts {
		depts[id] = true
	}
	for id := range s.staff.byID {
		people[id] = true
	}
	for _, f := range a.check(depts, people) {
		return fmt.Errorf("update app: %s", f.text)
	}
	s.app.Store(&a)
	s.staff.ready = nil
	return nil
}

// ScanApp returns a copy of the scan-login app, credentials included; the zero
// value if the company has none.
func (s *Simulator) ScanApp() ScanApp { return s.scan.Load().clone() }

// RegisterLoopback takes every redirect URL and every page on this machine as
// registered with both apps, for somebody who only tries a relying party and has
// registered none. [Simulator.Reset] keeps it.
func (s *Simulator) RegisterLoopback() { s.loopback.Store(true) }

// AddRedirectURLs registers redirect URLs with the app and the scan app, which
// also lets pages of these origins call the JSAPI; [Simulator.Reset] keeps them.
func (s *Simulator) AddRedirectURLs(urls ...string) error {
	err := s.UpdateApp(func(a *App) { a.RedirectURLs = append(a.RedirectURLs, urls...) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added = append(s.added, urls...)
	scan := s.scan.Load().clone()
	scan.RedirectURLs = append(scan.RedirectURLs, urls...)
	s.scan.Store(&scan)
	return nil
}

// LogInToClient says who is logged in to DingTalk's client, unless
// [Simulator.ApproveAs] names somebody: he decides then. Empty means the first
// employee.
func (s *Simulator) LogInToClient(userID string) error {
	if userID != "" && s.staff.person(userID) == nil {
		return fmt.Errorf("log in to the client as %q: %w", userID, errNobody)
	}
	s.holder.Store(&userID)
	return nil
}

// ApproveAs makes every login be approved at once as the person userID, or as
// the next member in turn ([Anyone]); empty brings the login page back.
func (s *Simulator) ApproveAs(userID string) error {
	if userID != "" && userID != Anyone && s.staff.person(userID) == nil {
		return fmt.Errorf("approve as %q: %w", userID, errNobody)
	}
	s.as.Store(&userID)
	return nil
}

// RefuseOutsiders says whether the login page stops people who are not in the
// organisation.
func (s *Simulator) RefuseOutsiders(yes bool) { s.strict.Store(yes) }

// Person returns a copy of the person userID.
func (s *Simulator) Person(userID string) (Person, bool) {
	p := s.staff.person(userID)
	if p == nil {
		return Person{}, false
	}
	return p.clone(), true
}

// People returns the userids of all, those of the file first.
func (s *Simulator) People() []string {
	s.staff.mu.RLock()
	defer s.staff.mu.RUnlock()
	return slices.Clone(s.staff.order)
}

// ChangePerson lets change alter a copy of the person userID and puts it in
// place. The userid cannot be changed; for a changed UnionID see also
// [Simulator.Migrate]. It raises the events that DingTalk would.
func (s *Simulator) ChangePerson(userID string, change func(*Person)) error {
	return s.changePerson(userID, func(p *Person) error { change(p); return nil })
}

func (s *Simulator) changePerson(userID string, alter func(*Person) error) error {
	old, p, err := s.staff.change(userID, alter)
	if err != nil {
		return err
	}
	if old.employed() && p.Left {
		s.staff.recordLeave(old, s.Now())
	}
	s.raiseChange(old, p)
	return nil
}

// Leave takes the person userID out of the organisation, which is an event. The
// account stays: such a person can still log in to DingTalk, as an outsider.
func (s *Simulator) Leave(userID string) error {
	return s.changePerson(userID, func(p *Person) error {
		if p.Outsider || p.Left {
			return errors.New("is not in the organisation")
		}
		p.Left = true
		return nil
	})
}

// Return brings back a person who left, with the same userid and unionId, which is an
// event.
func (s *Simulator) Return(userID string) error {
	return s.changePerson(userID, func(p *Person) error {
		if !p.Left {
			return errors.New("has not left")
		}
		p.Left = false
		return nil
	})
}

// DropTokens forgets all tokens: each is refused from now on, as after a
// revocation on DingTalk's side.
func (s *Simulator) DropTokens() { s.vault.dropTokens() }
