package simulator

import (
	"testing"
	"time"
)

func TestM42_Rates(t *testing.T) {
	g := start(t, Config{})
	at := time.Unix(1_763_800_000, 900_000_000)
	g.frozen.Store(&at)
	if r := g.control("PATCH", "app", `{"qps":20}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	token := g.appToken()
	get := func() any {
		return g.post("/topapi/v2/user/get?access_token="+token, m{"userid": "zhangsan"}).json(t)["errcode"]
	}
	passed := 0
	for range 23 {
		if get() == 0.0 {
			passed++
		}
	}
	if passed != 20 {
		t.Errorf("%d calls passed in one second", passed)
	}
	equal(t, g.post("/topapi/user/getbyunionid?access_token="+token, m{"unionid": "x1234567"}).json(t)["errcode"], 60121) // each call has its own
	next := at.Add(200 * time.Millisecond)                                                                                // another second of the clock, and less than one later
	g.frozen.Store(&next)
	for range 5 {
		if get() != 0.0 {
			t.Error("refused in a new second")
		}
	}
	equal(t, g.Rates()["user/get"], Rate{Calls: 28, Most: 23, MostSliding: 28})
	equal(t, g.Rates()["getbyunionid"], Rate{1, 1, 1})
	later := at.Add(5 * time.Second)
	g.frozen.Store(&later)
	get()
	var out struct{ Rates map[string]Rate }
	g.must(jsonOf(g.control("GET", "rates", ""), &out))
	equal(t, out.Rates["user/get"], Rate{29, 23, 28})
	g.control("DELETE", "rates", "")
	equal(t, len(g.Rates()), 0)
}
