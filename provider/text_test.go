package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"

	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

var payloads = []string{
	`<script>zzXSS()</script>`, `"><img src=x onerror=zzXSS()>`, `' onmouseover='zzXSS()`, `javascript:zzXSS()`, `</title><script>zzXSS()</script>`,
	`{{.}}${7*7}zzXSS`, "zzXSS\r\nSet-Cookie: a=b\r\n\r\n<html>", "zzXSS\u202egnp.exe", `\u003cscript\u003ezzXSS`, "zzXSS Your account was locked, call 555",
	"zzXSS\x00", "zzXSS\xff\xfe", "%3Cscript%3EzzXSS()%3C/script%3E",
}

// elements lists the elements of a page with their attributes, without text.
func elements(t *testing.T, body string) (list []string) {
	t.Helper()
	z := xhtml.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return list
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			token := z.Token()
			var names []string
			for _, a := range token.Attr {
				names = append(names, a.Key)
			}
			list = append(list, token.Data+" "+strings.Join(names, " "))
		}
	}
}

// TestThreat_XSS_EveryParameterOfEveryPage: a payload in any parameter adds no
// element, no attribute and no word to a page, and no header to an answer (Hydra
// CVE-2019-8400, Argo CD GHSA-pmjg-52h9-72qv: text spoofing counts).
func TestThreat_XSS_EveryParameterOfEveryPage(t *testing.T) {
	if testing.Short() {
		t.Skip("one request after another: the race detector has nothing to see")
	}
	h := build(t)
	b := h.browser()
	parameters := []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age",
		"ui_locales", "response_mode", "request", "request_uri", "login_hint", "id_token_hint", "acr_values", "claims", "display", "code", "authCode", "error", "error_description",
		"error_uri", "iss", "message", "title", "unknown"}
	plain := map[string][]string{}
	for _, route := range routesOf {
		if !route.html {
			continue
		}
		for i, payload := range payloads {
			for j, name := range parameters {
				if (i+j)%4 != 0 { // a quarter: every payload somewhere, every parameter thrice
					continue
				}
				for _, base := range []url.Values{{}, h.query()} {
					if route.path != "/authorize" && len(base) > 0 {
						continue
					}
					base.Set(name, payload)
					p := b.get(h.issuer + route.path + "?" + base.Encode())
					if strings.Contains(p.body, "zzXSS") {
						t.Fatalf("%s?%s=%q: the page says it", route.path, name, payload)
					}
					if p.header.Get("Set-Cookie") == "a=b" || len(p.header["A"]) > 0 {
						t.Fatalf("%s?%s: a header was made", route.path, name)
					}
					if p.location != "" && !strings.HasPrefix(p.location, appCallback+"?") && !strings.HasPrefix(p.location, h.dingtalk+"/") {
						t.Fatalf("%s?%s=%q leads to %s", route.path, name, payload, p.location)
					}
					if kind := p.kind(); kind != "" {
						if p.retry() != "" { // at a logout, pages have a button that they lack elsewhere
							kind += " with a button"
						}
						found := elements(t, p.body)
						if before, seen := plain[kind]; !seen {
							plain[kind] = found
						} else if !slices.Equal(before, found) {
							t.Fatalf("%s?%s=%q: the page has other elements", route.path, name, payload)
						}
					}
				}
			}
		}
	}
	// Nor in a path, a language, or beside the button of a page.
	for _, payload := range payloads {
		req, _ := http.NewRequest("GET", h.issuer+"/"+url.PathEscape(payload), nil)
		if value := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(payload); value != "" {
			req.Header.Set("Accept-Language", value)
			req.Header.Set("User-Agent", value)
			req.Header.Set("X-Request-Id", value)
		}
		if p := b.send(req); strings.Contains(p.body, "zzXSS") {
			t.Errorf("path %q: the page says it", payload)
		}
	}
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	for _, payload := range payloads[:8] {
		p := b.get(h.authorization("state", payload))
		if !slices.ContainsFunc(elements(t, p.body), func(e string) bool { return strings.HasPrefix(e, "a id class href") }) ||
			slices.ContainsFunc(elements(t, p.body), func(e string) bool { return strings.HasPrefix(e, "script") || strings.Contains(e, " on") }) {
			t.Errorf("%q beside the button: %v", payload, elements(t, p.body))
		}
	}
}

// TestThreat_D12_NamesAsAttackText: people whose names are markup, directions, line
// breaks or endless log in; tokens, logs and pages are clean.
func TestThreat_D12_NamesAsAttackText(t *testing.T) {
	h := build(t)
	for _, person := range []string{"markup", "emoji", "rtl", "newline", "longname", "blank"} {
		if err := h.sim.ApproveAs(person); err != nil {
			t.Fatal(err)
		}
		b := h.browser()
		tokens := h.exchange(h.login(b))
		claims := h.claimsOf(tokens.text("id_token"), "app")
		info := h.userinfo(tokens.text("access_token"))
		for name, value := range info.json {
			if asJSON(value) != asJSON(claims[name]) {
				t.Errorf("%s: userinfo and ID token differ in %s", person, name)
			}
			text, isText := value.(string)
			if !isText {
				continue
			}
			if utf8.RuneCountInString(text) > 128 || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xfeff }) {
				t.Errorf("%s: %s is %q", person, name, text)
			}
			if name == "picture" && !strings.HasPrefix(text, "https://") {
				t.Errorf("%s: picture %q", person, text)
			}
		}
		if username := info.text("preferred_username"); strings.ContainsFunc(username, func(r rune) bool { return r > 127 }) || username == "" {
			t.Errorf("%s: username %q", person, username)
		}
		// A page about such a person, and what is logged of them.
		wantPage(t, b.get(h.authorization("client_id", "closed", "redirect_uri", "https://closed.example.com/cb")), http.StatusForbidden, pages.NotAdmitted)
	}
	for _, line := range strings.Split(strings.TrimSpace(h.logs.String()), "\n") {
		if line != "" && !json.Valid([]byte(line)) || strings.Contains(line, "<script>") || strings.Contains(line, "\u202e") {
			t.Errorf("log line %q", line)
		}
	}
}

// TestThreat_D13_UsernamesDoNotMeet: people of one name, one nick, or one userid in
// two cases are different people everywhere.
func TestThreat_D13_UsernamesDoNotMeet(t *testing.T) {
	h := build(t)
	seen := map[string]string{}
	for _, person := range []string{"zhangsan", "zhangsan2", "lisi", "LiSi", "mallory", "smith.john", "manager7521"} {
		h.sim.ApproveAs(person)
		info := h.userinfo(h.exchange(h.login(h.browser())).text("access_token"))
		for _, claim := range []string{"sub", "preferred_username", "email"} {
			value := info.text(claim)
			if value == "" && claim == "email" {
				continue
			}
			if other, taken := seen[claim+value]; taken || value == "" {
				t.Errorf("%s has the %s %q of %s", person, claim, value, other)
			}
			seen[claim+value] = person
		}
		if strings.Contains(fmt.Sprint(info.json["groups"]), "admin") || info.json["login"] != nil || info.json["username"] != nil {
			t.Errorf("%s: %s", person, info.body)
		}
	}
}
