package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// raised lists the events since the last call, as TYPE DATA without time stamps.
func (g *rig) raised(since *int) (list []string) {
	all := g.Events()
	for _, e := range all[*since:] {
		var data map[string]any
		json.Unmarshal([]byte(e.Data), &data)
		delete(data, "timeStamp")
		list = append(list, e.Type+" "+string(encode(data)))
	}
	*since = len(all)
	return list
}

func TestM36_ChangesRaiseEvents(t *testing.T) {
	g := start(t, Config{})
	seen := 0
	for _, tc := range []struct {
		method, path, body string
		want               []string
	}{
		{"POST", "people/lisi/leave", "", []string{`user_leave_org {"userId":["lisi"]}`}},
		{"POST", "people/lisi/leave", "", nil}, // refused
		{"POST", "people/lisi/return", "", []string{`user_add_org {"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"left":true}`, []string{`user_leave_org {"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"left":false}`, []string{`user_add_org {"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"name":"李四四","telephone":"1","email":""}`,
			[]string{`user_modify_org {"diffInfo":{"curr":{"name":"李四四","telephone":"1"},"prev":{"email":"si.li@example.com","name":"李四"},"userid":"lisi"},"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"job_number":"A9","work_place":"沪","hired_date":1597573616000,"manager_userid":"chairwoman"}`,
			[]string{`user_modify_org {"diffInfo":{"curr":{"hiredDate":1597573616000,"jobNumber":"A9","managerUserid":"chairwoman","workPlace":"沪"},"prev":{"jobNumber":"A0007"},"userid":"lisi"},"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"nick":"x","avatar_url":"https://x.example","avatar":"https://y.example","account_email":"a@b.example","title":"x"}`, nil},
		{"PATCH", "people/lisi", `{"departments":[39960014],"leads":[]}`, nil},
		{"PATCH", "people/lisi", `{"exclusive_account":true,"exclusive_account_type":"dingtalk","disable_status":true}`, nil},
		{"PATCH", "people/lisi", `{"roles":[1507113591,1507113592]}`, []string{
			`label_user_change {"action":"add","labelIdList":[1507113591,1507113592],"userIdList":["lisi"]}`,
			`label_user_change {"action":"remove","labelIdList":[1507113581],"userIdList":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"admin":true}`, []string{`org_admin_add {"userId":["lisi"]}`}},
		{"PATCH", "people/lisi", `{"admin":false}`, []string{`org_admin_remove {"userId":["lisi"]}`}},
		{"PATCH", "people/inactive", `{"inactive":false}`, []string{`user_active_org {"userId":["inactive"]}`}},
		{"PATCH", "people/supplier", `{"name":"x","left":true}`, nil}, // an external contact
		{"PATCH", "people/outsider", `{"nick":"x"}`, nil},
		{"POST", "people/lisi/migrate", "", nil},
		{"POST", "departments", `{"id":7001,"name":"新部门","parent":39960012}`, []string{`org_dept_create {"deptId":[7001]}`}},
		{"PATCH", "departments/7001", `{"name":"改名","parent":39960013}`, []string{`org_dept_modify {"deptId":[7001]}`}},
		{"DELETE", "departments/7001", "", []string{`org_dept_remove {"deptId":[7001]}`}},
		{"DELETE", "departments/7001", "", nil},
		{"POST", "people", `{"userid":"newcomer","nick":"x","name":"x","departments":[39960014]}`, []string{`user_add_org {"userId":["newcomer"]}`}},
		{"POST", "grow", `{"people":20,"departments":3}`, nil},
	} {
		r := g.control(tc.method, tc.path, tc.body)
		if got := g.raised(&seen); strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
			t.Errorf("%s %s %s (%d %s)\ngot  %v\nwant %v", tc.method, tc.path, tc.body, r.StatusCode, r.body, got, tc.want)
		}
	}
	for _, e := range g.Events() {
		if e.CorpID != g.CorpID() || e.Born.IsZero() || e.State != "waiting" {
			t.Errorf("event %+v", e)
		}
		if strings.HasPrefix(e.Type, "user_leave") && !strings.HasPrefix(e.Data, `{"timeStamp":"1`) {
			t.Errorf("data %s", e.Data)
		}
	}
	g.must(g.SetVariants(map[string]string{"events": "off"}))
	g.must(g.Leave("zhangsan"))
	if got := g.raised(&seen); got != nil {
		t.Errorf("cut off, and yet %v", got)
	}
}

func TestM37_EventsWhileNobodyIsConnected(t *testing.T) {
	g := start(t, Config{})
	g.must(g.Leave("zhangsan"))
	g.must(g.Leave("lisi"))
	c := g.dial()
	for _, who := range []string{"zhangsan", "lisi"} {
		f := c.next()
		if !strings.Contains(f.Data, who) {
			t.Errorf("want %s, got %s", who, f.Data)
		}
		c.ack(f, "SUCCESS")
	}
	g.until("both are acknowledged", func(s StreamState) bool { return s.Acked == 2 && s.Waiting == 0 })
	c.ws.CloseNow()
	g.until("it is gone", func(s StreamState) bool { return len(s.Connections) == 0 })
	_, err := g.Inject(Event{Type: "org_change", Count: maxWaiting + 50})
	g.must(err)
	if s := g.Stream(); s.Waiting != maxWaiting || s.Pending != maxWaiting || s.Lost != 50 {
		t.Errorf("state %+v", s)
	}
	g.Reset()
	if s := g.Stream(); s.Waiting != 0 || s.Pending != 0 || s.Lost != 0 || s.Raised != 0 || len(g.Events()) != 0 {
		t.Errorf("after Reset %+v", s)
	}
	g.must(g.SetVariants(map[string]string{"events": "lost", "event_topic": "dingTalk"}))
	g.must(g.Leave("zhangsan"))
	c = g.dial()
	g.until("one is open", func(s StreamState) bool { return len(s.Connections) == 1 && s.Lost == 1 && s.Pending == 0 })
	g.must(g.Return("zhangsan"))
	if f := c.next(); f.Headers["eventType"] != "user_add_org" || f.Headers["topic"] != "dingTalk" {
		t.Errorf("frame %+v", f)
	}
}

func TestM37_RedeliveryWaitsForSomebody(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = 20 * time.Millisecond }))
	c := g.dial()
	g.must(g.Leave("zhangsan"))
	f := c.next()
	c.ws.CloseNow()
	g.until("it waits", func(s StreamState) bool { return s.Waiting == 1 })
	if again := g.dial().next(); again.Headers["eventId"] != f.Headers["eventId"] {
		t.Errorf("another: %+v", again)
	}
}

func TestM37_InjectedEvents(t *testing.T) {
	g := start(t, Config{})
	c := g.dial()
	inject := func(body string) result { return g.control("POST", "events", body) }
	r := inject(`{"eventType":"user_leave_org","corpId":"dingffffffffffffffffffff","eventId":"forged","data":{"userId":["nobody-{n}"]},"count":2,"age":"1h"}`)
	exact(t, r, 200, "{\"eventId\":\"forged\"}\n")
	for n := range 2 {
		f := c.next()
		if f.Headers["eventId"] != "forged" || f.Headers["eventCorpId"] != "dingffffffffffffffffffff" || f.Data != fmt.Sprintf(`{"userId":["nobody-%d"]}`, n+1) {
			t.Errorf("frame %+v", f)
		}
		if born := fmt.Sprint(g.Now().Add(-30 * time.Minute).UnixMilli()); f.Headers["eventBornTime"] > born {
			t.Errorf("born %s", f.Headers["eventBornTime"])
		}
	}
	inject(`{"eventType":"x","data":"not {JSON"}`)
	if f := c.next(); f.Data != "not {JSON" || len(f.Headers["eventId"]) != 32 || f.Headers["eventCorpId"] != g.CorpID() {
		t.Errorf("frame %+v", f)
	}
	inject(`{"eventType":"org_change"}`)
	if f := c.next(); f.Data != "{}" {
		t.Errorf("frame %+v", f)
	}
	for _, bad := range []string{`{}`, `{"eventType":"x","count":-1}`, `{"eventType":"x","count":1000000}`, `{"eventType":"x","age":"old"}`, `{"eventType":"x","colour":1}`} {
		if r := inject(bad); r.StatusCode != 400 {
			t.Errorf("%s: %d %s", bad, r.StatusCode, r.body)
		}
	}
	var out struct{ Events []EventState }
	g.must(json.Unmarshal(g.control("GET", "events", "").body, &out))
	if len(out.Events) != 4 || out.Events[0].ID != "forged" || out.Events[0].State != "sent" {
		t.Errorf("events %+v", out.Events)
	}
	var state StreamState
	g.must(json.Unmarshal(g.control("GET", "stream", "").body, &state))
	if len(state.Connections) != 1 || state.Connections[0].Agent != "test/1" || state.Connections[0].LocalIP != "10.0.3.7" || state.Delivered != 4 || state.Pending != 4 {
		t.Errorf("state %+v", state)
	}
}

func TestM37_TenThousandEvents(t *testing.T) {
	const storm = 10_000
	g := start(t, Config{})
	c := g.dial()
	g.until("it is open", func(s StreamState) bool { return len(s.Connections) == 1 })
	if r := g.control("POST", "events", `{"eventType":"user_leave_org","data":{"userId":["stranger{n}"]},"count":10000}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	for range storm {
		c.ack(c.next(), "SUCCESS")
	}
	g.until("all are acknowledged", func(s StreamState) bool { return s.Acked == storm && s.Pending == 0 })
	if n := len(g.Events()); n != maxTraces {
		t.Errorf("%d events are remembered", n)
	}
	if s, n := g.stream, len(g.stream.sent); n > 2*maxSpent || len(s.traces) > 2*maxTraces {
		t.Errorf("%d messages and %d events are kept", n, len(s.traces))
	}
}
