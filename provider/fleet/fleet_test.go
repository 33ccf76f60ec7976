package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// meeting is a store that has sets alone, whose members end.
type meeting struct {
	mu   sync.Mutex
	ends map[string]time.Time
	away bool
	slow time.Duration
}

func (m *meeting) Together(ctx context.Context, ops ...*storage.Op) error {
	m.mu.Lock()
	slow := m.slow
	m.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ends == nil {
		m.ends = map[string]time.Time{}
	}
	for _, op := range ops {
		switch {
		case m.away || ctx.Err() != nil:
			op.Err = errors.Join(storage.ErrUnknown, ctx.Err())
		case op.Verb == storage.VerbJoin:
			m.ends[op.Member] = time.Now().Add(op.Life)
		case op.Verb == storage.VerbMembers:
			for member, end := range m.ends {
				if time.Now().Before(end) {
					op.Members = append(op.Members, member)
				}
			}
		}
	}
	return storage.FirstError(ops)
}

func (m *meeting) Ping(context.Context) error { return nil }
func (m *meeting) Close() error               { return nil }

func (m *meeting) leave(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// party is a fleet, and the worst that its shares ever summed up to.
type party struct {
	t      *testing.T
	store  *meeting
	mu     sync.Mutex
	shares map[int]float64
	ends   map[int]context.CancelFunc
	sum    float64
	worst  float64
	all    sync.WaitGroup
}

const whole = 20

func gather(t *testing.T) *party {
	p := &party{t: t, store: &meeting{}, shares: map[int]float64{}, ends: map[int]context.CancelFunc{}}
	t.Cleanup(func() {
		for _, end := range p.ends {
			end()
		}
		p.all.Wait()
	})
	return p
}

func (p *party) start(n int) {
	ctx, cancel := context.WithCancel(p.t.Context())
	p.ends[n] = cancel
	m := New(Config{Store: p.store, Whole: whole, Share: func(perSecond float64) { p.take(n, perSecond) }})
	p.all.Go(func() {
		m.Run(ctx)
		p.take(n, 0)
	})
}

func (p *party) take(n int, share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum += share - p.shares[n]
	p.shares[n] = share
	p.worst = max(p.worst, p.sum)
}

// now is the sum of the shares, and the worst since it was last asked.
func (p *party) now() (sum, worst float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum, worst = p.sum, p.worst
	p.worst = p.sum
	return sum, worst
}

// total is the sum of the shares.
func (p *party) total() float64 {
	synctest.Wait()
	sum, _ := p.now()
	return sum
}

const beat = 2 * time.Second

func TestR1_SharesSumUpToTheWhole(t *testing.T) {
	const close = 1e-9
	for _, n := range []int{1, 2, 3, 20, 50} {
		for name, apart := range map[string]time.Duration{"together": 0, "a beat apart": beat, "half a second apart": beat / 4, "half a minute apart": 30 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				p := gather(t)
				for i := range n {
					p.start(i)
					time.Sleep(apart)
				}
				_, joining := p.now()
				time.Sleep(beat)
				synctest.Wait()
				_, seen := p.now()
				joining = max(joining, seen)
				if sum, _ := p.now(); sum > whole*0.9+2*whole/20+close {
					t.Errorf("%d %s: %v, a beat after the last one", n, name, sum)
				}
				for range 20 {
					time.Sleep(beat)
					synctest.Wait()
					if _, worst := p.now(); worst > whole+close {
						t.Errorf("%d %s: %v, once all know of each other", n, name, worst)
					}
				}
				synctest.Wait()
				for i, share := range p.shares {
					if share < whole*0.9/float64(n)-close {
						t.Errorf("%d %s: %d has only %v", n, name, i, share)
					}
				}
				t.Logf("%d %s: at most %.2f of %d while they join, %.2f afterwards", n, name, joining, whole, p.total())
			})
		}
	}
}

// Many at once beside a settled few: for a beat there is more than the whole.
func TestR1_TheWorstMoment(t *testing.T) {
	for _, joiners := range []int{1, 2, 3, 10, 20} {
		synctest.Test(t, func(t *testing.T) {
			p := gather(t)
			for i := range 3 {
				p.start(i)
			}
			time.Sleep(time.Minute)
			p.now()
			time.Sleep(beat / 2) // between two beats of theirs
			for i := range joiners {
				p.start(100 + i)
			}
			time.Sleep(beat)
			synctest.Wait()
			sum, worst := p.now()
			if limit := whole * (0.9 + float64(joiners)/20); worst > limit+1e-9 {
				t.Errorf("%d join three: %v", joiners, worst)
			}
			if sum > whole {
				t.Errorf("%d joined three a beat ago: %v", joiners, sum)
			}
			t.Logf("%d join three that are settled: at most %.2f of %d for a beat, then %.2f", joiners, worst, whole, sum)
		})
	}
}

func TestR2_WhoStartsTakesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := gather(t)
		p.start(0)
		synctest.Wait()
		if p.total() != whole*0.9 {
			t.Errorf("alone: %v", p.total())
		}
		time.Sleep(time.Minute + beat/2)
		p.start(1)
		synctest.Wait()
		if p.total() != whole*0.95 {
			t.Errorf("beside another, at once: %v", p.total())
		}
		time.Sleep(settling*beat - time.Millisecond)
		if p.total() != whole*0.5 {
			t.Errorf("the other has seen it, and it waits: %v", p.total())
		}
		time.Sleep(time.Second)
		if p.total() != whole*0.9 {
			t.Errorf("settled: %v", p.total())
		}
	})
}

func TestR3_StorageAway(t *testing.T) {
	for _, n := range []int{1, 3, 30} {
		synctest.Test(t, func(t *testing.T) {
			p := gather(t)
			for i := range n {
				p.start(i)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			before := fmt.Sprint(p.shares)
			p.now()
			p.store.leave(true)
			time.Sleep(beat)
			synctest.Wait()
			p.now()
			away := map[int]float64{}
			for i, share := range p.shares {
				away[i] = share
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			for i, share := range p.shares {
				if share > away[i] || share > whole/20 {
					t.Errorf("%d of %d grew to %v while storage was away", i, n, share)
				}
			}
			p.store.leave(false)
			for range 10 {
				time.Sleep(beat)
				if _, worst := p.now(); worst > whole+1e-9 {
					t.Errorf("%d: %v when storage is back", n, worst)
				}
			}
			synctest.Wait()
			if after := fmt.Sprint(p.shares); after != before {
				t.Errorf("%d: %s instead of %s", n, after, before)
			}
		})
	}
}

// Storage that answers later than a beat is as good as none.
func TestR3_SlowStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := gather(t)
		p.store.slow = 2 * beat
		p.start(0)
		time.Sleep(time.Minute)
		if p.total() != whole/20 {
			t.Errorf("%v", p.total())
		}
	})
}

func TestR4_WhoDiedLeavesItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := gather(t)
		for i := range 4 {
			p.start(i)
			time.Sleep(beat / 4)
		}
		time.Sleep(time.Minute)
		p.now() // what there was while they came is R1's
		for _, dead := range []int{0, 2, 3} {
			p.ends[dead]()
			time.Sleep(4 * beat) // three of the set's, and one to see it
			synctest.Wait()
			if sum, worst := p.now(); sum < whole*0.9-1e-9 || worst > whole {
				t.Errorf("after %d died: %v, at most %v", dead, sum, worst)
			}
		}
	})
}

func TestAloneByNature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := 0.0
		New(Config{Whole: whole, Share: func(perSecond float64) { share = perSecond }}).Run(t.Context())
		if share != whole {
			t.Errorf("%v", share)
		}
	})
}
