package dingtalk_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// simulated is a client of a simulated company, whose app has all permissions and sees
// all of it.
func simulated(t *testing.T, change ...func(*simulator.App)) (*simulator.Simulator, *dingtalk.Client) {
	t.Helper()
	company := simulator.DefaultCompany()
	company.App.Range = simulator.Range{Departments: []int64{1}}
	company.App.Permissions = append(company.App.Permissions, "Contact.OrgAccountMigration.Read")
	for _, f := range change {
		f(&company.App)
	}
	sim, err := simulator.New(simulator.Config{Company: company})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	c, err := dingtalk.New(dingtalk.Config{
		CorpID: company.CorpID, ClientID: company.App.ClientID, ClientSecret: company.App.ClientSecret,
		Endpoints: dingtalk.Endpoints{Login: server.URL, API: server.URL, OAPI: server.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return sim, c
}

func TestSimulated_ALeaver(t *testing.T) {
	sim, c := simulated(t)
	since := sim.Now().Add(-time.Hour)
	m, err := c.Lookup(t.Context(), "zhangsan")
	if err != nil || m.Name != "张三" || !m.Leader || m.CorpID != sim.CorpID() {
		t.Fatalf("%+v, %v", m, err)
	}
	if whole, err := c.Member(t.Context(), m.UnionID); err != nil || !reflect.DeepEqual(whole, m) {
		t.Errorf("by unionId %+v, by userId %+v, %v", whole, m, err)
	}
	if other, err := c.Lookup(t.Context(), "zhangsan2"); err != nil || other.Leader {
		t.Errorf("%+v, %v", other, err)
	}
	left := func() (all []string) {
		err := c.Leavers(t.Context(), since, sim.Now().Add(time.Hour), func(userID string, _ time.Time) error {
			all = append(all, userID)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return all
	}
	if all := left(); len(all) != 0 {
		t.Errorf("%v left", all)
	}
	if err := sim.Leave("zhangsan"); err != nil {
		t.Fatal(err)
	}
	_, err = c.Lookup(t.Context(), "zhangsan")
	if e, ok := errors.AsType[*dingtalk.Error](err); !ok || !e.Gone() {
		t.Errorf("%v", err)
	}
	if all := left(); !slices.Equal(all, []string{"zhangsan"}) {
		t.Errorf("%v left", all)
	}
	if err := sim.Return("zhangsan"); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Lookup(t.Context(), "zhangsan"); err != nil {
		t.Error(err)
	}
	_, err = c.Lookup(t.Context(), "disabled")
	if e, ok := errors.AsType[*dingtalk.Error](err); !ok || !e.Gone() || e.Reason != dingtalk.ReasonDisabled {
		t.Errorf("%v", err)
	}
	if id, err := c.Anybody(t.Context()); err != nil || id == "" {
		t.Errorf("%q, %v", id, err)
	}
}

func TestSimulated_Departments(t *testing.T) {
	sim, c := simulated(t)
	chains, err := c.Parents(t.Context(), "0156421733781264")
	if err != nil || !reflect.DeepEqual(chains, [][]int64{{432825034, 39960012, 1}, {432825035, 432825033, 39960012, 1}}) {
		t.Errorf("%v, %v", chains, err)
	}
	if chains, err = c.Parents(t.Context(), "chairwoman"); err != nil || !reflect.DeepEqual(chains, [][]int64{{1}}) {
		t.Errorf("%v, %v", chains, err)
	}
	parents := map[int64]int64{}
	if err := c.Departments(t.Context(), func(d dingtalk.Department) error {
		if _, told := parents[d.Parent]; !told && d.ID != 1 {
			t.Errorf("%v before the one above it", d)
		}
		parents[d.ID] = d.Parent
		return nil
	}); err != nil {
		t.Error(err)
	}
	for _, d := range sim.Departments() {
		if _, told := parents[d.ID]; !told {
			t.Errorf("%v was not told", d)
		}
	}
	roles, err := c.Roles(t.Context())
	if err != nil || len(roles) != 6 || roles[0].Group != "默认" || roles[5].Name != "admin, root" {
		t.Errorf("%+v, %v", roles, err)
	}

	_, c = simulated(t, func(a *simulator.App) {
		a.Permissions = slices.DeleteFunc(a.Permissions, func(p string) bool { return p == "qyapi_get_department_list" })
	})
	for what, ask := range map[string]func(context.Context) error{
		"parents": func(ctx context.Context) error { _, err := c.Parents(ctx, "zhangsan"); return err },
		"departments": func(ctx context.Context) error {
			return c.Departments(ctx, func(dingtalk.Department) error { return nil })
		},
		"roles": func(ctx context.Context) error { _, err := c.Roles(ctx); return err },
	} {
		err := ask(t.Context())
		if e, ok := errors.AsType[*dingtalk.Error](err); !ok || e.Reason != dingtalk.ReasonPermission || e.Permission != "qyapi_get_department_list" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSimulated_AMigration(t *testing.T) {
	sim, c := simulated(t)
	before, err := c.Lookup(t.Context(), "lisi")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.FormerUnionID(t.Context(), before.UnionID); !errors.Is(err, dingtalk.ErrNotMigrated) {
		t.Errorf("%v", err)
	}
	if err := sim.Migrate("lisi", ""); err != nil {
		t.Fatal(err)
	}
	after, err := c.Lookup(t.Context(), "lisi")
	if err != nil || after.UnionID == before.UnionID {
		t.Fatalf("%+v, %v", after, err)
	}
	if former, err := c.FormerUnionID(t.Context(), after.UnionID); err != nil || former != before.UnionID {
		t.Errorf("%q, %v; before it was %q", former, err, before.UnionID)
	}
}

// By the simulator's own count, over real connections and by the real clock.
func TestSimulated_U11_ThePace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real time")
	}
	sim, c := simulated(t)
	c.Pace(20)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = dingtalk.InSweep(ctx)
			}
			if _, err := c.Lookup(ctx, "zhangsan"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if r := sim.Rates()["user/get"]; r.Calls != 60 || r.MostSliding > 20 {
		t.Errorf("%+v", r)
	}
}

// Whatever the simulator can do to an answer: it is the same answer or none, and nobody
// is gone by it.
func TestSimulated_U2_FaultsOfEveryKind(t *testing.T) {
	sim, _ := simulated(t)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	client := func(patience time.Duration) *dingtalk.Client {
		c, err := dingtalk.New(dingtalk.Config{
			CorpID: sim.CorpID(), ClientID: sim.App().ClientID, ClientSecret: sim.App().ClientSecret, Timeout: patience,
			Endpoints: dingtalk.Endpoints{Login: server.URL, API: server.URL, OAPI: server.URL},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	// Who waits for an answer that comes late is not who shall get one.
	patient, hasty := client(time.Minute), client(200*time.Millisecond)
	m, err := patient.Lookup(t.Context(), "lisi")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sim.Migrate("lisi", ""), sim.Leave("zhangsan")); err != nil {
		t.Fatal(err)
	}
	now, err := patient.Lookup(t.Context(), "lisi")
	if err != nil {
		t.Fatal(err)
	}
	for call, ask := range map[string]func(context.Context, *dingtalk.Client) (any, error){ // by the simulator's names
		dingtalk.CallUser:    func(ctx context.Context, c *dingtalk.Client) (any, error) { return c.Lookup(ctx, "lisi") },
		dingtalk.CallParents: func(ctx context.Context, c *dingtalk.Client) (any, error) { return c.Parents(ctx, "lisi") },
		"migratedFrom": func(ctx context.Context, c *dingtalk.Client) (any, error) {
			former, err := c.FormerUnionID(ctx, now.UnionID)
			if err == nil && former != m.UnionID {
				t.Errorf("formerly %q", former)
			}
			return former, err
		},
		dingtalk.CallRoles: func(ctx context.Context, c *dingtalk.Client) (any, error) { return c.Roles(ctx) },
		dingtalk.CallLeavers: func(ctx context.Context, c *dingtalk.Client) (any, error) {
			var all []string
			err := c.Leavers(ctx, sim.Now().Add(-time.Hour), sim.Now().Add(time.Hour), func(id string, _ time.Time) error {
				all = append(all, id)
				return nil
			})
			return all, err
		},
		dingtalk.CallListSub: func(ctx context.Context, c *dingtalk.Client) (any, error) {
			var all []dingtalk.Department
			err := c.Departments(ctx, func(d dingtalk.Department) error { all = append(all, d); return nil })
			return all, err
		},
	} {
		well, err := ask(t.Context(), patient)
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		refused := 0
		for _, kind := range simulator.FaultKinds() {
			if sim.Fault(simulator.Fault{Call: call, Kind: kind, Count: -1, Status: 400, Code: "odd"}) != nil {
				continue // not one that strikes this call
			}
			got, err := ask(t.Context(), hasty)
			sim.ClearFaults()
			if err == nil {
				if !reflect.DeepEqual(got, well) {
					t.Errorf("%s %s: %v", call, kind, got)
				}
				continue
			}
			refused++
			if e, ok := errors.AsType[*dingtalk.Error](err); !ok || e.Gone() {
				t.Errorf("%s %s: %v", call, kind, err)
			}
		}
		if refused < 20 {
			t.Errorf("%s: %d refused", call, refused)
		}
		if again, err := ask(t.Context(), patient); err != nil || !reflect.DeepEqual(again, well) {
			t.Errorf("%s: afterwards %v, %v", call, again, err)
		}
	}
}

// An external contact has a userId too, and user/get may well know it: why Lookup is for
// no login.
func TestSimulated_U1_LookupAdmitsNobody(t *testing.T) {
	_, c := simulated(t)
	m, err := c.Lookup(t.Context(), "supplier")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Member(t.Context(), m.UnionID)
	if e, ok := errors.AsType[*dingtalk.Error](err); !ok || !e.Gone() || e.Call != dingtalk.CallByUnionID {
		t.Errorf("%v", err)
	}
}
