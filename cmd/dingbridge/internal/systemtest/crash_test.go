package systemtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// leewayOfCrash is longer than any restart takes, and is waited for once.
const leewayOfCrash = 15 * time.Second

const fewestKills = 5

// A trial is many logins by several workers, while something is killed again and
// again.
type trial struct {
	*world
	t     *testing.T
	ctx   context.Context
	app   app
	mu    sync.Mutex
	ended []ended

	begun, restarted, doubtful, lostInFlight, contested, kills atomic.Int64
}

// ended is a login as its app knows it.
type ended struct {
	code                 string
	first, second, third string // refresh tokens, each the successor of the one before
}

func TestE3_KilledProvider(t *testing.T) {
	t.Parallel()
	onEachStorage(t, func(t *testing.T, s setting, _ *storagetest.Redis) {
		s.leeway = leewayOfCrash.String()
		w := newWorld(t, s)
		p := w.serve()
		runTrial(t, w, rounds(2000), func() error {
			p.kill()
			var err error
			if p, err = launch(t, w.folder, nil, "serve", "--config", "config.yaml"); err == nil {
				_, err = p.ready()
			}
			return err
		})
	})
}

// TestE3_KilledRedis also wants that the provider lives through it.
func TestE3_KilledRedis(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	w := newWorld(t, setting{storage: r.URL, leeway: leewayOfCrash.String()})
	p := w.serve()
	runTrial(t, w, rounds(500), func() error {
		r.Kill()
		r.Restart()
		return nil
	})
	if code, err := p.stop(); code != 0 || err != nil {
		t.Errorf("the provider ended with %d, %v", code, err)
	}
}

func runTrial(t *testing.T, w *world, logins int, crash func() error) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	r := &trial{world: w, t: t, ctx: ctx, app: w.app("es")}
	var workers, keeper sync.WaitGroup
	over := make(chan struct{})
	keeper.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Duration(50+rand.IntN(450)) * time.Millisecond):
			}
			if err := crash(); err != nil {
				t.Errorf("restart: %v", err)
				cancel()
				return
			}
			r.kills.Add(1)
		}
	})
	for range 16 {
		workers.Go(func() {
			// A machine may be quicker with them than the killer.
			for n := int64(1); ctx.Err() == nil && (n <= int64(logins) || r.kills.Load() < fewestKills); {
				if n = r.begun.Add(1); n <= int64(logins) || r.kills.Load() < fewestKills {
					r.login(n%5 == 0)
				}
			}
		})
	}
	workers.Wait()
	close(over)
	keeper.Wait()
	t.Logf("%d logins wanted, %d finished; killed %d times; %d flows begun anew, %d requests without an answer or 503, %d codes spent unseen, %d contested",
		logins, len(r.ended), r.kills.Load(), r.restarted.Load(), r.doubtful.Load(), r.lostInFlight.Load(), r.contested.Load())
	if ctx.Err() != nil || r.kills.Load() < fewestKills || len(r.ended) < logins/2 {
		t.Fatal("the trial did not get through")
	}
	r.verify()
}

// code begins as often as it takes, as a person would.
func (r *trial) code() string {
	p := newPerson()
	for r.ctx.Err() == nil {
		code, err := p.login(r.ctx, r.world, r.app)
		if err == nil {
			return code
		}
		r.restarted.Add(1)
		pause(r.ctx)
	}
	return ""
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Millisecond):
	}
}

// login is one login: code, tokens, one refresh.
func (r *trial) login(contested bool) {
	code := r.code()
	if r.ctx.Err() != nil {
		return
	}
	if contested {
		r.contest(code)
		return
	}
	got := r.app.redeem(r.ctx, r.issuer, code)
	seen := !got.unsent() // it may have been spent
	for ; got.status != 200; got = r.app.redeem(r.ctx, r.issuer, code) {
		switch {
		case r.ctx.Err() != nil:
			return
		case got.refused() && seen:
			r.lostInFlight.Add(1) // spent, and the answer died on the way: no login was finished
			return
		case got.err == nil && got.status != 503:
			r.t.Errorf("a code that nobody had shown: %v", got)
			return
		}
		seen = seen || !got.unsent()
		r.doubtful.Add(1)
		pause(r.ctx)
	}
	e := ended{code: code, first: got.text("refresh_token")}
	e.second = r.refresh(e.first)
	r.mu.Lock()
	r.ended = append(r.ended, e)
	r.mu.Unlock()
}

// refresh repeats until there is an answer: however often the answer is lost, the
// leeway keeps the login.
func (r *trial) refresh(token string) string {
	for r.ctx.Err() == nil {
		got := r.app.refresh(r.ctx, r.issuer, token)
		switch {
		case got.status == 200 && got.text("refresh_token") != token:
			return got.text("refresh_token")
		case got.err == nil && got.status != 503:
			r.t.Errorf("a finished login was lost: %v", got)
			return ""
		}
		r.doubtful.Add(1)
		pause(r.ctx)
	}
	return ""
}

// contest shows one code twice at once: at most one may succeed.
func (r *trial) contest(code string) {
	var got [2]answer
	var both sync.WaitGroup
	for i := range got {
		both.Go(func() { got[i] = r.app.redeem(r.ctx, r.issuer, code) })
	}
	both.Wait()
	r.contested.Add(1)
	if got[0].status == 200 && got[1].status == 200 {
		r.t.Errorf("a code worked twice")
	}
	for i := range got {
		if got[i].status == 200 && got[1-i].refused() {
			if again := r.app.refresh(r.ctx, r.issuer, got[i].text("refresh_token")); again.status == 200 {
				r.t.Errorf("after its code was shown twice, a refresh token works")
			}
		}
	}
}

// verify looks at every finished login when all is calm again.
func (r *trial) verify() {
	each := func(what func(e *ended) error) {
		var all sync.WaitGroup
		var next atomic.Int64
		for range 16 {
			all.Go(func() {
				for i := next.Add(1) - 1; i < int64(len(r.ended)) && r.ctx.Err() == nil; i = next.Add(1) - 1 {
					if err := what(&r.ended[i]); err != nil {
						r.t.Errorf("login %d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
	}
	each(func(e *ended) error { // none is lost
		got := r.app.refresh(r.ctx, r.issuer, e.second)
		if e.third = got.text("refresh_token"); got.status != 200 || e.third == e.second || e.third == e.first {
			return errors.New("a finished login was lost: " + got.String())
		}
		return nil
	})
	time.Sleep(leewayOfCrash + time.Second)
	each(func(e *ended) error { // and nothing works twice
		shown := []string{"code", "first", "second"}
		rand.Shuffle(len(shown), func(i, j int) { shown[i], shown[j] = shown[j], shown[i] })
		for _, what := range shown {
			var got answer
			switch what {
			case "code":
				got = r.app.redeem(r.ctx, r.issuer, e.code)
			case "first":
				got = r.app.refresh(r.ctx, r.issuer, e.first)
			case "second":
				got = r.app.refresh(r.ctx, r.issuer, e.second)
			}
			if !got.refused() {
				return errors.New("the " + what + " again: " + got.String())
			}
		}
		if got := r.app.refresh(r.ctx, r.issuer, e.third); !got.refused() {
			return errors.New("the reuse did not end the family: " + got.String())
		}
		return nil
	})
}
