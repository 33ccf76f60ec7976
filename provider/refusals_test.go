package provider_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestThreat_D1_Outsider: who is not positively a member gets the right page, the
// right event and nothing that works.
func TestThreat_D1_Outsider(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		person string
		want   pages.Kind
		status int
		reason string
	}{
		{"outsider", pages.Outsider, http.StatusForbidden, "outsider"},
		{"supplier", pages.Outsider, http.StatusForbidden, "outsider"}, // an external contact: contact_type 1
		{"gone", pages.Outsider, http.StatusForbidden, "outsider"},
		{"disabled", pages.Disabled, http.StatusForbidden, "disabled"},
		{"outofrange", pages.OutOfRange, http.StatusForbidden, "out_of_range"},
	} {
		t.Run(c.person, func(t *testing.T) {
			if err := h.sim.ApproveAs(c.person); err != nil {
				t.Fatal(err)
			}
			h.events.take()
			b := h.browser()
			to := h.arrive(b)
			h.store.Reset()
			for range 2 { // a reload shows the same
				wantPage(t, b.get(to), c.status, c.want)
			}
			if !h.events.has(audit.LoginRefused, c.reason) || h.events.has(audit.LoginSucceeded, "") {
				t.Error("not audited as", c.reason)
			}
			for _, key := range h.store.Keys() {
				if strings.HasPrefix(key, "grant/") || strings.HasPrefix(key, "session/") || strings.HasPrefix(key, "username/") {
					t.Errorf("touched %s", key)
				}
			}
			if p := b.get(h.authorization("prompt", "none")); answer(t, p).Get("error") != "login_required" {
				t.Errorf("afterwards: %s", p.location)
			}
		})
	}
}

// TestThreat_D1_ContactTypeOfTheDirectory: an employee whom the directory calls an
// external contact is none.
func TestThreat_D1_ContactTypeOfTheDirectory(t *testing.T) {
	h := build(t)
	h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "set:contact_type", Value: json.RawMessage("1")})
	b := h.browser()
	wantPage(t, b.follow(h.authorization(), appCallback), http.StatusForbidden, pages.Outsider)
}

// TestThreat_D3_UnionIDMismatch: answers that contradict each other are nobody.
func TestThreat_D3_UnionIDMismatch(t *testing.T) {
	h := build(t)
	other, _ := h.sim.Person("lisi")
	value, _ := json.Marshal(other.UnionID)
	h.sim.Fault(simulator.Fault{Call: "user/get", Kind: "set:unionid", Value: value})
	wantPage(t, h.browser().follow(h.authorization(), appCallback), http.StatusBadGateway, pages.UpstreamStrange)
	h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "set:userid", Value: json.RawMessage(`"lisi"`)})
	wantPage(t, h.browser().follow(h.authorization(), appCallback), http.StatusBadGateway, pages.UpstreamStrange)
}

// upstreamFault is what a kind of fault has to lead to.
type upstreamFault struct {
	page   pages.Kind
	reason string
	retry  bool
}

var (
	throttled    = upstreamFault{pages.UpstreamDown, "throttled", true}
	unavailable  = upstreamFault{pages.UpstreamDown, "unavailable", true}
	codeRejected = upstreamFault{pages.CodeUsed, "code_rejected", true}
	strange      = upstreamFault{pages.UpstreamStrange, "strange_answer", false}
	misconfigued = upstreamFault{pages.UpstreamConfig, "configuration", false}
	forbidden    = upstreamFault{pages.PermissionMissing, "permission", false}
	outside      = upstreamFault{pages.Outsider, "outsider", false}
	outOfRange   = upstreamFault{pages.OutOfRange, "out_of_range", false}
)

// everyCall is what may befall any of the five calls.
var everyCall = map[string]upstreamFault{
	"429": throttled, "qps": throttled, "qps-minute": throttled, "qps-api": throttled, "x5": throttled,
	"500": unavailable, "502": unavailable, "503": unavailable, "504": unavailable, "busy": unavailable, "cut": unavailable,
	"empty": unavailable, "html": unavailable, "lost": unavailable, "reset": unavailable, "slow": unavailable,
	"array": strange, "null": strange, "object": strange, "not-json": strange, "huge": strange, "redirect": strange, "trailing": strange,
	"truncated": strange, "error": strange,
	"bad-credentials": misconfigued, "ip": misconfigued, "quota": misconfigued, "permission": forbidden,
}

// oneCall is what may befall one of them alone, its answer's fields among it.
var oneCall = map[string]map[string]upstreamFault{
	"userAccessToken": {"code-notfound": codeRejected, "cross-org": outside, "user-notfound": outside, "specified-absent": strange, "badtoken": misconfigued,
		"drop:accessToken": strange, "null:accessToken": strange, "retype:accessToken": strange},
	"users/me": {"badtoken": codeRejected, "missing-token": codeRejected, "expired-user": codeRejected, "cross-org": outside, "user-notfound": outside,
		"drop:unionId": strange, "null:unionId": strange, "retype:unionId": strange},
	"accessToken": {"badtoken": misconfigued, "drop:accessToken": strange, "null:accessToken": strange, "retype:accessToken": strange},
	"getbyunionid": {"88-empty": unavailable, "qps-bare": throttled, "qps-api-bare": throttled, "ip-bare": misconfigued, "badtoken": misconfigued,
		"unknown-method": strange, "60121": outside, "50002": outOfRange, "-1": unavailable, "15": unavailable,
		"drop:errcode": strange, "drop:result": strange, "drop:userid": strange, "drop:contact_type": strange, "null:userid": strange, "null:contact_type": strange,
		"retype:result": strange, "retype:userid": strange, "retype:contact_type": strange},
	"user/get": {"88-empty": unavailable, "qps-bare": throttled, "qps-api-bare": throttled, "ip-bare": misconfigued, "badtoken": misconfigued,
		"unknown-method": strange, "60121": outside, "50002": outOfRange, "-1": unavailable, "15": unavailable,
		"drop:errcode": strange, "drop:result": strange, "drop:userid": strange, "drop:unionid": strange, "null:result": strange, "null:unionid": strange,
		"retype:result": strange, "retype:userid": strange, "retype:unionid": strange, "retype:active": strange, "retype:name": strange,
		"retype:dept_id_list": strange, "retype:role_list": strange},
}

// TestThreat_D11_EveryUpstreamFault: each fault at each call gives no code and no
// session, has its page and its event, and where trying again may help, it does.
func TestThreat_D11_EveryUpstreamFault(t *testing.T) {
	// All calls at once, whatever -parallel says: most of the time is spent waiting.
	var wg sync.WaitGroup
	for call, own := range oneCall {
		h := build(t, func(p *plan) { p.dingTalk.Timeout = 3 * time.Second })
		faults := maps.Clone(everyCall)
		maps.Copy(faults, own)
		if call == "accessToken" {
			delete(faults, "permission") // it needs none
		}
		wg.Go(func() {
			for _, kind := range slices.Sorted(maps.Keys(faults)) {
				h.upstreamFault(t, call, kind, faults[kind])
			}
		})
	}
	wg.Wait()
}

func (h *house) upstreamFault(t *testing.T, call, kind string, want upstreamFault) {
	name := call + ", " + kind
	h.sim.ClearFaults()
	h.sim.DropTokens()
	fault := simulator.Fault{Call: call, Kind: kind, Count: -1, Status: 418, Code: "a.new.code", Message: "m"}
	if kind == "slow" {
		fault.Delay = 5 * time.Second
	}
	if err := h.sim.Fault(fault); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if call == "accessToken" { // the app token is kept: only one that is refused is fetched anew
		if err := h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "badtoken"}); err != nil {
			t.Error(err)
			return
		}
	}
	b := h.browser()
	to := h.arrive(b)
	h.events.take()
	p := b.get(to)
	if p.kind() != string(want.page) || p.status != want.page.Status() || p.location != "" || p.cookie("-session-") != "" {
		t.Errorf("%s: %d %q, want %q", name, p.status, p.kind(), want.page)
	}
	event := audit.LoginRefused
	if want.retry {
		event = audit.LoginRetried
	}
	if !h.events.has(event, want.reason) || h.events.has(audit.LoginSucceeded, "") {
		t.Errorf("%s: no event %s %s", name, event, want.reason)
	}
	if (p.retry() != "") != want.retry {
		t.Errorf("%s: retry %q", name, p.retry())
	}
	if again := b.get(h.authorization("prompt", "none")); answer(t, again).Get("error") != "login_required" {
		t.Errorf("%s: afterwards %s", name, again.location)
	}
	if !want.retry {
		return
	}
	// The state of the attempt that failed is worth nothing, the new one is.
	h.sim.ClearFaults()
	if old := b.get(to); old.kind() != string(pages.LoginExpired) || old.cookie("-session-") != "" {
		t.Errorf("%s: the old state: %d %q", name, old.status, old.kind())
	}
	if q := answer(t, b.follow(p.retry(), appCallback)); q.Get("code") == "" || q.Get("state") != "st-"+h.t.Name() {
		t.Errorf("%s: the retry: %v", name, q)
	}
}

// TestThreat_D2_PersonalAddress: mallory's personal mailbox is another's address in
// the organisation; it stands in nothing that is told.
func TestThreat_D2_PersonalAddress(t *testing.T) {
	h := build(t, func(p *plan) { p.as = "mallory" })
	tokens := h.exchange(h.login(h.browser()))
	claims := h.claimsOf(tokens.text("id_token"), "app")
	info := h.userinfo(tokens.text("access_token"))
	if claims["email"] != "mallory@corp.example.cn" || info.json["email"] != "mallory@corp.example.cn" || strings.Contains(info.body, "san.zhang") {
		t.Errorf("email %v, userinfo %s", claims["email"], info.body)
	}
	if name, _ := claims["preferred_username"].(string); name == "zhangsan" || !strings.HasPrefix(name, "mallory") {
		t.Errorf("preferred_username %q", name)
	}
}
