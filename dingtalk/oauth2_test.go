package dingtalk

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"testing"
)

func TestAuthorizeURL(t *testing.T) {
	c, err := New(Config{CorpID: corp, ClientID: clientID, ClientSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(c.AuthorizeURL("https://idp.example.cn/login/callback", "Jk2p&x=y"))
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != "https://login.dingtalk.com/oauth2/auth" {
		t.Errorf("page %s", got)
	}
	for name, value := range map[string]string{
		"client_id": clientID, "redirect_uri": "https://idp.example.cn/login/callback",
		"response_type": "code", "scope": "openid", "prompt": "consent", "state": "Jk2p&x=y",
	} {
		if got := u.Query()[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if len(u.Query()) != 6 {
		t.Errorf("unexpected parameters: %v", u.Query())
	}
}

func TestFrameURL(t *testing.T) {
	c := dial(t, newUpstream(), func(c *Config) { c.Endpoints = Endpoints{} })
	full, err := url.Parse(c.AuthorizeURL("https://idp.example.cn/login/callback", "Jk2p&x=y"))
	if err != nil {
		t.Fatal(err)
	}
	frame, err := url.Parse(c.FrameURL("https://idp.example.cn/login/callback", "Jk2p&x=y"))
	if err != nil {
		t.Fatal(err)
	}
	// The embed script sends what the page is sent, and iframe=true.
	expect := full.Query()
	expect.Set("iframe", "true")
	if got := frame.Query(); !reflect.DeepEqual(got, expect) {
		t.Errorf("%v, want %v", got, expect)
	}
	full.RawQuery, frame.RawQuery = "", ""
	if *frame != *full || frame.Scheme+"://"+frame.Host != c.LoginOrigin() {
		t.Errorf("page %s, want %s", frame, full)
	}
}

func TestCodeFromQuery(t *testing.T) {
	for query, want := range map[string]struct {
		code    string
		refused bool
		odd     bool
	}{
		"code=c1&authCode=c1&state=s":     {code: "c1"},
		"authCode=c1&state=s":             {code: "c1"},
		"code=c1&state=s":                 {code: "c1"},
		"code=c1&authCode=c2&state=s":     {odd: true},
		"code=c1&authCode=C1":             {odd: true},
		"code=&authCode=c1":               {odd: true},
		"code=c1&authCode=":               {odd: true},
		"code=c1&code=c1":                 {odd: true},
		"authCode=c1&authCode=c2":         {odd: true},
		"code=c%0a1":                      {odd: true},
		"code=c+1":                        {odd: true},
		"code=%e9%92%89":                  {odd: true},
		"AuthCode=c1":                     {odd: true},
		"state=s":                         {odd: true},
		"":                                {odd: true},
		"error=access_denied&state=s":     {refused: true},
		"error=&state=s":                  {refused: true},
		"error=x&code=c1&authCode=c1":     {refused: true},
		"error=400009&error_description=": {refused: true},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		code, refused, err := CodeFromQuery(q)
		if code != want.code || refused != want.refused || (err != nil) != want.odd {
			t.Errorf("%s: %q, %v, %v; want %+v", query, code, refused, err, want)
		}
		if err != nil && ReasonOf(err) != ReasonStrange {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestAccount(t *testing.T) {
	u := newUpstream()
	u.handle(CallUserToken, func(w http.ResponseWriter, r *http.Request) {
		var got map[string]string
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		for name, value := range map[string]string{
			"clientId": clientID, "clientSecret": secret, "code": code, "grantType": "authorization_code",
		} {
			if got[name] != value {
				t.Errorf("%s = %q", name, got[name])
			}
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || len(got) != 4 || r.URL.RawQuery != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		io.WriteString(w, userTokenJSON)
	})
	u.handle(CallMe, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("x-acs-dingtalk-access-token") != userTokenValue || r.URL.RawQuery != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		io.WriteString(w, meJSON)
	})
	account, err := dial(t, u).Account(t.Context(), code)
	if err != nil || account != wantAccount {
		t.Fatalf("%+v, %v", account, err)
	}
}

func TestAccount_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		call   string
		status int
		body   string
		reason Reason
	}{
		"code used":          {CallUserToken, 400, usedCodeJSON, ReasonCodeRejected},
		"code invalid":       {CallUserToken, 409, `{"code":"invalidCode","message":"无效的授权码"}`, ReasonCodeRejected},
		"wrong secret":       {CallUserToken, 400, `{"code":"invalidClientIdOrSecret","message":"无效的clientId或者clientSecret"}`, ReasonConfig},
		"other organisation": {CallUserToken, 403, `{"code":"unsupported.operation","message":"Does not support cross-org access"}`, ReasonOutsider},
		"corpId of another":  {CallUserToken, 200, `{"expireIn":7200,"accessToken":"t","corpId":"dingother"}`, ReasonStrange},
		"snake case":         {CallUserToken, 200, `{"access_token":"t","expires_in":7200}`, ReasonStrange},
		"user token expired": {CallMe, 400, `{"code":"InvalidAuthentication","message":"不合法的access_token"}`, ReasonCodeRejected},
		"consent withdrawn":  {CallMe, 403, noPermissionNew, ReasonPermission},
		"no such user":       {CallMe, 404, `{"code":"invalidParameter.user.notFound","message":"找不到该用户"}`, ReasonOutsider},
		"wrong path":         {CallMe, 404, `{"code":"x","message":"Specified api is not found"}`, ReasonStrange},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(test.call, test.status, test.body)
			account, err := dial(t, u).Account(t.Context(), code)
			e := want(t, err, test.reason)
			if account != (Account{}) || e.Call != test.call || e.Status != test.status || e.Gone() {
				t.Errorf("%+v, %+v", account, e)
			}
			if u.asked(test.call) != 1 {
				t.Errorf("asked %d times", u.asked(test.call))
			}
		})
	}
	t.Run("own corpId", func(t *testing.T) {
		u := newUpstream()
		u.answer(CallUserToken, 200, `{"expireIn":7200,"accessToken":"`+userTokenValue+`","corpId":"`+corp+`"}`)
		if _, err := dial(t, u).Account(t.Context(), code); err != nil {
			t.Error(err)
		}
	})
	t.Run("no code", func(t *testing.T) {
		u := newUpstream()
		_, err := dial(t, u).Account(t.Context(), "")
		want(t, err, ReasonStrange)
		if u.asked(CallUserToken) != 0 {
			t.Error("asked with an empty code")
		}
	})
}
