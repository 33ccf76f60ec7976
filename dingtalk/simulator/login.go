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

// visit is the request of a login page that passed its checks.
type visit struct {
	kind   codeKind // of the code that approval gives
	appID  string
	to     *url.URL
	scopes []string // of the new page
	// flaw is why the frame will refuse whoever scans.
	flaw string
}

// authorize is /oauth2/auth: check the request, ask who scans, send back.
// Nothing is ever sent to an address that is not the app's.
func (c *call) authorize() answer {
	q := c.query
	c.framed = q.Get("iframe") == "true"
	if a, twice := c.repeated("client_id", "redirect_uri", "response_type", "scope", "prompt", "state", "iframe", "org_type", "corpId"); twice {
		return a
	}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") == "":
		return c.errorPage("缺少参数 client_id", "The parameter client_id is missing.")
	case q.Get("client_id") != c.app.ClientID:
		return c.errorPage("应用不存在", "No app has this client_id.")
	case q.Get("redirect_uri") == "" || err != nil:
		return c.errorPage("缺少参数 redirect_uri", "The parameter redirect_uri is missing or no URL.")
	case !c.registered(c.app.RedirectURLs, c.app.RedirectPolicy, redirect):
		return c.errorPage("url不合法，请检查 redirect_uri 是否已登记", "This redirect_uri is not registered with the app.")
	case q.Get("response_type") != "code":
		return c.errorPage("response_type 必须为 code", "The parameter response_type must be code.")
	case q.Get("prompt") != "consent" && (q.Has("prompt") || c.framed || c.sim.reads(promptRule, "required")):
		return c.errorPage("缺少参数 prompt=consent", "The parameter prompt must be consent.")
	}
	scopes := strings.FieldsFunc(q.Get("scope"), func(r rune) bool {
		// One official sample encodes the separator as a literal plus.
		return r == ' ' || r == '+' && c.sim.reads(scopePlus, "accepted")
	})
	if !slices.Contains(scopes, "openid") || slices.ContainsFunc(scopes, func(s string) bool {
		return s != "openid" && s != "corpid" && !delegated.MatchString(s)
	}) {
		return c.errorPage("scope 不合法", "The parameter scope must be openid or openid corpid.")
	}
	v := &visit{kind: webCode, appID: c.app.ClientID, to: redirect, scopes: scopes}
	if c.framed && slices.Contains(scopes, "corpid") && (q.Get("org_type") == "" || q.Get("corpId") != c.sim.company.CorpID) {
		v.flaw = "缺少参数 org_type 或 corpId"
	}
	return c.attend(v)
}

// repeated answers the first of names that the query has more than once: one
// reader would take the first value and another the last.
func (c *call) repeated(names ...string) (answer, bool) {
	for _, name := range names {
		if len(c.query[name]) > 1 {
			return c.errorPage("参数 "+name+" 重复", "The parameter "+name+" is given twice."), true
		}
	}
	return answer{}, false
}

// attend asks who scans, or knows it, and sends back.
func (c *call) attend(v *visit) answer {
	var userID string
	switch as := *c.sim.as.Load(); {
	case c.r.Method == http.MethodPost && c.form.Get("decision") == "refuse":
		return c.sendBack(v, nil)
	case c.r.Method == http.MethodPost:
		if userID = strings.TrimSpace(c.form.Get("other")); userID == "" {
			userID = c.form.Get("userid")
		}
	case as == Anyone:
		if p := c.sim.staff.next(c.sim.turn.Add(1)-1, c.app); p != nil {
			return c.sendBack(v, p)
		}
	case as != "":
		userID = as
	}
	if userID == "" {
		return c.loginPage()
	}
	p := c.sim.staff.person(userID)
	if p == nil {
		return c.errorPage("用户不存在", "Nobody in this simulation has that userid.")
	}
	return c.admit(v, p)
}

// admit sends p back to the app, or stops him here.
func (c *call) admit(v *visit, p *Person) answer {
	if (p.Outsider || p.Left) && c.sim.strict.Load() {
		return c.outsider(v)
	}
	return c.sendBack(v, p)
}

// redirectable reports whether a browser may be sent to u at all.
func redirectable(u *url.URL) bool {
	return u.Host != "" && u.User == nil && u.Fragment == "" && (u.Scheme == "http" || u.Scheme == "https")
}

// listed applies a redirect policy to u.
func listed(entries []string, policy string, u *url.URL) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		if policy == "exact" {
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

// logout sends the browser on to an address of the app, if one is named.
func (c *call) logout() answer {
	to, err := url.Parse(c.query.Get("continue"))
	if c.query.Get("client_id") == c.app.ClientID && err == nil && c.registered(c.app.RedirectURLs, c.app.RedirectPolicy, to) {
		return answer{status: http.StatusFound, location: to.String(), code: "ok"}
	}
	return c.render(http.StatusOK, "ok", pageData{Kind: "message", ZH: "已退出登录", EN: "You are logged out of the simulated DingTalk."})
}
