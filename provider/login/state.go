package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A State is what a state of ours says: which attempt of which login, in which browser,
// and, once that is chosen, by which way into which organisation.
type State struct {
	ID      [16]byte
	Attempt uint32
	Way     Way // empty: not chosen yet
	begun   uint32
	browser [bindingSize]byte // the beginning of the hash of its binding cookie
	corp    [8]byte           // the beginning of the hash of the organisation
}

const (
	bindingSize = 22
	stateSize   = 16 + 4 + 4 + bindingSize + 1 + 8
)

// For is the state of the same attempt by a way into an organisation. An answer of
// DingTalk that comes back with it is exchanged there and nowhere else (promise L7).
func (t State) For(corpID string, w Way) State {
	t.Way, t.corp = w, corpHash(corpID)
	return t
}

// Leads reports whether the state was made for an organisation.
func (t State) Leads(corpID string) bool { return t.Way != "" && t.corp == corpHash(corpID) }

// Begun is when the client sent the browser, to the second.
func (t State) Begun() time.Time { return time.Unix(int64(t.begun), 0) }

// Seal makes the value that travels: through DingTalk, and through the addresses and
// forms of our pages. Nothing in it is secret; it is authentic.
func (s *Steps) Seal(t State) string {
	b := binary.BigEndian.AppendUint32(append(make([]byte, 0, stateSize), t.ID[:]...), t.Attempt)
	b = append(binary.BigEndian.AppendUint32(b, t.begun), t.browser[:]...)
	return s.states.Issue(append(append(b, t.Way.number()), t.corp[:]...))
}

// Open checks a state that came back, and that it came back to the browser whose
// binding cookie it names, without asking storage (promise L1).
func (s *Steps) Open(state, binding string) (State, error) {
	b, _, err := s.states.Open(state)
	if err != nil || len(b) != stateSize || int(b[46]) >= len(ways) {
		return State{}, ErrForged
	}
	if !ValidBinding(binding) || subtle.ConstantTimeCompare(b[24:46], []byte(hash("binding", binding)[:bindingSize])) != 1 {
		return State{}, ErrOtherBrowser
	}
	t := State{Attempt: binary.BigEndian.Uint32(b[16:]), begun: binary.BigEndian.Uint32(b[20:]), Way: ways[b[46]]}
	copy(t.ID[:], b)
	copy(t.browser[:], b[24:])
	copy(t.corp[:], b[47:])
	return t, nil
}

// StateOf is the state of the login's present attempt, for no way yet.
func StateOf(l Login) State {
	t := State{ID: l.ID, Attempt: l.Attempt, begun: uint32(l.record.Begun)}
	copy(t.browser[:], l.Binding)
	return t
}

func (t State) claimKey() string {
	return "claim/" + base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(append([]byte(nil), t.ID[:]...), t.Attempt))
}

// answer names one answer of DingTalk: the same code by another way, or for another
// organisation, is another answer.
func (t State) answer(code string) string {
	return hash("code", string([]byte{t.Way.number()})+string(t.corp[:])+code)
}

func corpHash(corpID string) (h [8]byte) {
	sum := sha256.Sum256([]byte("corp\x00" + corpID))
	copy(h[:], sum[:])
	return h
}
