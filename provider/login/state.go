package login

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// A State is what a state of ours says.
type State struct {
	ID      [16]byte
	Attempt uint32
}

// state seals login, attempt and browser into the value that travels through
// DingTalk. Nothing in it is secret; it is authentic.
func (s *Steps) state(l Login) string {
	b := binary.BigEndian.AppendUint32(append([]byte(nil), l.ID[:]...), l.Attempt)
	return s.states.Issue(append(b, l.Binding[:22]...))
}

// Open checks a state that came back, and that it came back to the browser whose
// binding cookie it names, without asking storage (promise L1).
func (s *Steps) Open(state, binding string) (State, error) {
	b, _, err := s.states.Open(state)
	if err != nil || len(b) != 42 {
		return State{}, ErrForged
	}
	if !ValidBinding(binding) || subtle.ConstantTimeCompare(b[20:], []byte(hash("binding", binding)[:22])) != 1 {
		return State{}, ErrOtherBrowser
	}
	t := State{Attempt: binary.BigEndian.Uint32(b[16:])}
	copy(t.ID[:], b)
	return t, nil
}

func (t State) claimKey() string {
	return "claim/" + base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(append([]byte(nil), t.ID[:]...), t.Attempt))
}
