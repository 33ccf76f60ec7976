package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// driverWords are what an error of a store or of ours says, and a client must not read.
var driverWords = []string{"injected", "storage", "redis", "bolt", "unknown", "grant/", "person/", "session/", "login/"}

// wantOutage holds an answer to be that of a store that does not answer (promise H3).
func wantOutage(t *testing.T, name string, p page) {
	t.Helper()
	if p.status != http.StatusServiceUnavailable {
		t.Errorf("%s: %d %.300s", name, p.status, p.body)
	}
	if p.kind() == "" {
		var r reply
		if json.Unmarshal([]byte(p.body), &r.json); r.text("error") != "temporarily_unavailable" {
			t.Errorf("%s: %s", name, p.body)
		}
		for _, word := range driverWords {
			if strings.Contains(strings.ToLower(p.body), word) {
				t.Errorf("%s tells a driver's words: %s", name, p.body)
			}
		}
	} else if p.kind() != string(pages.Unavailable) || p.cookie("-session-") != "" || strings.Contains(p.body, "injected") {
		t.Errorf("%s: page %s", name, p.kind())
	}
	if p.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%s: a challenge for an outage", name)
	}
}

// opsOf counts the storage ops of one request.
func (h *house) opsOf(do func()) int {
	h.store.Reset()
	do()
	return len(h.store.Calls())
}

// failOp makes the op of this number, counted from now on, fail.
func (h *house) failOp(number int, fault storagetest.Fault) {
	n := 0
	h.store.fail(func(*storage.Op) storagetest.Fault {
		if n++; n-1 == number {
			return fault
		}
		return storagetest.NoFault
	})
}

var faultNames = map[storagetest.Fault]string{storagetest.FailBefore: "before", storagetest.FailAfter: "after"}

// TestH3_StorageFailsAtEveryOp: each storage op of each endpoint of programs fails in
// turn, before and after it took effect. Nothing is refused for good, nothing is given
// that should not be, and once storage is back the same request goes through, unless
// what it spends was really spent (Fosite CVE-2020-15223).
func TestH3_StorageFailsAtEveryOp(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	issue := func() reply { // tokens of a new grant
		return h.exchange(answer(t, b.get(h.authorization())).Get("code"))
	}
	type request struct {
		send func() reply
		// after tells what the request, sent again, must answer; spent says that the
		// op that failed had taken effect.
		after func(t *testing.T, again reply, lost bool)
	}
	ok := func(t *testing.T, again reply, lost bool) {
		if again.status != 200 {
			t.Errorf("again: %d %s", again.status, again.body)
		}
	}
	for name, prepare := range map[string]func() request{
		"code": func() request {
			code := answer(t, b.get(h.authorization())).Get("code")
			return request{func() reply { return h.exchange(code) }, func(t *testing.T, again reply, lost bool) {
				if lost { // spent, and nobody has what it gave: showing it again is reuse
					wantOAuth(t, "again", again, 400, "invalid_grant")
				} else {
					ok(t, again, lost)
				}
			}}
		},
		"refresh": func() request {
			token := issue().text("refresh_token")
			return request{func() reply { return h.refresh(token, "") }, func(t *testing.T, again reply, lost bool) {
				ok(t, again, lost)
				if next := h.refresh(again.text("refresh_token"), ""); next.status != 200 {
					t.Errorf("the successor: %d %s", next.status, next.body)
				}
			}}
		},
		"refresh inside the leeway": func() request {
			token := issue().text("refresh_token")
			successor := h.refresh(token, "").text("refresh_token")
			return request{func() reply { return h.refresh(token, "") }, func(t *testing.T, again reply, lost bool) {
				if ok(t, again, lost); again.text("refresh_token") != successor {
					t.Error("another successor")
				}
			}}
		},
		"userinfo": func() request {
			token := issue().text("access_token")
			return request{func() reply { return h.userinfo(token) }, ok}
		},
		"introspection": func() request {
			token := url.Values{"token": {issue().text("access_token")}}
			return request{func() reply { return h.call("/introspect", "app", testSecret, token) }, func(t *testing.T, again reply, lost bool) {
				if again.json["active"] != true {
					t.Errorf("again: %s", again.body)
				}
			}}
		},
		"introspection of a refresh token": func() request {
			token := url.Values{"token": {issue().text("refresh_token")}}
			return request{func() reply { return h.call("/introspect", "app", testSecret, token) }, func(t *testing.T, again reply, lost bool) {
				if again.json["active"] != true {
					t.Errorf("again: %s", again.body)
				}
			}}
		},
		"revocation": func() request {
			tokens := issue()
			form := url.Values{"token": {tokens.text("refresh_token")}}
			return request{func() reply { return h.call("/revoke", "app", testSecret, form) }, func(t *testing.T, again reply, lost bool) {
				if ok(t, again, lost); h.userinfo(tokens.text("access_token")).status != 401 {
					t.Error("revoked, and works")
				}
			}}
		},
	} {
		healthy := prepare()
		ops := h.opsOf(func() { healthy.send() })
		if ops == 0 {
			t.Fatalf("%s asks no storage", name)
		}
		for op := range ops {
			for fault, when := range faultNames {
				t.Run(fmt.Sprintf("%s, op %d, %s", name, op, when), func(t *testing.T) {
					r := prepare()
					h.events.take()
					h.store.Reset()
					h.failOp(op, fault)
					failed := r.send()
					h.store.fail(nil)
					wantOutage(t, name, failed.page)
					if failed.json["access_token"] != nil || failed.json["active"] != nil {
						t.Errorf("something was given: %s", failed.body)
					}
					if !h.events.has(audit.StorageTrouble, "") {
						t.Error("not audited")
					}
					calls := h.store.Calls()
					lost := fault == storagetest.FailAfter && calls[len(calls)-1].Verb.Writes()
					r.after(t, r.send(), lost)
				})
			}
		}
	}
}

// TestH3_StorageFailsDuringALogin: each storage op of authorize, callback and sign-on
// fails in turn. The page says so, and the login goes on where it stood, or by the
// button of the page.
func TestH3_StorageFailsDuringALogin(t *testing.T) {
	h := build(t)
	finish := func(t *testing.T, b *browser, p page) {
		t.Helper()
		// What the button leads to ends with the client, perhaps over another page.
		for range 4 {
			p = b.follow(h.dial(p.retry()), appCallback)
			if p.location != "" || p.retry() == "" {
				break
			}
		}
		code := answer(t, p).Get("code")
		if code == "" || answer(t, p).Get("state") == "" {
			t.Fatalf("the login is lost: %s", p.location)
		}
		if r := h.exchange(code); r.status != 200 {
			t.Errorf("its code: %d %s", r.status, r.body)
		}
		if on := b.get(h.authorization("prompt", "none")); answer(t, on).Get("code") == "" {
			t.Errorf("its session: %s", on.location)
		}
	}
	// freed ends the claim of the request that failed, as its 20 seconds would.
	freed := func(t *testing.T) {
		for _, c := range h.store.Calls() {
			if strings.HasPrefix(c.Key, "claim/") {
				if err := h.store.Together(t.Context(), storage.Delete(c.Key)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, prepare := range map[string]func(t *testing.T) (*browser, string){
		"authorize": func(t *testing.T) (*browser, string) { return h.browser(), h.authorization() },
		"sign-on": func(t *testing.T) (*browser, string) {
			b := h.browser()
			h.login(b)
			return b, h.authorization()
		},
		"callback": func(t *testing.T) (*browser, string) {
			b := h.browser()
			return b, h.arrive(b)
		},
		"callback with a session": func(t *testing.T) (*browser, string) {
			b := h.browser()
			h.login(b)
			return b, h.arrive(b, "prompt", "login")
		},
		"callback of a new person": func(t *testing.T) (*browser, string) {
			h.sim.Grow(1)
			people := h.sim.People()
			h.sim.ApproveAs(people[len(people)-1])
			b := h.browser()
			return b, h.arrive(b)
		},
	} {
		b, to := prepare(t)
		ops := h.opsOf(func() { b.get(to) })
		for op := range ops {
			for fault, when := range faultNames {
				t.Run(fmt.Sprintf("%s, op %d, %s", name, op, when), func(t *testing.T) {
					b, to := prepare(t)
					h.events.take()
					h.store.Reset()
					h.failOp(op, fault)
					p := b.get(to)
					h.store.fail(nil)
					if p.location != "" { // an op that may be lost without harm
						if name == "authorize" {
							t.Fatalf("went on: %s", p.location)
						}
						p = b.follow(to, appCallback)
						if answer(t, p).Get("code") == "" || h.exchange(answer(t, p).Get("code")).status != 200 {
							t.Errorf("went on to nothing: %d %s", p.status, p.location)
						}
						return
					}
					wantOutage(t, name, p)
					if !h.events.has(audit.StorageTrouble, "") {
						t.Error("not audited")
					}
					freed(t)
					finish(t, b, p)
				})
			}
		}
		h.sim.ApproveAs("zhangsan")
	}
}

// TestH3_PromptNoneAndOutage: no page may be shown then; the client is told to come
// again.
func TestH3_PromptNoneAndOutage(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	h.wantError(t, b.get(h.authorization("prompt", "none")), appCallback, "temporarily_unavailable", "st-"+t.Name())
	if !h.events.has(audit.StorageTrouble, "storage") || !h.events.has(audit.AuthorizeRefused, "storage") {
		t.Error("not audited")
	}
	h.store.fail(nil)
	if on := b.get(h.authorization("prompt", "none")); answer(t, on).Get("code") == "" {
		t.Errorf("afterwards: %s", on.location)
	}
}

// TestPublicDocumentsNeedNoStorage: what apps fetch all day serves without it.
func TestPublicDocumentsNeedNoStorage(t *testing.T) {
	h := build(t)
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/healthz", "/readyz", "/"} {
		if p := h.browser().get(h.issuer + path); p.status != http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}
