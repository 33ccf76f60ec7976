package clients

import (
	"fmt"
	"slices"
	"testing"
)

func TestC20_TablesAreBounded(t *testing.T) {
	groups := make([]GroupSpec, maxGroups+1)
	for i := range groups {
		groups[i] = GroupSpec{Name: fmt.Sprint("group-", i), Roles: []int64{int64(i + 1)}}
	}
	tables := make([]ClaimSpec, maxTables+1)
	for i := range tables {
		tables[i] = ClaimSpec{Name: fmt.Sprint("claim", i), Default: "x"}
	}
	rows := make([]ClaimRow, maxRows+1)
	for i := range rows {
		rows[i] = ClaimRow{fmt.Sprint("role:", i+1), "x"}
	}
	for _, over := range []int{0, 1} {
		s := valid()
		s.Claims = slices.Clone(tables[:maxTables+over])
		s.Claims[0].From = rows[:maxRows+over]
		want := []string{fmt.Sprintf("groups[%d]", maxGroups), "clients[0].claims", "clients[0].claims[0].from"}
		if got := wrong(s, groups[:maxGroups+over]...); !slices.Equal(got, want[:3*over]) {
			t.Errorf("%d over: %q", over, got)
		}
	}
	if maxGroups != 1000 || maxTables != 50 || maxRows != 200 {
		t.Error("docs/clients.md has other numbers")
	}
}

// big is an installation with as much as the rules admit: 5,000 clients, 1,000 groups.
func big(b *testing.B) (*Set, Facts) {
	groups := make([]GroupSpec, maxGroups)
	for i := range groups {
		groups[i] = GroupSpec{Name: fmt.Sprint("group-", i), Departments: []int64{int64(i + 1), int64(i + 2)}, Roles: []int64{int64(i + 1)}}
	}
	specs := make([]Spec, 5000)
	for i := range specs {
		specs[i] = valid()
		specs[i].ID = fmt.Sprint("client-", i)
		specs[i].Allow = Allow{Groups: []string{fmt.Sprint("group-", i%maxGroups), "role:77"}, Departments: []int64{int64(i + 5000)}}
		specs[i].Claims = []ClaimSpec{{Name: "role", Default: "Viewer", From: []ClaimRow{{fmt.Sprint("group-", i%maxGroups), "Admin"}, {"dept:7", "Editor"}}}}
	}
	set, faults := NewSet(specs, groups...)
	if faults != nil {
		b.Fatal(faults)
	}
	return set, Facts{CorpID: "dinga", UserID: "zhangsan", Departments: []int64{1, 20, 300, 4000, 50000}, Direct: []int64{50000}, Roles: []int64{3, 30, 30000}}
}

func BenchmarkAdmits(b *testing.B) {
	set, facts := big(b)
	clients := slices.Collect(set.All())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		clients[i%len(clients)].Admits(facts)
	}
}

func BenchmarkGroups(b *testing.B) {
	set, facts := big(b)
	clients := slices.Collect(set.All())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		clients[i%len(clients)].Groups(facts)
	}
}

func BenchmarkTableClaims(b *testing.B) {
	set, facts := big(b)
	clients := slices.Collect(set.All())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		clients[i%len(clients)].TableClaims(facts)
	}
}

func BenchmarkNewSet(b *testing.B) {
	for b.Loop() {
		big(b)
	}
}
