package people

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// memory is a store for tests that move the clock (testing/synctest) or make the
// store fail; the same paths run on bolt in TestOnBolt.
type memory struct {
	mu     sync.Mutex
	values map[string]entry
	sets   map[string]map[string]bool
	trips  int
	fail   error // every op fails so
}

type entry struct {
	value   []byte
	version storage.Version
}

func (m *memory) Together(_ context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		m.perform(op)
	}
	m.mu.Lock()
	m.trips++
	m.mu.Unlock()
	return storage.FirstError(ops)
}

func (m *memory) perform(op *storage.Op) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		op.Err = fmt.Errorf("memory: %w", m.fail)
		return
	}
	there, found := m.values[op.Key]
	switch {
	case op.Verb == storage.VerbGet && !found, op.Verb == storage.VerbSwap && !found:
		op.Err = storage.ErrNotFound
	case op.Verb == storage.VerbGet:
		op.Value, op.Version = there.value, there.version
	case op.Verb == storage.VerbCreate && found, op.Verb == storage.VerbSwap && there.version != op.From:
		op.Err, op.Value, op.Version = storage.ErrConflict, there.value, there.version
	case op.Verb == storage.VerbCreate, op.Verb == storage.VerbSwap:
		rand.Read(op.Version[:])
		if m.values == nil {
			m.values = map[string]entry{}
		}
		m.values[op.Key] = entry{op.Input, op.Version}
	case op.Verb == storage.VerbDelete:
		delete(m.values, op.Key)
	case op.Verb == storage.VerbJoin:
		if m.sets == nil {
			m.sets = map[string]map[string]bool{}
		}
		if m.sets[op.Key] == nil {
			m.sets[op.Key] = map[string]bool{}
		}
		m.sets[op.Key][op.Member] = true
	case op.Verb == storage.VerbMembers:
		op.Members = slices.Collect(maps.Keys(m.sets[op.Key]))
	default:
		op.Err = storage.ErrUnknown
	}
}

func (m *memory) Ping(context.Context) error { return nil }
func (m *memory) Close() error               { return nil }

// directory answers from a map; err goes before.
type directory struct {
	mu      sync.Mutex
	corp    string
	members map[string]dingtalk.Member
	err     error
	asked   int
	hold    chan struct{} // answers wait for it
	then    func()        // runs before an answer
	parents map[int64]int64
	silent  error             // of Parents alone
	former  map[string]string // unionIds before a migration
	empty   bool              // Anybody finds nobody
	odd     bool              // lists people, and calls each of them gone
	anybody int               // how often it was asked
}

// somebody is in the directory besides, unless it is empty.
var somebody = dingtalk.Member{UserID: "somebody", UnionID: "unionSomebody"}

func (d *directory) Lookup(ctx context.Context, userID string) (dingtalk.Member, error) {
	d.mu.Lock()
	unionID := ""
	if userID == somebody.UserID {
		unionID = somebody.UnionID
	}
	for _, member := range d.members {
		if member.UserID == userID {
			unionID = member.UnionID
		}
	}
	d.mu.Unlock()
	return d.Member(ctx, unionID)
}

func (d *directory) Parents(_ context.Context, userID string) ([][]int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := cmp.Or(d.err, d.silent); err != nil {
		return nil, err
	}
	var all [][]int64
	for _, member := range d.members {
		for _, id := range member.Departments {
			if member.UserID != userID {
				continue
			}
			up := []int64{id}
			for id = d.parents[id]; id != 0; id = d.parents[id] {
				up = append(up, id)
			}
			all = append(all, append(up, 1))
		}
	}
	return all, nil
}

func (d *directory) Anybody(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.anybody++
	if refusal, ok := errors.AsType[*dingtalk.Error](d.err); d.err != nil && !(ok && refusal.Gone()) {
		return "", d.err
	}
	if d.empty {
		return "", &dingtalk.Error{Reason: dingtalk.ReasonStrange}
	}
	return somebody.UserID, nil
}

func (d *directory) FormerUnionID(_ context.Context, unionID string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if former := d.former[unionID]; former != "" {
		return former, nil
	}
	return "", &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Err: dingtalk.ErrNotMigrated}
}

func (d *directory) Member(ctx context.Context, unionID string) (dingtalk.Member, error) {
	d.mu.Lock()
	if unionID == somebody.UnionID && !d.empty && !d.odd {
		member := somebody
		member.CorpID = d.corp
		d.mu.Unlock()
		return member, nil
	}
	d.asked++
	member, ok := d.members[unionID]
	err, hold, then := d.err, d.hold, d.then
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonUnavailable, Call: dingtalk.CallByUnionID, Err: ctx.Err()}
		}
	}
	if then != nil {
		then()
	}
	if err != nil {
		return dingtalk.Member{}, err
	}
	if !ok {
		return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallByUnionID}
	}
	return member, nil
}

func (d *directory) set(change func(*directory)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

const corp = "dingcorp"

func zhangsan() (dingtalk.Account, dingtalk.Member) {
	return dingtalk.Account{UnionID: "unionZhang", OpenID: "openZhang", Nick: "小张", AvatarURL: "https://static.example.com/nick.png"},
		dingtalk.Member{CorpID: corp, UserID: "zhangsan", UnionID: "unionZhang", Name: "张三", OrgEmail: "San.Zhang@corp.example",
			Email: "typed@corp.example", StateCode: "86", Mobile: "13800138000", JobNumber: "A-007", Departments: []int64{20, 3}, Roles: []dingtalk.Role{{ID: 9, Name: "system:masters"}}}
}

type house struct {
	*Registry
	store *memory
	dir   *directory
}

func secrets(t testing.TB, lines ...string) *secret.List {
	t.Helper()
	file := ""
	for _, line := range lines {
		file += line + "\n"
	}
	list, err := secret.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func build(t testing.TB, c Config) house {
	t.Helper()
	_, member := zhangsan()
	h := house{store: &memory{}, dir: &directory{corp: corp, members: map[string]dingtalk.Member{member.UnionID: member}}}
	if c.Store == nil {
		c.Store = h.store
	}
	if c.Secrets == nil {
		c.Secrets = secrets(t, secret.Generate())
	}
	if c.Organisations == nil {
		c.Organisations = map[string]Organisation{corp: {}}
	}
	c.Organisations = maps.Clone(c.Organisations)
	for corpID, o := range c.Organisations {
		if o.Directory == nil {
			o.Directory = h.dir
		}
		o.App = cmp.Or(o.App, "app")
		c.Organisations[corpID] = o
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	var err error
	if h.Registry, err = New(c); err != nil {
		t.Fatal(err)
	}
	return h
}

// login does what a callback does, and returns the person as stored.
func (h house) login(t testing.TB, account dingtalk.Account, member dingtalk.Member) Person {
	t.Helper()
	s := SubjectOf(member.CorpID, member.UnionID)
	var present *Person
	if p, err := h.read(s); err == nil {
		present = &p
	} else if err != ErrUnknownPerson {
		t.Fatal(err)
	}
	p, op, err := h.Welcome(context.Background(), present, member.CorpID, account, member, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if op == nil {
		return p
	}
	h.Registry.store.Together(context.Background(), op)
	p, err = h.Read(s, op)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h house) read(s Subject) (Person, error) {
	op := h.Fetch(s)
	h.Registry.store.Together(context.Background(), op)
	return h.Read(s, op)
}

func (h house) mustRead(t testing.TB, s Subject) Person {
	t.Helper()
	p, err := h.read(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	minute = time.Minute
	hour   = time.Hour
)
