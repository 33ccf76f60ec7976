package leavers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

const corp = "dingcorp"

// office is DingTalk's directory, and what it was asked.
type office struct {
	mu      sync.Mutex
	gone    map[string]bool // by number
	err     error
	takes   time.Duration          // each answer
	asked   map[string]int         // about whom
	calls   int                    // of all kinds
	then    func(who string)       // before an answer
	records map[string]time.Time   // who left when
	barred  bool                   // from the records
	spans   [][2]time.Time         // for which the records were read
	decides func(who string) error // of one person
}

func (o *office) answer(ctx context.Context, who string) (dingtalk.Member, error) {
	o.mu.Lock()
	if o.asked == nil {
		o.asked = map[string]int{}
	}
	o.asked[who]++
	o.calls++
	gone, err, takes, then := o.gone[who], o.err, o.takes, o.then
	if err == nil && o.decides != nil {
		err = o.decides(who)
	}
	o.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonUnavailable, Call: dingtalk.CallUser, Err: ctx.Err()}
	}
	if then != nil {
		then(who)
	}
	switch {
	case err != nil:
		return dingtalk.Member{}, err
	case gone:
		return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallByUnionID}
	}
	return member(who), nil
}

func member(who string) dingtalk.Member {
	return dingtalk.Member{CorpID: corp, UserID: "user" + who, UnionID: "union" + who}
}

func (o *office) Member(ctx context.Context, unionID string) (dingtalk.Member, error) {
	return o.answer(ctx, unionID[len("union"):])
}

func (o *office) Lookup(ctx context.Context, userID string) (dingtalk.Member, error) {
	return o.answer(ctx, userID[len("user"):])
}

func (o *office) Parents(context.Context, string) ([][]int64, error) { return nil, nil }

func (o *office) Anybody(context.Context) (string, error) { return "", dingtalk.ErrNotMigrated }

func (o *office) FormerUnionID(context.Context, string) (string, error) {
	return "", dingtalk.ErrNotMigrated
}

func (o *office) Leavers(_ context.Context, since, until time.Time, each func(string, time.Time) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	if o.barred {
		return &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallLeavers}
	}
	o.spans = append(o.spans, [2]time.Time{since, until})
	for who, at := range o.records {
		if !at.Before(since) && at.Before(until) {
			if err := each("user"+who, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// count is how often it was asked; read for which spans its records were.
func (o *office) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls
}

func (o *office) read() [][2]time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.spans
}

func (o *office) set(change func(*office)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

func (o *office) about(who string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[who]
}

// firm is some people, known, with one office, one store and several replicas.
type firm struct {
	t       testing.TB
	store   *memory
	office  *office
	secrets *secret.List
	brake   people.Brake
	mu      sync.Mutex
	told    []people.Happening
	reports []Report
	subs    []people.Subject
	first   *people.Registry
}

func employ(t testing.TB, n int) *firm {
	t.Helper()
	list, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		t.Fatal(err)
	}
	f := &firm{t: t, store: &memory{}, office: &office{gone: map[string]bool{}}, secrets: list, brake: people.Brake{MostPeople: 1000, MostPercent: 100}}
	f.first = f.registry()
	for i := range n {
		f.enter(fmt.Sprint(i))
	}
	return f
}

// enter lets somebody log in for the first time.
func (f *firm) enter(who string) people.Subject {
	f.t.Helper()
	m := member(who)
	p, op, err := f.first.Welcome(f.t.Context(), nil, corp, dingtalk.Account{UnionID: m.UnionID}, m, time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.store.Together(f.t.Context(), append(f.first.Index(p), op)...); err != nil {
		f.t.Fatal(err)
	}
	f.subs = append(f.subs, p.Subject)
	return p.Subject
}

func (f *firm) registry() *people.Registry {
	f.t.Helper()
	r, err := people.New(people.Config{Store: f.store, Secrets: f.secrets, Brake: f.brake, Log: slog.New(slog.DiscardHandler),
		Organisations: map[string]people.Organisation{corp: {Directory: f.office, App: "app"}},
		Tell: func(_ context.Context, h people.Happening) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, h)
		}})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// watch makes a replica; run starts it until the returned function is called.
func (f *firm) watch(change ...func(*Config)) *Watch {
	c := Config{Store: f.store, People: f.registry(), Organisations: map[string]Directory{corp: f.office}, Log: slog.New(slog.DiscardHandler),
		Tell: func(_ context.Context, r Report) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if !r.Begins {
				f.reports = append(f.reports, r)
			}
		}}
	for _, do := range change {
		do(&c)
	}
	return New(c)
}

func (f *firm) run(w *Watch) (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	return func() {
		cancel()
		done.Wait()
	}
}

func (f *firm) leave(who ...string) {
	f.office.set(func(o *office) {
		for _, w := range who {
			o.gone[w] = true
			if o.records == nil {
				o.records = map[string]time.Time{}
			}
			o.records[w] = time.Now()
		}
	})
}

// last is who comes last in a sweep.
func (f *firm) last() string {
	return fmt.Sprint(slices.Index(f.subs, slices.Max(f.subs)))
}

// gone counts who is removed.
func (f *firm) gone() (n int) {
	f.t.Helper()
	list, err := f.first.Load(f.t.Context(), f.subs...)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, p := range list {
		if p.Gone {
			n++
		}
	}
	return n
}

// removals are those that were told.
func (f *firm) removals(source people.Source) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.told {
		if h.Kind == people.Removed && h.Cause.Source == source {
			n++
		}
	}
	return n
}

// swept are the reports of sweeps that ended.
func (f *firm) swept() []Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Report{}, f.reports...)
}

func (f *firm) turn() turn {
	f.t.Helper()
	w := f.watch()
	t, err := w.readTurn(f.t.Context(), corp)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

var unavailable = &dingtalk.Error{Reason: dingtalk.ReasonUnavailable, Call: dingtalk.CallUser}

var _ storage.Store = (*memory)(nil)
