package simulator

import (
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const codeRefused = `{"code":"invalidParameter.authCode.notFound","requestid":"ID","message":"不合法的临时授权码"}`

func TestM1_CodeIsTakenOnceInItsLife(t *testing.T) {
	g := start(t, Config{})
	t.Run("once", func(t *testing.T) {
		code := g.code("zhangsan")
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(code) {
			t.Errorf("code %q is not 32 hex", code)
		}
		if r := g.exchange(code); r.StatusCode != 200 {
			t.Fatalf("first: %s", r.body)
		}
		exact(t, g.exchange(code), 400, codeRefused)
	})
	for _, tc := range []struct {
		name    string
		advance time.Duration
		ok      bool
	}{{"just before its end", codeLife - time.Minute, true}, {"at its end", codeLife, false}} {
		t.Run(tc.name, func(t *testing.T) {
			code := g.code("zhangsan")
			g.must(g.Advance(tc.advance))
			if r := g.exchange(code); (r.StatusCode == 200) != tc.ok {
				t.Errorf("status %d: %s", r.StatusCode, r.body)
			}
		})
	}
	t.Run("unknown and empty", func(t *testing.T) {
		exact(t, g.exchange("5a1d7e0c94b83f62a7d8e1c05b9f4426"), 400, codeRefused)
		exact(t, g.exchange(""), 400, codeRefused)
	})
	t.Run("of another kind", func(t *testing.T) {
		other := g.vault.issue(code{kind: snsCode, appID: g.id, userID: "zhangsan"}, g.Now())
		exact(t, g.exchange(other), 400, codeRefused)
		if _, ok := g.vault.spend(other, snsCode, g.id, g.Now()); !ok {
			t.Error("the wrong exchange burnt the code")
		}
	})
	t.Run("wrong credentials burn nothing", func(t *testing.T) {
		code := g.code("zhangsan")
		r := g.post("/v1.0/oauth2/userAccessToken", m{"clientId": g.id, "clientSecret": "wrong", "code": code, "grantType": "authorization_code"})
		exact(t, r, 400, `{"code":"invalidClientIdOrSecret","requestid":"ID","message":"无效的clientId或者clientSecret"}`)
		if r := g.exchange(code); r.StatusCode != 200 {
			t.Errorf("afterwards: %s", r.body)
		}
	})
	t.Run("one winner of a race", func(t *testing.T) {
		for range 5 {
			code := g.code("zhangsan")
			var won atomic.Int32
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					if r := g.exchange(code); r.err == nil && r.StatusCode == 200 {
						won.Add(1)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d winners", won.Load())
			}
		}
	})
}

func TestM17_MemoryIsBounded(t *testing.T) {
	v := newVault()
	now := time.Unix(1_763_800_000, 0)
	for range 1000 {
		v.issue(code{kind: webCode, userID: "a"}, now)
	}
	id := v.issue(code{kind: webCode, userID: "a"}, now.Add(codeLife))
	if len(v.codes) != 1 || len(v.queue) != 1 {
		t.Errorf("%d codes and %d in the queue outlive their life", len(v.codes), len(v.queue))
	}
	if _, ok := v.spend(id, webCode, "", now.Add(codeLife)); !ok {
		t.Error("pruning took a code that is alive")
	}
	for range maxCodes + 10 {
		v.issue(code{kind: webCode, userID: "a"}, now.Add(codeLife))
	}
	if len(v.codes) > maxCodes || len(v.queue) > maxCodes {
		t.Errorf("%d codes, %d in the queue, more than %d", len(v.codes), len(v.queue), maxCodes)
	}
	for range 100 {
		v.userTokens("a", "", now)
		now = now.Add(tokenLife + time.Second)
	}
	if len(v.access) != 1 || len(v.renewals) != 1 || len(v.grants) != 1 {
		t.Errorf("one person has %d tokens, %d refresh tokens", len(v.access), len(v.renewals))
	}
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range maxLeaves/2 + 10 {
		for _, id := range []string{"zhangsan", "lisi"} {
			if err := s.Leave(id); err != nil {
				t.Fatal(err)
			}
			if err := s.Return(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(s.staff.leaves) > maxLeaves {
		t.Errorf("%d leave records, more than %d", len(s.staff.leaves), maxLeaves)
	}
}
