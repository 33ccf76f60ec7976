package simulator

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzCalls sends anything to any call: each answers in the manner of its
// family, and none panics.
func FuzzCalls(f *testing.F) {
	s, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.AddRedirectURLs(callback); err != nil {
		f.Fatal(err)
	}
	app := s.vault.appToken(s.Now())
	user := s.vault.userTokens("zhangsan", "", s.Now()).access
	row := func(call string) uint8 {
		i := slices.IndexFunc(table, func(r route) bool { return r.call == call })
		if i < 0 {
			f.Fatalf("no call is named %s", call)
		}
		return uint8(i)
	}
	f.Add(row("auth"), "client_id=x&redirect_uri=http://[::1&prompt=consent", "", "", false)
	f.Add(row("userAccessToken"), "", "application/json", `{"clientId":"x","clientSecret":"y","grantType":"z","code":{}}`, false)
	f.Add(row("getbyunionid"), "", "application/json", `{"unionid":"x"}`, true)
	f.Add(row("department/get"), "", "application/x-www-form-urlencoded", `dept_id=-99999999999999999999&%zz`, true)
	f.Add(row("getuserinfo_bycode"), "accessKey=x&timestamp=1763800000000&signature=%2B", "application/json", `{"tmp_auth_code":[]}`, false)
	f.Add(row("getuserinfo"), "", "application/json", `{"code":7}`, true)
	f.Add(row("empLeaveRecords"), "startTime=2025-01-01T00:00:00Z&nextToken=7fffffff&maxResults=50", "", "", true)
	f.Fuzz(func(t *testing.T, n uint8, query, kind, body string, tokens bool) {
		rt := table[int(n)%len(table)]
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: strings.NewReplacer("{corpId}", s.CorpID(), "{unionId}", "me", "{version}", "3.1.0").Replace(rt.path), RawQuery: query}
		if r.Method = strings.Fields(rt.methods)[0]; r.Method == "POST" || body != "" {
			r = httptest.NewRequest("POST", r.URL.Path, strings.NewReader(body))
			r.URL.RawQuery = query
		}
		r.Header.Set("Content-Type", kind)
		if tokens {
			r.Header.Set("x-acs-dingtalk-access-token", user)
			if rt.needs == appToken {
				r.Header.Set("x-acs-dingtalk-access-token", app)
				r.URL.RawQuery += "&access_token=" + app
			}
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		switch {
		case rt.family == page:
			if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, callback) {
				t.Errorf("sent to %q", to)
			}
		case rt.family == script:
			kind := w.Header().Get("Content-Type")
			if js := strings.HasPrefix(kind, "application/javascript"); js != (r.Method == "GET") || !js && w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s of the script: %d %s", r.Method, w.Code, kind)
			}
		case rt.family == socket: // none of these is a websocket's
			if w.Code < 400 || w.Code > 499 {
				t.Errorf("%s of %s: %d", r.Method, rt.call, w.Code)
			}
		case rt.family.old() && w.Code != http.StatusOK:
			t.Errorf("%s answered %d", rt.call, w.Code)
		case rt.call == "connections/open" && strings.Contains(w.Header().Get("Content-Type"), "xml"): // unless asked for JSON
			if err := xml.Unmarshal(w.Body.Bytes(), new(struct{ XMLName xml.Name })); err != nil {
				t.Errorf("%s answered %q: %v", rt.call, w.Body, err)
			}
		case !json.Valid(w.Body.Bytes()):
			t.Errorf("%s answered %q", rt.call, w.Body)
		}
	})
}

// FuzzLoginPages sends any query to the login pages, where everybody is approved
// at once: nothing goes to an address that is not the app's, by redirect or by
// message.
func FuzzLoginPages(f *testing.F) {
	s, err := New(Config{As: "zhangsan"})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.AddRedirectURLs(callback); err != nil {
		f.Fatal(err)
	}
	paths := []string{"/oauth2/auth", "/connect/qrconnect", "/connect/oauth2/sns_authorize", "/login/qrcode.htm", "/oauth2/logout"}
	app, scan := s.App().ClientID, s.ScanApp().AppID
	to := url.QueryEscape(callback)
	f.Add(uint8(0), "client_id="+app+"&redirect_uri="+to+"&response_type=code&scope=openid&prompt=consent&iframe=true&state=x")
	f.Add(uint8(0), "client_id="+app+"&redirect_uri="+to+"%2F..%2F%2F%40evil.example&response_type=code&scope=openid&prompt=consent")
	f.Add(uint8(1), "appid="+scan+"&redirect_uri="+to+"&response_type=code&scope=snsapi_login")
	f.Add(uint8(2), "appid="+app+"&redirect_uri="+to+"&response_type=code&scope=snsapi_auth&loginTmpCode=x")
	f.Add(uint8(3), "goto="+url.QueryEscape("https://oapi.dingtalk.com/connect/oauth2/sns_authorize?appid="+scan+"&redirect_uri="+to+"&response_type=code&scope=snsapi_login"))
	f.Fuzz(func(t *testing.T, n uint8, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: paths[int(n)%len(paths)], RawQuery: query}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if to := w.Header().Get("Location"); to != "" && to != callback && !strings.HasPrefix(to, callback+"?") && !strings.HasPrefix(to, callback+"/") {
			t.Errorf("sent to %q", to)
		}
		found := postedForm.FindStringSubmatch(w.Body.String())
		if old := r.URL.Path == "/login/qrcode.htm"; found != nil && (found[1] == "*") != old || found != nil && !old && found[1] != "http://127.0.0.1:9" {
			t.Errorf("posted to %q", found[1])
		}
	})
}

// FuzzSignedQuery sends any query and body: only what is signed by a known app
// and fresh gets as far as the code.
func FuzzSignedQuery(f *testing.F) {
	at := time.UnixMilli(1_763_800_000_000)
	s, err := New(Config{Now: func() time.Time { return at }})
	if err != nil {
		f.Fatal(err)
	}
	secrets := map[string]string{s.App().ClientID: s.App().ClientSecret, s.ScanApp().AppID: s.ScanApp().AppSecret}
	for id, secret := range secrets {
		f.Add("1763800000000", id, sign(secret, "1763800000000"), `{"tmp_auth_code":"x"}`)
		f.Add("1763800060001", id, sign(secret, "1763800060001"), `{}`)
		f.Add("+763800000000", id, sign(secret, "+763800000000"), `{}`)
		f.Add("1763800000000", id, "", `[]`)
	}
	f.Fuzz(func(t *testing.T, stamp, key, signature, body string) {
		r := httptest.NewRequest("POST", bycode(key, stamp, signature), strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		var out struct{ ErrCode int }
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
			t.Fatalf("answered %d %q", w.Code, w.Body)
		}
		n, err := strconv.ParseInt(stamp, 10, 64)
		fresh := err == nil && len(stamp) == 13 && n >= at.UnixMilli()-60_000 && n <= at.UnixMilli()+60_000
		secret, known := secrets[key]
		through := out.ErrCode == 43009 || out.ErrCode == 41026 || out.ErrCode == 40078
		if signed := fresh && known && signature == sign(secret, stamp); through != signed || !through && (out.ErrCode < 853001 || out.ErrCode > 853004) {
			t.Errorf("fresh %v, known %v: %d", fresh, known, out.ErrCode)
		}
	})
}

func BenchmarkLoginCalls(b *testing.B) {
	s, err := New(Config{As: Anyone, Extra: 10_000, LogSize: -1})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.AddRedirectURLs(callback); err != nil {
		b.Fatal(err)
	}
	h, id, key := s.Handler(), s.App().ClientID, s.App().ClientSecret
	auth := "/oauth2/auth?" + url.Values{"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "prompt": {"consent"}, "state": {"s"}}.Encode()
	app := s.vault.appToken(s.Now())
	post := func(path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", auth, nil))
		to, _ := url.Parse(w.Header().Get("Location"))
		var tok struct{ AccessToken string }
		json.Unmarshal(post("/v1.0/oauth2/userAccessToken", `{"clientId":"`+id+`","clientSecret":"`+key+`","grantType":"authorization_code","code":"`+to.Query().Get("code")+`"}`).Body.Bytes(), &tok)
		r := httptest.NewRequest("GET", "/v1.0/contact/users/me", nil)
		r.Header.Set("x-acs-dingtalk-access-token", tok.AccessToken)
		w = httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var who struct{ UnionID string }
		json.Unmarshal(w.Body.Bytes(), &who)
		var by struct{ Result struct{ UserID string } }
		json.Unmarshal(post("/topapi/user/getbyunionid?access_token="+app, `{"unionid":"`+who.UnionID+`"}`).Body.Bytes(), &by)
		if w := post("/topapi/v2/user/get?access_token="+app, `{"userid":"`+by.Result.UserID+`"}`); !strings.HasPrefix(w.Body.String(), `{"errcode":0`) {
			b.Fatal(w.Body)
		}
	}
}
