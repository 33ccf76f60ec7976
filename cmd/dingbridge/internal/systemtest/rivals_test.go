package systemtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const rivals = 64

// A fleet is three processes of one provider on one Redis, and some people who are
// logged in already, so that each code costs one request.
type fleet struct {
	*world
	t     *testing.T
	bases []string
	crowd []*person
	turn  int
}

func newFleet(t *testing.T, leeway string) *fleet {
	r := storagetest.StartRedis(t)
	f := &fleet{world: newWorld(t, setting{storage: r.URL, leeway: leeway}), t: t}
	f.serve()
	f.bases = []string{f.issuer}
	for range 2 {
		_, base := f.serveBeside()
		f.bases = append(f.bases, base)
	}
	// A balancer without memory: each request of a browser goes to another process.
	for range 8 {
		p := newPerson()
		p.elsewhere = func(address string) string {
			if rest, ours := strings.CutPrefix(address, f.issuer); ours {
				return f.base() + rest
			}
			return address
		}
		f.crowd = append(f.crowd, p)
		f.code(p)
	}
	return f
}

// base is the address of any process.
func (f *fleet) base() string { return f.bases[rand.IntN(len(f.bases))] }

func (f *fleet) code(p *person) string {
	f.t.Helper()
	code, err := p.login(f.t.Context(), f.world, f.app("es"))
	if err != nil {
		f.t.Fatal(err)
	}
	return code
}

// next is a code of somebody in the crowd.
func (f *fleet) next() string {
	f.turn++
	return f.code(f.crowd[f.turn%len(f.crowd)])
}

// race asks the same of all processes many times at once.
func (f *fleet) race(ask func(ctx context.Context, base string) answer) []answer {
	answers := make([]answer, rivals)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			<-begin
			answers[i] = ask(f.t.Context(), f.bases[i%len(f.bases)])
		})
	}
	close(begin)
	all.Wait()
	return answers
}

// winner is the one that succeeded; all others must have been refused.
func winner(answers []answer) (won answer, err error) {
	n := 0
	for _, a := range answers {
		switch {
		case a.status == 200:
			won = a
			n++
		case !a.refused():
			return won, fmt.Errorf("a rival got %v", a)
		}
	}
	if n != 1 {
		return won, fmt.Errorf("%d of %d succeeded", n, len(answers))
	}
	return won, nil
}

// dead fails unless both tokens open nothing at any process.
func (f *fleet) dead(access, refresh string) {
	f.t.Helper()
	ctx := f.t.Context()
	if access != "" {
		if got := userinfo(ctx, f.base(), access); got.status != 401 {
			f.t.Errorf("the access token still opens userinfo: %v", got)
		}
		if got := f.app("api").introspect(ctx, f.base(), access); got.status != 200 || got.json["active"] != false {
			f.t.Errorf("the access token is still active: %v", got)
		}
	}
	if got := f.app("es").refresh(ctx, f.base(), refresh); !got.refused() {
		f.t.Errorf("the refresh token still works: %v", got)
	}
}

func TestE2_OneCodeManyRivals(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "30s")
	a := f.app("es")
	for round := range rounds(500) {
		code := f.next()
		won, err := winner(f.race(func(ctx context.Context, base string) answer { return a.redeem(ctx, base, code) }))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		f.dead(won.text("access_token"), won.text("refresh_token"))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

func TestE2_RivalsWithinTheLeewayGetTheSameSuccessor(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "5m")
	a := f.app("es")
	for round := range rounds(500) {
		first := a.redeem(t.Context(), f.base(), f.next())
		token := first.text("refresh_token")
		successor := ""
		for _, got := range f.race(func(ctx context.Context, base string) answer { return a.refresh(ctx, base, token) }) {
			if successor == "" {
				successor = got.text("refresh_token")
			}
			if got.status != 200 || got.text("refresh_token") != successor || successor == token {
				t.Fatalf("round %d: a rival got %v", round, got)
			}
		}
		if got := a.refresh(t.Context(), f.base(), successor); got.status != 200 {
			t.Fatalf("round %d: the successor opens nothing: %v", round, got)
		}
		// Its successor is used: it is worth nothing, and ends nothing.
		if got := a.refresh(t.Context(), f.base(), token); !got.refused() {
			t.Fatalf("round %d: the first one again: %v", round, got)
		}
	}
}

// TestE2_RivalsAfterTheLeeway waits once for many families.
func TestE2_RivalsAfterTheLeeway(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "1s")
	a := f.app("es")
	type family struct{ spent, current, access string }
	families := make([]family, rounds(500))
	for i := range families {
		first := a.redeem(t.Context(), f.base(), f.next())
		second := a.refresh(t.Context(), f.base(), first.text("refresh_token"))
		if second.status != 200 {
			t.Fatalf("the refresh: %v", second)
		}
		families[i] = family{first.text("refresh_token"), second.text("refresh_token"), second.text("access_token")}
	}
	time.Sleep(1500 * time.Millisecond)
	for round, family := range families {
		for _, got := range f.race(func(ctx context.Context, base string) answer { return a.refresh(ctx, base, family.spent) }) {
			if !got.refused() {
				t.Fatalf("round %d: a rival got %v", round, got)
			}
		}
		f.dead(family.access, family.current)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}
