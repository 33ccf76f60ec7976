package dingtalk_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/fleet"
	"github.com/dingbridge/dingbridge/provider/leavers"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

// go test ./dingtalk -run TestHowLongASweepTakes -v -args -sweep-people 50000
var sweepPeople = flag.Int("sweep-people", 1_000, "how many `people` a sweep is measured with")

// How long a sweep takes under DingTalk's limit, in virtual time: the client with its pace,
// the replicas' shares, the registry and the watch as they run, and the simulator, which
// refuses what is above 20 calls a second. It stands here because a transport can be put
// under a client only here. The figures are in docs/operations.md.
func TestHowLongASweepTakes(t *testing.T) {
	known, departments := *sweepPeople, *sweepPeople/100
	synctest.Test(t, func(t *testing.T) {
		f := newFirm(t, known, departments)
		for _, c := range []struct {
			replicas int
			logins   float64 // in a second
		}{{1, 0}, {1, 1}, {1, 5}, {3, 0}, {3, 1}, {3, 5}} {
			time.Sleep(25 * time.Hour) // the last one is out of date
			f.sim.ForgetRates()
			took, wait := f.sweep(t, c.replicas, c.logins)
			most := 0
			for _, rate := range f.sim.Rates() {
				most = max(most, rate.MostSliding)
			}
			t.Logf("%d people, %d replicas, %v logins a second: %v, %.1f people a second; logins waited at most %v; at most %d calls of a kind in a second",
				known, c.replicas, c.logins, took.Round(time.Second), float64(known)/took.Seconds(), wait.Round(time.Millisecond), most)
			if most > 20 {
				t.Errorf("DingTalk was asked %d times in a second", most)
			}
			if wait > 4*time.Second {
				t.Errorf("a login waited %v", wait)
			}
		}
	})
}

// A firm is a simulated company, all of whom have logged in.
type firm struct {
	sim     *simulator.Simulator
	company *simulator.Company
	store   *shelf
	config  people.Config
}

func newFirm(t *testing.T, known, departments int) *firm {
	f := &firm{company: simulator.DefaultCompany(), store: &shelf{values: map[string]value{}, sets: map[string]map[string]time.Time{}}}
	f.company.App.Range = simulator.Range{Departments: []int64{1}}
	var err error
	if f.sim, err = simulator.New(simulator.Config{Company: f.company, LogSize: -1}); err != nil {
		t.Fatal(err)
	}
	if err := f.sim.GrowCompany(known, departments); err != nil {
		t.Fatal(err)
	}
	list, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		t.Fatal(err)
	}
	f.config = people.Config{Store: f.store, Secrets: list}
	client, registry, _ := f.replica(t)
	for i := range known {
		p, found := f.sim.Person(fmt.Sprintf("p%06d", i+1))
		if !found {
			t.Fatal("the company did not grow")
		}
		member, err := client.Lookup(t.Context(), p.UserID)
		if err != nil {
			t.Fatal(err)
		}
		entered, op, err := registry.Welcome(t.Context(), nil, f.company.CorpID, dingtalk.Account{UnionID: member.UnionID}, member, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := f.store.Together(t.Context(), append(registry.Index(entered), op)...); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// replica is what one process has.
func (f *firm) replica(t *testing.T) (*dingtalk.Client, *people.Registry, *leavers.Watch) {
	client, err := dingtalk.New(dingtalk.Config{CorpID: f.company.CorpID, ClientID: f.company.App.ClientID, ClientSecret: f.company.App.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	client.Through(distant{f.sim.Handler()})
	config := f.config
	config.Organisations = map[string]people.Organisation{f.company.CorpID: {Directory: client, App: f.company.App.ClientID}}
	registry, err := people.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client, registry, leavers.New(leavers.Config{Store: f.store, People: registry,
		Organisations: map[string]leavers.Directory{f.company.CorpID: client}})
}

// sweep lets replicas run until one has swept, with logins beside it, and tells how long
// that took, and how long the slowest login waited for the directory.
func (f *firm) sweep(t *testing.T, replicas int, logins float64) (took, wait time.Duration) {
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	done := make(chan leavers.Report, 1)
	var mu sync.Mutex
	for i := range replicas {
		client, _, watch := f.replica(t)
		client.Pace(1)
		watch.Tell = func(_ context.Context, r leavers.Report) {
			if !r.Begins {
				done <- r
			}
		}
		all.Go(func() { fleet.New(fleet.Config{Store: f.store, Whole: 20, Share: client.Pace}).Run(ctx) })
		all.Go(func() { watch.Run(ctx) })
		if logins == 0 {
			continue
		}
		all.Go(func() { // this replica's part of the logins, once it has its share
			time.Sleep(10 * time.Second)
			every := time.NewTicker(time.Duration(float64(time.Second) / logins * float64(replicas)))
			defer every.Stop()
			for n := i; ; n += replicas {
				select {
				case <-ctx.Done():
					return
				case <-every.C:
				}
				p, _ := f.sim.Person(fmt.Sprintf("p%06d", n%1000+1))
				all.Go(func() {
					asked := time.Now()
					_, err := client.Member(ctx, p.UnionID)
					mu.Lock()
					defer mu.Unlock()
					wait = max(wait, time.Since(asked))
					if err != nil && ctx.Err() == nil {
						t.Errorf("a login failed: %v", err)
					}
				})
			}
		})
	}
	report := <-done
	stop()
	all.Wait()
	if report.Err != nil || report.Asked != report.Known || report.Unclear+report.Withheld+len(report.Gone) != 0 {
		t.Errorf("the sweep came out as %+v", report)
	}
	return report.Took, wait
}

// distant is a transport whose far end takes a tenth of a second to answer.
type distant struct{ http.Handler }

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// shelf is a store in memory.
type shelf struct {
	mu     sync.Mutex
	values map[string]value
	sets   map[string]map[string]time.Time // until when
}

type value struct {
	text    []byte
	version storage.Version
}

func (s *shelf) Together(_ context.Context, ops ...*storage.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		s.perform(op)
	}
	return storage.FirstError(ops)
}

func (s *shelf) perform(op *storage.Op) {
	there, found := s.values[op.Key]
	switch {
	case op.Verb == storage.VerbJoin:
		if s.sets[op.Key] == nil {
			s.sets[op.Key] = map[string]time.Time{}
		}
		s.sets[op.Key][op.Member] = time.Now().Add(op.Life)
		if op.Life == 0 {
			s.sets[op.Key][op.Member] = time.Now().AddDate(100, 0, 0)
		}
	case op.Verb == storage.VerbMembers:
		maps.DeleteFunc(s.sets[op.Key], func(_ string, until time.Time) bool { return time.Now().After(until) })
		op.Members = slices.Collect(maps.Keys(s.sets[op.Key]))
	case op.Verb == storage.VerbGet && found:
		op.Value, op.Version = there.text, there.version
	case op.Verb == storage.VerbCreate && !found, op.Verb == storage.VerbSwap && found && there.version == op.From:
		rand.Read(op.Version[:])
		s.values[op.Key] = value{op.Input, op.Version}
	case found:
		op.Err, op.Value, op.Version = storage.ErrConflict, there.text, there.version
	default:
		op.Err = storage.ErrNotFound
	}
}

func (*shelf) Ping(context.Context) error { return nil }
func (*shelf) Close() error               { return errors.ErrUnsupported }
