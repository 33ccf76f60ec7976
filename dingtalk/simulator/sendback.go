package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// pairs are query parameters in the order in which they are sent.
type pairs []string

func (p *pairs) add(name, value string) { *p = append(*p, name+"="+url.QueryEscape(value)) }

// sendBack ends a login: with a code for p, or as a refusal when p is nil. A
// fault of the redirect kind varies it.
func (c *call) sendBack(v *visit, p *Person) answer {
	f := c.sim.faults.takeVariation(c.route)
	if f == nil {
		f = &Fault{}
	}
	c.fault = f.Kind
	switch {
	case f.Kind == "outsider-page":
		return c.outsider(v)
	case c.framed && v.flaw != "":
		return c.toFrame(v, frameFailure(40035, v.flaw))
	}
	if p != nil && f.Kind != "refuse" && v.kind == tmpCode {
		return c.toFrame(v, c.sim.vault.issue(code{kind: tmpCode, appID: v.appID, userID: p.UserID}, c.now))
	}
	var back pairs
	logged := "ok"
	switch refused := p == nil || f.Kind == "refuse"; {
	case !refused:
		c.addCode(&back, v, p, f.Kind)
	case v.kind == webCode || v.kind == snsCode && c.sim.reads(snsRefusal, "redirect"):
		logged = "refused"
		back.add("error", "access_denied") // DingTalk's own value is not documented
	default:
		return c.render(http.StatusOK, "refused", pageData{Kind: "message", ZH: "已取消登录", EN: "The login was cancelled; the app is not told."})
	}
	if state := c.query.Get("state"); f.Kind == "wrong-state" {
		back.add("state", "x"+state)
	} else if f.Kind != "no-state" && c.query.Has("state") {
		back.add("state", state)
	}
	if f.Kind == "doubled" {
		back = slices.Concat(back, back)
	}
	u := *v.to
	if u.RawQuery != "" {
		back = slices.Concat(pairs{u.RawQuery}, back)
	}
	u.RawQuery = strings.Join(back, "&")
	switch {
	case c.framed:
		return c.frameResult(v, f, u.String(), logged)
	case f.Kind == "twice":
		return c.twicePage(u.String())
	}
	status := http.StatusFound
	if c.r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	return answer{status: status, location: u.String(), code: logged}
}

// addCode adds a fresh code for p: the new page's under two names, that of
// 2020 under one.
func (c *call) addCode(back *pairs, v *visit, p *Person, fault string) {
	fresh := code{kind: v.kind, appID: v.appID, userID: p.UserID}
	if slices.Contains(v.scopes, "corpid") {
		if fresh.corpID = c.sim.company.CorpID; p.Outsider {
			fresh.corpID = "ding" + strings.Repeat("0", 32) // he can only choose his own
		}
	}
	id := c.sim.vault.issue(fresh, c.now)
	if v.kind == snsCode {
		back.add("code", id)
		return
	}
	if fault != "authCode-only" && !c.sim.reads(redirectCode, "authCode") {
		back.add("code", id)
	}
	if fault == "differ" {
		id = c.sim.vault.issue(fresh, c.now)
	}
	if fault != "code-only" && !c.sim.reads(redirectCode, "code") {
		back.add("authCode", id)
	}
}

// outsider stops somebody who is not in the organisation.
func (c *call) outsider(v *visit) answer {
	if c.framed && v.kind == webCode {
		return c.toFrame(v, frameFailure(11055, outsiderText))
	}
	return c.errorPage(outsiderText+" (11055)", "You are not in this organisation (11055).")
}

const outsiderText = "操作失败，你不在组织内"
