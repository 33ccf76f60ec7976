package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
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
	f.Add(uint8(0), "client_id=x&redirect_uri=http://[::1&prompt=consent", "", "", false)
	f.Add(uint8(3), "", "application/json", `{"clientId":"x","clientSecret":"y","grantType":"z","code":{}}`, false)
	f.Add(uint8(11), "", "application/json", `{"unionid":"x"}`, true)
	f.Add(uint8(14), "", "application/x-www-form-urlencoded", `dept_id=-99999999999999999999&%zz`, true)
	f.Add(uint8(7), "startTime=2025-01-01T00:00:00Z&nextToken=7fffffff&maxResults=50", "", "", true)
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
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/javascript") {
				t.Errorf("the script is %q", w.Header().Get("Content-Type"))
			}
		case rt.family.old() && w.Code != http.StatusOK:
			t.Errorf("%s answered %d", rt.call, w.Code)
		case !json.Valid(w.Body.Bytes()):
			t.Errorf("%s answered %q", rt.call, w.Body)
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
