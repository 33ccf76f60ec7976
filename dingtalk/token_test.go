package dingtalk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// numbered answers the fetch of the app token with token-1, token-2, ... after a
// while, so that rivals have time to meet.
func numbered(u *upstream, life int) {
	n := 0
	u.handle(CallAppToken, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		u.mu.Lock()
		n++
		body := fmt.Sprintf(`{"accessToken":"token-%d","expireIn":%d}`, n, life)
		u.mu.Unlock()
		io.WriteString(w, body)
	})
}

func mustToken(t *testing.T, c *Client, value string) {
	t.Helper()
	got, fault := c.token.get(t.Context())
	if fault != nil || got != value {
		t.Fatalf("%q, %v; want %q", got, fault, value)
	}
}

func TestU4_OneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		numbered(u, 7200)
		c := inProcess(t, u)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { mustToken(t, c, "token-1") })
		}
		wg.Wait()
		if n := u.asked(CallAppToken); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestU4_RenewedBeforeItsEndWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		numbered(u, 7200)
		c := inProcess(t, u)
		mustToken(t, c, "token-1")
		time.Sleep(109 * time.Minute)
		mustToken(t, c, "token-1")
		synctest.Wait()
		if n := u.asked(CallAppToken); n != 1 {
			t.Fatalf("renewed too early: %d fetches", n)
		}
		time.Sleep(time.Minute)
		before := time.Now()
		for range 10 {
			mustToken(t, c, "token-1") // the old one, at once
		}
		if time.Now() != before {
			t.Error("somebody waited for the renewal")
		}
		time.Sleep(2 * time.Second)
		mustToken(t, c, "token-2")
		if n := u.asked(CallAppToken); n != 2 {
			t.Errorf("%d fetches", n)
		}
		time.Sleep(3 * time.Hour) // nobody asked meanwhile: ended
		mustToken(t, c, "token-3")
	})
}

func TestU4_ShortLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		numbered(u, 60)
		c := inProcess(t, u)
		mustToken(t, c, "token-1")
		time.Sleep(43 * time.Second)
		mustToken(t, c, "token-1")
		time.Sleep(2 * time.Second)
		mustToken(t, c, "token-1") // 46 s after it was asked for: renewal begins
		time.Sleep(2 * time.Second)
		mustToken(t, c, "token-2")
	})
}

func TestU4_RenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		numbered(u, 7200)
		c := inProcess(t, u)
		mustToken(t, c, "token-1")
		u.answer(CallAppToken, 400, `{"code":"invalidClientIdOrSecret","message":"x"}`)
		time.Sleep(111 * time.Minute)
		for range 5 {
			mustToken(t, c, "token-1") // still good
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if n := u.asked(CallAppToken); n != 3 {
			t.Errorf("%d fetches, want the first and one each 30 s", n)
		}
		time.Sleep(10 * time.Minute)
		_, fault := c.token.get(t.Context())
		want(t, fault, ReasonConfig)
	})
}

func TestU4_TheFirstCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		numbered(u, 7200)
		c := inProcess(t, u)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, fault := c.token.get(ctx)
			if e := want(t, fault, ReasonUnavailable); e.Err != context.Canceled {
				t.Errorf("%v", e)
			}
		})
		synctest.Wait()
		wg.Go(func() { mustToken(t, c, "token-1") })
		synctest.Wait()
		leave()
		wg.Wait()
		if n := u.asked(CallAppToken); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestU4_InvalidTokenCostsOneFetch(t *testing.T) {
	for name, refusal := range map[string]string{
		"wrapped":        badAppTokenJSON,
		"plain":          `{"errcode":40014,"errmsg":"不合法的access_token"}`,
		"timed out":      `{"errcode":88,"sub_code":"42001","errmsg":"x"}`,
		"in errmsg only": `{"errcode":88,"errmsg":"ding talk error[subcode=40014,submsg=不合法的access_token]"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpstream()
				numbered(u, 7200)
				for call, body := range map[string]string{CallByUnionID: byUnionIDJSON, CallUser: userJSON} {
					u.handle(call, func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(time.Second)
						if r.URL.Query().Get("access_token") == "token-1" {
							body := refusal
							io.WriteString(w, body)
							return
						}
						io.WriteString(w, body)
					})
				}
				c := inProcess(t, u)
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						if _, err := c.Member(t.Context(), unionID); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if n := u.asked(CallAppToken); n != 2 {
					t.Errorf("%d fetches", n)
				}
				if n := u.asked(CallByUnionID); n != 40 {
					t.Errorf("%d questions, want each once more", n)
				}
			})
		})
	}
}

func TestU4_NeverALoop(t *testing.T) {
	u := newUpstream()
	u.answer(CallByUnionID, 200, badAppTokenJSON)
	_, err := dial(t, u).Member(t.Context(), unionID)
	e := want(t, err, ReasonConfig)
	if e.Gone() || e.Code != "40014" {
		t.Errorf("%+v", e)
	}
	if u.asked(CallByUnionID) != 2 || u.asked(CallAppToken) != 2 {
		t.Errorf("%v", u.count)
	}
}

func TestAppToken_Refused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		reason Reason
	}{
		"wrong secret":  {400, `{"requestid":"1","code":"invalidClientIdOrSecret","message":"无效的clientId或者clientSecret"}`, ReasonConfig},
		"no body":       {400, `{"code":"Missingbody","message":"body is mandatory for this action."}`, ReasonStrange},
		"no life":       {200, `{"accessToken":"t","expireIn":0}`, ReasonStrange},
		"negative life": {200, `{"accessToken":"t","expireIn":-1}`, ReasonStrange},
		"life a string": {200, `{"accessToken":"t","expireIn":"7200"}`, ReasonStrange},
		"other name":    {200, `{"access_token":"t","expires_in":7200}`, ReasonStrange},
		"no token":      {200, `{"accessToken":"","expireIn":7200}`, ReasonStrange},
		"odd token":     {200, `{"accessToken":"a\r\nb","expireIn":7200}`, ReasonStrange},
		"old shape":     {200, `{"errcode":40096,"errmsg":"不合法的appKey或appSecret"}`, ReasonStrange},
		"another corp":  {403, `{"code":"unsupported.operation","message":"Does not support cross-org access"}`, ReasonConfig},
		"ip":            {403, `{"code":"Forbidden.AccessDenied.IpNotInWhiteList","message":"203.0.113.24"}`, ReasonConfig},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallAppToken, test.status, test.body)
			_, err := dial(t, u).Member(t.Context(), unionID)
			e := want(t, err, test.reason)
			if e.Call != CallAppToken || e.Gone() || u.asked(CallByUnionID) != 0 {
				t.Errorf("%+v, %v", e, u.count)
			}
		})
	}
	t.Run("an endless life is capped", func(t *testing.T) {
		token, fault := decodeAppToken(200, []byte(`{"accessToken":"t","expireIn":9223372036854775807}`))
		if fault != nil || token.life != longestLife {
			t.Errorf("%v, %v", token.life, fault)
		}
	})
}
