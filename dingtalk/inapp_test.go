package dingtalk

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestInAppAccount(t *testing.T) {
	u := newUpstream()
	u.handle(CallInApp, func(w http.ResponseWriter, r *http.Request) {
		var got map[string]string
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.RawQuery != "access_token="+appTokenValue || len(got) != 1 || got["code"] != code ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v %v", r.Method, r.URL, r.Header, got)
		}
		io.WriteString(w, inAppJSON)
	})
	c := dial(t, u)
	for range 2 {
		account, err := c.InAppAccount(t.Context(), code)
		if err != nil || account != wantInApp {
			t.Fatalf("%+v, %v", account, err)
		}
	}
	if n := u.asked(CallAppToken); n != 1 {
		t.Errorf("token fetched %d times", n)
	}
}

func TestInAppAccount_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		reason Reason
	}{
		"code used":         {usedOldCodeJSON, ReasonCodeRejected},
		"code invalid":      {`{"errcode":40029,"errmsg":"m"}`, ReasonCodeRejected},
		"code timed out":    {`{"errcode":42003,"errmsg":"m"}`, ReasonCodeRejected},
		"code missing":      {`{"errcode":41026,"errmsg":"m"}`, ReasonCodeRejected},
		"authorise again":   {`{"errcode":40091,"errmsg":"m"}`, ReasonCodeRejected},
		"not authorised":    {`{"errcode":40079,"errmsg":"m"}`, ReasonConfig},
		"no permission":     {noPermissionOld, ReasonPermission},
		"out of range":      {`{"errcode":50002,"errmsg":"m"}`, ReasonOutOfRange},
		"not in allowlist":  {`{"errcode":88,"errmsg":"ding talk error[subcode=60020,submsg=访问ip不在白名单之中]"}`, ReasonConfig},
		"a user_info":       {strings.Replace(inAppJSON, `"result"`, `"user_info"`, 1), ReasonStrange},
		"no result":         {`{"errcode":0,"errmsg":"ok"}`, ReasonStrange},
		"no unionid":        {strings.Replace(inAppJSON, `"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",`, ``, 1), ReasonStrange},
		"no userid":         {strings.Replace(inAppJSON, `"userid":"0156421733781264",`, ``, 1), ReasonStrange},
		"the associated":    {strings.Replace(inAppJSON, `"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",`, `"unionid":null,`, 1), ReasonStrange},
		"userid a number":   {strings.Replace(inAppJSON, `"0156421733781264"`, `156421733781264`, 1), ReasonStrange},
		"in other letters":  {strings.Replace(inAppJSON, `"userid"`, `"userId"`, 1), ReasonStrange},
		"the shape of 2018": {`{"errcode":0,"errmsg":"ok","userid":"` + userID + `","is_sys":false}`, ReasonStrange},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallInApp, 200, test.body)
			account, err := dial(t, u).InAppAccount(t.Context(), code)
			e := want(t, err, test.reason)
			if account != (Account{}) || e.Call != CallInApp || e.Gone() || u.asked(CallInApp) != 1 || u.asked(CallAppToken) != 1 {
				t.Errorf("%+v, %+v, asked %v", account, e, u.count)
			}
		})
	}
	t.Run("no code", func(t *testing.T) {
		u := newUpstream()
		for _, odd := range []string{"", "a b", "钉", "a\nb"} {
			_, err := dial(t, u).InAppAccount(t.Context(), odd)
			if e := want(t, err, ReasonStrange); e.Call != CallInApp {
				t.Errorf("%+v", e)
			}
		}
		if len(u.count) != 0 {
			t.Errorf("asked %v", u.count)
		}
	})
	t.Run("no token", func(t *testing.T) {
		u := newUpstream()
		u.answer(CallAppToken, 400, `{"code":"invalidClientIdOrSecret","message":"m"}`)
		_, err := dial(t, u).InAppAccount(t.Context(), code)
		if e := want(t, err, ReasonConfig); e.Call != CallAppToken || u.asked(CallInApp) != 0 {
			t.Errorf("%+v: the code was sent %d times", e, u.asked(CallInApp))
		}
	})
}

// What may be said of a token is that it is bad, and then the code has not been looked
// at: it goes out again with the next token. Anything said of the code is the end of it.
func TestU5_ACodeOutlivesABadTokenOnly(t *testing.T) {
	for _, stale := range []string{"40014", "40001", "42001", "41001"} {
		for shape, refusal := range map[string]string{
			"wrapped": `{"errcode":88,"sub_code":"` + stale + `","errmsg":"x"}`,
			"plain":   `{"errcode":` + stale + `,"errmsg":"x"}`,
		} {
			t.Run(stale+"/"+shape, func(t *testing.T) {
				u, tokens := newUpstream(), 0
				u.handle(CallAppToken, func(w http.ResponseWriter, _ *http.Request) {
					tokens++
					fmt.Fprintf(w, `{"accessToken":"token-%d","expireIn":7200}`, tokens)
				})
				u.handle(CallInApp, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("access_token") == "token-1" {
						io.WriteString(w, refusal)
						return
					}
					io.WriteString(w, inAppJSON)
				})
				c := dial(t, u)
				account, err := c.InAppAccount(t.Context(), code)
				if err != nil || account != wantInApp || u.asked(CallInApp) != 2 || tokens != 2 {
					t.Errorf("%+v, %v, asked %v", account, err, u.count)
				}
				u.answer(CallInApp, 200, refusal)
				_, err = c.InAppAccount(t.Context(), code)
				if want(t, err, ReasonConfig); u.asked(CallInApp) != 4 || tokens != 3 {
					t.Errorf("a loop: %v", u.count)
				}
			})
		}
	}
	for name, fault := range map[string]http.HandlerFunc{
		"code used":             send(200, usedOldCodeJSON),
		"500 and a bad token":   send(500, badAppTokenJSON),
		"429 and a bad token":   send(429, badAppTokenJSON),
		"400 and a bad token":   send(400, badAppTokenJSON),
		"a bad token, cut":      cutShort(badAppTokenJSON),
		"success and bad token": send(200, strings.Replace(inAppJSON, `"errcode":0`, `"errcode":0,"sub_code":"40014"`, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.handle(CallInApp, fault)
			account, err := dial(t, u).InAppAccount(t.Context(), code)
			if err == nil || account != (Account{}) || u.asked(CallInApp) != 1 {
				t.Errorf("%+v, %v, sent %d times", account, err, u.asked(CallInApp))
			}
		})
	}
}
