package simulator

import (
	"runtime"
	"testing"
)

func TestM41_BigCompany(t *testing.T) {
	g := start(t, Config{})
	known := len(g.People())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if r := g.control("POST", "grow", `{"people":50000,"departments":500}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := (after.HeapAlloc - before.HeapAlloc) >> 20
	if grown > 100 {
		t.Errorf("it took %d MiB", grown)
	}
	if n := len(g.People()); n != known+50_000 {
		t.Errorf("%d people", n-known)
	}
	list := g.Departments()
	if n := len(list) - len(DefaultCompany().Departments); n != 500 {
		t.Errorf("%d departments", n)
	}
	tops := 0
	members := 0
	for _, d := range list {
		if d.ID < firstInvented {
			continue
		}
		if d.Parent < firstInvented {
			tops++
		}
		ids := g.top("user/listid", m{"dept_id": d.ID}).json(t)["result"].(m)["userid_list"].([]any)
		members += len(ids)
		if len(ids) != 100 {
			t.Fatalf("%d people in %d", len(ids), d.ID)
		}
	}
	if tops != 50 || members != 50_000 {
		t.Errorf("%d departments above others, %d members", tops, members)
	}
	user := g.top("v2/user/get", m{"userid": "p050000"}).json(t)
	equal(t, user["errcode"], 0)
	chains := g.top("v2/department/listparentbyuser", m{"userid": "p050000"}).json(t)["result"].(m)["parent_list"].([]any)
	if ids := chains[0].(m)["parent_dept_id_list"].([]any); len(ids) < 3 || len(ids) > 5 {
		t.Errorf("chain %v", ids)
	}
	for _, bad := range []string{`{"people":-1}`, `{"people":2000000}`, `{"departments":200000}`, `{"departments":-1}`, `{"people":1,"count":1}`} {
		if r := g.control("POST", "grow", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d", bad, r.StatusCode)
		}
	}
}
