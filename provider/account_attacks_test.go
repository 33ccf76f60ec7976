package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestH17_OnlyMyOwn: nothing of another person is seen or ended, whatever is posted, and a
// form that is not ours, not this session's, or changed ends nothing.
func TestH17_OnlyMyOwn(t *testing.T) {
	h := build(t)
	mine, again, theirs := h.browser().says(agentDesktop), h.browser(), h.browser().says(agentIOS)
	held := h.exchange(h.login(mine))
	h.exchange(h.login(again))
	h.as("zhangsan2")
	victim := h.exchange(h.login(theirs))
	h.login(h.browser()) // another session of theirs
	h.as("zhangsan")
	me, they := h.own(mine), h.own(theirs)
	for _, end := range slices.Concat(they.ends("session:"), they.ends("grant:")) {
		if strings.Contains(me.body, strings.SplitN(end, ":", 2)[1]) {
			t.Errorf("%s of another is on my page", end)
		}
	}
	if sub := victim.text("sub"); sub != "" && strings.Contains(me.body, sub) || strings.Contains(me.body, "iPhone") {
		t.Error("another person is on my page")
	}
	form := me.form(t).fields
	with := func(pairs ...string) url.Values {
		f := url.Values{}
		for name, values := range form {
			f[name] = values
		}
		f.Set("choice", me.ends("session:")[0])
		for i := 0; i < len(pairs); i += 2 {
			if f.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
				f.Del(pairs[i])
			}
		}
		return f
	}
	ofLogout, ofOther, ofTheirs := mine.get(h.logout()).form(t).fields, h.own(again).form(t).fields, they.form(t).fields
	own := part(t, held.text("id_token"), 1)["sid"].(string)
	for name, f := range map[string]url.Values{
		"no ticket":                 with("ticket", ""),
		"no request":                with("request", ""),
		"no choice":                 with("choice", ""),
		"another form's":            with("ticket", ofLogout.Get("ticket"), "request", ofLogout.Get("request")),
		"another browser's":         with("ticket", ofOther.Get("ticket"), "request", ofOther.Get("request")),
		"another person's":          with("ticket", ofTheirs.Get("ticket"), "request", ofTheirs.Get("request"), "choice", they.ends("session:")[0]),
		"their request, my ticket":  with("request", ofTheirs.Get("request"), "choice", they.ends("session:")[0]),
		"a changed ticket":          with("ticket", flip(form.Get("ticket"))),
		"their session, my ticket":  with("choice", they.ends("session:")[0]),
		"their grant, my ticket":    with("choice", they.ends("grant:")[0]),
		"my own session":            with("choice", "session:"+own), // it had no button
		"a grant as a session":      with("choice", "session:"+strings.TrimPrefix(me.ends("grant:")[0], "grant:")),
		"a session as a grant":      with("choice", "grant:"+strings.TrimPrefix(me.ends("session:")[0], "session:")),
		"nothing":                   with("choice", "session:"),
		"a word":                    with("choice", "everywhere"),
		"a choice without its kind": with("choice", strings.TrimPrefix(me.ends("session:")[0], "session:")),
	} {
		h.events.take()
		h.store.Reset()
		p := mine.post(h.issuer+"/account/end", f)
		wantPage(t, p, http.StatusBadRequest, pages.FormExpired)
		if h.store.Trips() != 0 || !h.events.has(audit.LogoutRefused, "form") {
			t.Errorf("%s: %d trips, audited %v", name, h.store.Trips(), h.events.take())
		}
	}
	h.end(h.browser(), with())                                                                          // without any session: nothing to end, nothing told
	wantPage(t, theirs.post(h.issuer+"/account/end", with()), http.StatusBadRequest, pages.FormExpired) // my form in their browser
	if p := mine.get(h.issuer + "/account/end?" + with().Encode()); p.status != http.StatusMethodNotAllowed {
		t.Errorf("by GET: %d", p.status)
	}
	for name, b := range map[string]*browser{"mine": mine, "again": again, "theirs": theirs} {
		if !h.in(b) {
			t.Errorf("%s: out", name)
		}
	}
	if h.userinfo(victim.text("access_token")).status != 200 || h.userinfo(held.text("access_token")).status != 200 {
		t.Error("a grant was ended")
	}
	// A ticket dies with its session.
	h.goes(mine)
	h.end(mine, with())
	if !h.in(again) {
		t.Error("a form of a session that is over ended another")
	}
}

// TestH17_WhoIsOutSeesNothing: ended everywhere, ended here with the record left behind,
// gone: the page that anybody sees.
func TestH17_WhoIsOutSeesNothing(t *testing.T) {
	h := build(t)
	b, far := h.browser(), h.browser()
	h.login(b)
	h.login(far)
	form := h.own(b).ending(t, "session:")
	h.press(far, far.get(h.logout()), "everywhere")
	wantPage(t, b.get(h.issuer+"/"), http.StatusOK, pages.Home)
	h.end(b, form)

	h.login(b)
	sub := part(t, h.exchange(h.login(far)).text("id_token"), 1)["sub"].(string)
	if _, err := h.provider.Block(t.Context(), "test", sub); err != nil {
		t.Fatal(err)
	}
	wantPage(t, b.get(h.issuer+"/"), http.StatusOK, pages.Home)
	if _, err := h.provider.Unblock(t.Context(), "test", sub); err != nil {
		t.Fatal(err)
	}
	wantPage(t, b.get(h.issuer+"/"), http.StatusOK, pages.Home) // what was before the block stays dead
	h.login(b)
	hint := h.exchange(h.login(b)).text("id_token")
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbDelete {
			return storagetest.FailBefore
		}
		return storagetest.NoFault
	})
	b.get(h.logout("id_token_hint", hint))
	h.store.fail(nil)
	wantPage(t, b.get(h.issuer+"/"), http.StatusOK, pages.Home)
}

// TestH17_StorageThatCannotSay: no page that shows half, and nobody is told that
// something ended which may live.
func TestH17_StorageThatCannotSay(t *testing.T) {
	h := build(t)
	b, far := h.browser(), h.browser()
	h.exchange(h.login(far))
	h.exchange(h.login(b))
	for _, key := range []string{"session/", "ended/", "browsers-of/", "grants-of/", "sessions-of/", "grant/"} {
		h.store.fail(func(op *storage.Op) storagetest.Fault {
			if strings.HasPrefix(op.Key, key) && (op.Verb == storage.VerbGet || op.Verb == storage.VerbMembers) {
				return storagetest.FailBefore
			}
			return storagetest.NoFault
		})
		shown := b.get(h.issuer + "/")
		h.store.fail(nil)
		wantPage(t, shown, http.StatusServiceUnavailable, pages.Unavailable)
		if !strings.HasPrefix(shown.retry(), "/") {
			t.Errorf("%s: no way to try again", key)
		}
	}
	for end, keys := range map[string][]string{"session:": {"session/", "ended/", "browsers-of/"}, "grant:": {"grant/"}} {
		for _, key := range keys {
			for _, write := range []bool{false, true} {
				if key == "browsers-of/" && write {
					continue
				}
				again := h.browser() // what was half ended is ended
				h.exchange(h.login(again))
				p := h.own(b)
				h.store.fail(func(op *storage.Op) storagetest.Fault {
					reads := op.Verb == storage.VerbGet || op.Verb == storage.VerbMembers
					if strings.HasPrefix(op.Key, key) && reads != write {
						return storagetest.FailBefore
					}
					return storagetest.NoFault
				})
				got := b.post(h.issuer+"/account/end", p.ending(t, end))
				h.store.fail(nil)
				wantPage(t, got, http.StatusServiceUnavailable, pages.Unavailable)
			}
		}
	}
	if !h.in(b) {
		t.Error("out")
	}
}

// TestH17_SixtySessions: of many the newest are shown, this browser always, and that there
// are more is said.
func TestH17_SixtySessions(t *testing.T) {
	h := build(t, withDevices)
	first := h.browser()
	h.login(first, "scope", "openid")
	for range pages.MostShown {
		codes := h.deviceCodes("tv", "")
		wantPage(t, h.choose(first, h.enter(first, codes.text("user_code")), "approve"), http.StatusOK, pages.DeviceApproved)
		if h.poll("tv", "", codes.text("device_code")).status != http.StatusOK {
			t.Fatal("no tokens for a device")
		}
	}
	var newest *browser
	for range 59 {
		newest = h.browser()
		h.exchange(h.login(newest))
	}
	for _, b := range []*browser{first, newest} {
		p := h.own(b)
		if got := len(p.ends("session:")); got != pages.MostShown-1 || p.element(t, "more-sessions") == "" || !strings.Contains(p.element(t, "session-1-name"), "This browser") {
			t.Errorf("%d other sessions", got)
		}
		if got := len(p.ends("grant:")); got != pages.MostShown || p.element(t, "more-lasting") == "" || p.element(t, "lasting-1-name") != "The App" || p.element(t, "lasting-1-times") != "59" {
			t.Errorf("%d apps and devices", got)
		}
		if len(p.body) > 256<<10 || len(p.form(t).fields.Encode()) > 32<<10 {
			t.Errorf("a page of %d bytes, a form of %d", len(p.body), len(p.form(t).fields.Encode()))
		}
		if got := strings.Count(p.body, fmt.Sprint(`id="session-`, pages.MostShown+1)); got != 0 {
			t.Error("more are shown than that")
		}
	}
	p := h.own(first)
	last := p.ends("session:")[pages.MostShown-2]
	form := p.form(t).fields
	form.Set("choice", last)
	h.end(first, form)
	if slices.Contains(h.own(first).ends("session:"), last) {
		t.Error("it goes on")
	}
}
