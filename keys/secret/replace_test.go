package secret

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

func TestX10_ReplaceReachesAllThatWasMadeOfTheList(t *testing.T) {
	l := list(t, lineA)
	codes, sealer, other := l.Tokens("code"), l.Sealer("person"), l.Tokens("state")
	idA := list(t, lineA).IDs()[0]
	idB := list(t, lineB).IDs()[0]
	old, sealed, derived := codes.Issue([]byte("x")), sealer.Seal([]byte("x"), nil), l.Derive("p")

	l.Replace(list(t, lineB, lineA)) // moved up
	for name, tc := range map[string]struct {
		open func() (ID, error)
		want ID
	}{
		"a token from before": {func() (ID, error) { _, id, err := codes.Open(old); return id, err }, idA},
		"a new token":         {func() (ID, error) { _, id, err := codes.Open(codes.Issue([]byte("y"))); return id, err }, idB},
		"another purpose":     {func() (ID, error) { _, id, err := other.Open(other.Issue(nil)); return id, err }, idB},
		"a seal from before":  {func() (ID, error) { _, id, err := sealer.Open(sealed, nil); return id, err }, idA},
		"a new seal":          {func() (ID, error) { _, id, err := sealer.Open(sealer.Seal(nil, nil), nil); return id, err }, idB},
	} {
		if id, err := tc.open(); err != nil || id != tc.want {
			t.Errorf("%s: under %v, %v", name, id, err)
		}
	}
	if first, words := l.First(); first != idB || words != idB.String() || !l.Has(idA) || len(l.IDs()) != 2 {
		t.Errorf("the list says that %v is first, of %v", first, l.IDs())
	}
	if bytes.Equal(l.Derive("p"), derived) || !bytes.Equal(l.DeriveAll("p")[1], derived) {
		t.Error("Derive did not change, or DeriveAll lost what it gave")
	}

	l.Replace(list(t, lineB)) // the old one is gone
	if _, _, err := codes.Open(old); err != ErrInvalid {
		t.Errorf("a token under a secret that was removed: %v", err)
	}
	if _, _, err := sealer.Open(sealed, nil); err != ErrInvalid || l.Has(idA) {
		t.Errorf("a seal under a secret that was removed: %v", err)
	}
	if l.String() != "secret.List{1, hidden}" || codes.String() != "secret.Tokens{1, hidden}" || sealer.String() != "secret.Sealer{1, hidden}" {
		t.Errorf("%v %v %v", l, codes, sealer)
	}
}

// TestX10_NobodySeesHalfALine: while the lines change, whatever is issued opens, under the
// secret that its call saw, and after Replace everybody sees the new lines.
func TestX10_NobodySeesHalfALine(t *testing.T) {
	l := list(t, lineA, lineB)
	codes, sealer := l.Tokens("code"), l.Sealer("person")
	contents := []*List{list(t, lineB, lineA), list(t, lineA, lineB), list(t, lineB, lineA, Generate())}
	var end atomic.Bool
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := 0; !end.Load(); i++ {
				payload := []byte(fmt.Sprint(worker, i))
				if got, _, err := codes.Open(codes.Issue(payload)); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("a token: %q, %v", got, err)
					return
				}
				if got, _, err := sealer.Open(sealer.Seal(payload, payload), payload); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("a seal: %q, %v", got, err)
					return
				}
				if given := l.Derive("p", payload); len(l.DeriveAll("p", payload)) < 2 || len(given) != 32 {
					t.Error("a list of one line, which never was")
					return
				}
			}
		})
	}
	for i := range 300 {
		next := contents[i%len(contents)]
		l.Replace(next)
		want, _ := next.First()
		if _, id, err := codes.Open(codes.Issue(nil)); err != nil || id != want {
			t.Errorf("after Replace a token is issued under %v, not %v: %v", id, want, err)
		}
		if by, ok := SealedBy(sealer.Seal(nil, nil)); !ok || by != want {
			t.Errorf("after Replace a value is sealed by %v, not %v", by, want)
		}
	}
	end.Store(true)
	all.Wait()
}
