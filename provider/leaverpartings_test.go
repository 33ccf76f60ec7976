package provider_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

// Partings that some rows answer in their own way.
const (
	disabled              = "account disabled"
	blocked               = "blocked by an administrator"
	organisationWithdrawn = "organisation withdrawn"
	aliasChanged          = "alias changed"
)

// Departments and a role of the simulated company. The first two are below the third.
const (
	platform, data, technology int64 = 432825033, 432825034, 39960012
	onCall                     int64 = 1507113591
)

// partings are what may happen between a holding and its use: the columns of the table.
var partings = []turnOfEvents{
	{name: "nothing", kind: nothing, setUp: young, happens: func(*leaverHouse) {}},

	{name: "leaver by event", kind: removed, setUp: young, event: audit.PersonRemoved, main: true, happens: func(g *leaverHouse) {
		g.runs()
		g.all(func(leaver string) error { return g.sim.Leave(leaver) })
		if !g.provider.Hint(g.sim.CorpID(), g.leavers, "event-1") {
			g.t.Fatal("no room for the hint")
		}
	}},
	{name: "leaver by sweep", kind: removed, setUp: young, event: audit.PersonRemoved, happens: func(g *leaverHouse) {
		g.runs()
		g.all(func(leaver string) error { return g.sim.Leave(leaver) })
		for {
			view, err := g.provider.SweepNow(g.t.Context(), "root", "", false)
			if err == nil && view.Gone == len(g.leavers) && view.Fault == "" {
				return
			}
			if err == nil {
				g.t.Fatalf("%+v", view)
			}
			time.Sleep(time.Millisecond) // it does not run yet
		}
	}},
	{name: blocked, kind: removed, setUp: young, event: audit.PersonRemoved, happens: func(g *leaverHouse) {
		g.all(func(leaver string) error {
			_, err := g.provider.Block(g.t.Context(), "root", leaver)
			return err
		})
	}},
	{name: "leaver found at the use", kind: atUse, setUp: old, event: audit.PersonGone, main: true, happens: func(g *leaverHouse) {
		g.all(func(leaver string) error { return g.sim.Leave(leaver) })
	}},
	{name: disabled, kind: atUse, setUp: old, event: audit.PersonGone, happens: func(g *leaverHouse) {
		g.changes(func(p *simulator.Person) {
			p.ExclusiveAccount, p.ExclusiveAccountType, p.LoginID, p.DisableStatus = true, "dingtalk", p.UserID+"@yunshan", true
		})
	}},
	{name: "made an external contact", kind: atUse, setUp: old, event: audit.PersonGone, happens: func(g *leaverHouse) {
		g.changes(func(p *simulator.Person) { p.ContactType = 1 })
	}},
	{name: "removed and hired again", kind: again, setUp: young, main: true, happens: func(g *leaverHouse) {
		g.runs()
		g.all(func(leaver string) error { return g.sim.Leave(leaver) })
		g.provider.Hint(g.sim.CorpID(), g.leavers, "event-1")
		g.wantEach(audit.PersonRemoved)
		g.all(func(leaver string) error {
			if err := g.sim.Return(leaver); err != nil {
				return err
			}
			if got := g.holder(leaver, holding{}, "").tokens(); g.claimsOf(got.text("id_token"), "app")["sub"] != string(g.subject(g.t, leaver)) {
				return fmt.Errorf("back as another: %s", got.body)
			}
			return nil
		})
	}},

	{name: "department lost", kind: policy, setUp: allowing(clients.Allow{Departments: []int64{platform}}), main: true, happens: func(g *leaverHouse) {
		g.changes(func(p *simulator.Person) { p.Departments = []int64{data} })
	}},
	{name: "role lost", kind: policy, setUp: allowing(clients.Allow{Groups: []string{fmt.Sprintf("role:%d", onCall)}}), happens: func(g *leaverHouse) {
		g.changes(func(p *simulator.Person) { p.Roles = nil })
	}},
	{name: aliasChanged, kind: policy, setUp: young, happens: func(g *leaverHouse) {
		g.allow(clients.Allow{Groups: []string{"insiders"}}, clients.GroupSpec{Name: "insiders", People: []string{stayer}})
	}},
	{name: organisationWithdrawn, kind: policy, setUp: young, happens: func(g *leaverHouse) {
		specs := leaverClients(clients.Allow{Everyone: true})
		for i := range specs {
			if specs[i].ID == "app" || specs[i].ID == "jwt" {
				specs[i].Organisations = []string{"dinganother"}
			}
		}
		g.replace(specs)
	}},
	{name: "departments not told", kind: unknown, setUp: allowing(clients.Allow{Departments: []int64{technology}}), main: true, happens: func(g *leaverHouse) {
		g.changes(func(p *simulator.Person) { p.Departments = []int64{data} })
		if err := g.sim.Fault(simulator.Fault{Call: "department/listparentbyuser", Kind: "permission", Count: -1}); err != nil {
			g.t.Fatal(err)
		}
	}, mends: func(g *leaverHouse) { g.sim.ClearFaults() }},
}

// young has every answer of the directory count for long: nobody is found out at a use.
func young(p *plan) { p.People.RecheckAfter, p.People.MaxStale = time.Hour, 2*time.Hour }

// old has the directory asked at every use.
func old(p *plan) { p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, time.Hour }

func allowing(allow clients.Allow) func(p *plan) {
	return func(p *plan) {
		old(p)
		p.specs = leaverClients(allow)
	}
}

// leaverClients are the clients of the rows, and the same again for who stays.
func leaverClients(allow clients.Allow) []clients.Spec {
	specs := testClients()[:7]
	for _, id := range []string{"app", "jwt", "app-beside", "jwt-beside"} {
		s := clients.Spec{ID: id, SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, Audiences: []string{"api"},
			DeviceAuthorization: true, Allow: allow}
		if id == "app" {
			specs[0] = s
			continue
		}
		if id != "app-beside" {
			s.AccessToken = clients.AccessJWT
		}
		specs = append(specs, s)
	}
	return specs
}

// openLeaverHouse hires the leavers and opens the house before anything happens.
func openLeaverHouse(t *testing.T, turn turnOfEvents) *leaverHouse {
	t.Helper()
	g := &leaverHouse{}
	if turn.name == organisationWithdrawn {
		g.beside = "-beside"
	}
	g.house = build(t, byWays(everyWay...), func(p *plan) {
		p.specs = leaverClients(clients.Allow{Everyone: true})
		p.People.Brake = people.Brake{MostPeople: 1000, MostPercent: 100}
		turn.setUp(p)
	})
	for i := range holdings {
		leaver := fmt.Sprintf("leaver%02d", i)
		if _, err := g.sim.Hire(simulator.Person{UserID: leaver, Nick: "去", Name: "张三", Departments: []int64{platform}, Roles: []int64{onCall}}); err != nil {
			t.Fatal(err)
		}
		g.leavers = append(g.leavers, leaver)
	}
	if turn.name == aliasChanged {
		insiders := append(slices.Clone(g.leavers), stayer)
		g.allow(clients.Allow{Groups: []string{"insiders"}}, clients.GroupSpec{Name: "insiders", People: insiders})
	}
	known := g.holder(stayer, holding{}, g.beside)
	known.enters()
	g.stays = known.b
	return g
}

// allow changes whom the leavers' clients admit.
func (g *leaverHouse) allow(allow clients.Allow, groups ...clients.GroupSpec) {
	g.t.Helper()
	set, faults := clients.NewSet(leaverClients(allow), groups...)
	if len(faults) > 0 {
		g.t.Fatal(faults)
	}
	g.clients.Replace(set)
}

// runs looks after leavers, as a server does.
func (g *leaverHouse) runs() {
	ctx, end := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); g.provider.Run(ctx) }()
	g.t.Cleanup(func() { end(); <-over })
}

func (g *leaverHouse) all(do func(leaver string) error) {
	g.t.Helper()
	for _, leaver := range g.leavers {
		if err := do(leaver); err != nil {
			g.t.Fatalf("%s: %v", leaver, err)
		}
	}
}

func (g *leaverHouse) changes(change func(*simulator.Person)) {
	g.t.Helper()
	g.all(func(leaver string) error { return g.sim.ChangePerson(leaver, change) })
}
