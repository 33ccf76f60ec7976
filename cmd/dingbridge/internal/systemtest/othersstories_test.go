package systemtest

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// seenBy is what an app of others was told of somebody.
type seenBy struct{ id, username, email, name string }

// stories tells what E17 tells, at an app of others. enter takes somebody in with a browser
// of their own, and returns an error if the app was not reached.
func (w *world) stories(t *testing.T, enter func(t *testing.T, browser *person) (seenBy, error)) {
	t.Helper()
	w.patch(t, "people/noemail", map[string]string{"name": "张三"})
	known := map[string]seenBy{}
	for _, who := range []string{"zhangsan", "zhangsan2", "noemail"} {
		got, err := enter(t, w.as(t, who))
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		if got.id == "" || got.name != "张三" || (got.email == "") != (who == "noemail") {
			t.Errorf("of %s the app was told %+v", who, got)
		}
		for other, was := range known {
			if got.id == was.id || got.username == was.username || got.email == was.email {
				t.Errorf("%s is %+v, and %s is %+v", who, got, other, was)
			}
		}
		known[who] = got
	}
	if got, err := enter(t, w.as(t, "outsider")); err == nil || !strings.Contains(err.Error(), "您不是本组织的成员") {
		t.Errorf("the outsider: %+v, %v", got, err)
	}
	w.steered(t, http.MethodPost, "people/zhangsan/leave", nil)
	until(t, "the end of the leaver", func() bool { return len(w.events("person.removed")) == 1 })
	w.steered(t, http.MethodPost, "people", map[string]any{"userid": "zhangsan", "name": "张三", "nick": "三哥", "org_email": "san.zhang@corp.example.cn",
		"job_number": "A1029", "departments": []int64{432825033}})
	got, err := enter(t, w.as(t, "zhangsan"))
	was := known["zhangsan"]
	if err != nil || got.id == "" || got.id == was.id || got.username == was.username || got.email != "" {
		t.Errorf("of the newcomer the app was told %+v (%v), of the leaver %+v", got, err, was)
	}
}

// TestE17_Apache tells the stories at mod_auth_openidc. It closes the leaver's session when
// it is told, and no colleague's.
func TestE17_Apache(t *testing.T) {
	w, a := apacheWorld(t)
	visitors := map[string]visitor{}
	w.stories(t, func(t *testing.T, browser *person) (seenBy, error) {
		v := newVisitor(t, a)
		v.http.Transport = chineseWindow{}
		s, err := v.follow(t.Context(), a.url+"/first", "nowhere")
		var told map[string]string
		if err != nil || s.status != http.StatusOK || json.Unmarshal([]byte(s.body), &told) != nil {
			return seenBy{}, fmt.Errorf("%d %s: %w", s.status, s.body, err)
		}
		visitors[told["oidc_claim_sub"]] = v
		return seenBy{told["oidc_claim_sub"], told["oidc_claim_preferred_username"], told["oidc_claim_email"], told["oidc_claim_name"]}, nil
	})
	gone, _ := w.events("person.removed")[0]["sub"].(string)
	if len(visitors) != 4 {
		t.Errorf("%d people came in", len(visitors))
	}
	for sub, v := range visitors {
		if sub == gone {
			until(t, "the end of Apache's session of the leaver", func() bool { return !v.inside() })
		} else if !v.inside() {
			t.Error("the session of somebody who has not left is closed")
		}
	}
}

// chineseWindow is a window of a browser in China.
type chineseWindow struct{ window }

func (w chineseWindow) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Language", "zh-CN")
	return w.window.RoundTrip(r)
}

var authenticity = regexp.MustCompile(`name="authenticity_token" value="([^"]*)"`)

// TestE17_OmniAuth tells the stories at GitLab's strategy, as GitLab's users of its own.
func TestE17_OmniAuth(t *testing.T) {
	needsOmniAuth(t)
	w := newWorld(t, setting{as: "zhangsan"})
	app := "http://127.0.0.1:" + freePort(t)
	secret := w.register(t, "gitlab", "https://gitlab.example.com", app)
	for _, who := range []string{"zhangsan2", "noemail"} { // whom the example would not admit
		w.steered(t, http.MethodPatch, "people/"+who, map[string]any{"departments": []int64{39960012}})
	}
	w.serve()
	w.omniauth(t, app, secret, app+"/users/sign_in")
	user := regexp.MustCompile(`(?s)<pre id="user"[^>]*>(.*?)</pre>`)
	w.stories(t, func(t *testing.T, browser *person) (seenBy, error) {
		ctx := t.Context()
		s, err := browser.get(ctx, app+"/")
		token := authenticity.FindStringSubmatch(s.body)
		if err != nil || token == nil {
			t.Fatalf("the app: %d, %v: %.300s", s.status, err, s.body)
		}
		form := url.Values{"authenticity_token": {html.UnescapeString(token[1])}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, app+"/users/auth/openid_connect", strings.NewReader(form.Encode()))
		if err != nil {
			return seenBy{}, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if s, err = browser.do(req); err == nil && s.location != "" {
			s, err = browser.follow(ctx, s.location, "nowhere")
		}
		found := user.FindStringSubmatch(s.body)
		if err != nil || found == nil {
			return seenBy{}, fmt.Errorf("%d %s: %w", s.status, s.body, err)
		}
		var told struct{ UID, Name, Nickname, Email string }
		err = json.Unmarshal([]byte(html.UnescapeString(found[1])), &told)
		return seenBy{told.UID, told.Nickname, told.Email, told.Name}, err
	})
}
