package simulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// delegated is the form of a permission code, which a scope may list too.
var delegated = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Za-z]+)+$`)

// authorize is /oauth2/auth: check the request, ask who scans, send back.
// Nothing is ever sent to an address that is not the app's.
func (c *call) authorize() answer {
	q := c.query
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "prompt", "state"} {
		if len(q[name]) > 1 {
			return c.errorPage("参数 "+name+" 重复", "The parameter "+name+" is given twice.")
		}
	}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") == "":
		return c.errorPage("缺少参数 client_id", "The parameter client_id is missing.")
	case q.Get("client_id") != c.app.ClientID:
		return c.errorPage("应用不存在", "No app has this client_id.")
	case q.Get("redirect_uri") == "" || err != nil:
		return c.errorPage("缺少参数 redirect_uri", "The parameter redirect_uri is missing or no URL.")
	case !c.app.registered(redirect):
		return c.errorPage("url不合法，请检查 redirect_uri 是否已登记", "This redirect_uri is not registered with the app.")
	case q.Get("response_type") != "code":
		return c.errorPage("response_type 必须为 code", "The parameter response_type must be code.")
	case q.Get("prompt") != "consent":
		return c.errorPage("缺少参数 prompt=consent", "The parameter prompt must be consent.")
	}
	// One official sample encodes the separator as a literal plus.
	scopes := strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ' ' || r == '+' })
	if !slices.Contains(scopes, "openid") || slices.ContainsFunc(scopes, func(s string) bool {
		return s != "openid" && s != "corpid" && !delegated.MatchString(s)
	}) {
		return c.errorPage("scope 不合法", "The parameter scope must be openid or openid corpid.")
	}

	var userID string
	switch as := *c.sim.as.Load(); {
	case c.r.Method == http.MethodPost && c.form.Get("decision") == "refuse":
		return c.sendBack(redirect, nil, scopes)
	case c.r.Method == http.MethodPost:
		if userID = strings.TrimSpace(c.form.Get("other")); userID == "" {
			userID = c.form.Get("userid")
		}
	case as == Anyone:
		if p := c.sim.staff.next(c.sim.turn.Add(1)-1, c.app); p != nil {
			return c.sendBack(redirect, p, scopes)
		}
	case as != "":
		userID = as
	}
	if userID == "" {
		return c.loginPage()
	}
	p := c.sim.staff.person(userID)
	switch {
	case p == nil:
		return c.errorPage("用户不存在", "Nobody in this simulation has that userid.")
	case (p.Outsider || p.Left) && c.sim.strict.Load():
		return c.errorPage("操作失败，你不在组织内 (11055)", "You are not in this organisation (11055).")
	}
	return c.sendBack(redirect, p, scopes)
}

// registered applies the app's redirect policy to u.
func (a *App) registered(u *url.URL) bool {
	if u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return slices.ContainsFunc(a.RedirectURLs, func(entry string) bool {
		if a.RedirectPolicy == "exact" {
			return entry == u.String()
		}
		e, err := url.Parse(entry)
		if err != nil || e.Scheme != u.Scheme || !strings.EqualFold(e.Host, u.Host) {
			return false
		}
		base := strings.TrimSuffix(e.Path, "/")
		return u.Path == base || u.Path == e.Path || strings.HasPrefix(u.Path, base+"/")
	})
}

// sendBack redirects to the app: with a code for p, or as a refusal when p is
// nil. A fault of the redirect kind varies it.
func (c *call) sendBack(to *url.URL, p *Person, scopes []string) answer {
	kind := ""
	if f := c.sim.faults.takeRedirect(c.route); f != nil {
		kind = f.Kind
		c.fault = kind
	}
	if kind == "outsider-page" {
		return c.errorPage("操作失败，你不在组织内 (11055)", "You are not in this organisation (11055).")
	}
	var pairs []string
	add := func(name, value string) { pairs = append(pairs, name+"="+url.QueryEscape(value)) }
	logged := "refused"
	if p == nil || kind == "refuse" {
		add("error", "access_denied") // DingTalk's own value is not documented
	} else {
		corpID := ""
		if slices.Contains(scopes, "corpid") {
			if corpID = c.sim.company.CorpID; p.Outsider {
				corpID = "ding" + strings.Repeat("0", 32) // he can only choose his own
			}
		}
		fresh := func() string {
			return c.sim.vault.issue(code{kind: webCode, userID: p.UserID, corpID: corpID}, c.now)
		}
		id := fresh()
		logged = "ok"
		if kind != "authCode-only" {
			add("code", id)
		}
		if kind == "differ" {
			id = fresh()
		}
		if kind != "code-only" {
			add("authCode", id)
		}
	}
	if state := c.query.Get("state"); kind == "wrong-state" {
		add("state", "x"+state)
	} else if kind != "no-state" && c.query.Has("state") {
		add("state", state)
	}
	if kind == "doubled" {
		pairs = append(pairs, pairs...)
	}
	u := *to
	if u.RawQuery != "" {
		pairs = append([]string{u.RawQuery}, pairs...)
	}
	u.RawQuery = strings.Join(pairs, "&")
	if kind == "twice" {
		return c.twicePage(u.String())
	}
	status := http.StatusFound
	if c.r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	return answer{status: status, location: u.String(), code: logged}
}

// logout sends the browser on to an address of the app, if one is named.
func (c *call) logout() answer {
	to, err := url.Parse(c.query.Get("continue"))
	if c.query.Get("client_id") == c.app.ClientID && err == nil && c.app.registered(to) {
		return answer{status: http.StatusFound, location: to.String(), code: "ok"}
	}
	return c.render(http.StatusOK, "ok", pageData{Kind: "message", ZH: "已退出登录", EN: "You are logged out of the simulated DingTalk."})
}
