package simulator

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestM29_Variants(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(doc), "// # Variants\n")
	for _, v := range variantTable {
		for _, value := range v.values {
			if !regexp.MustCompile(v.name + `[^#]*\b` + regexp.QuoteMeta(value) + `\b`).MatchString(text) {
				t.Errorf("doc.go does not tell of %s: %s", v.name, value)
			}
		}
	}

	g := start(t, Config{As: "zhangsan"})
	scan := g.ScanApp()
	set := func(name, value string) {
		t.Helper()
		if r := g.control("PATCH", "variants", `{"`+name+`":"`+value+`"}`); r.StatusCode != 200 || r.json(t)[name] != value {
			t.Fatalf("%s %s: %d %s", name, value, r.StatusCode, r.body)
		}
	}
	errcode := func(key, secret, text string) any {
		stamp := strconv.FormatInt(g.Now().UnixMilli(), 10)
		return g.post(bycode(key, stamp, sign(secret, stamp+text)), m{"tmp_auth_code": "x"}).json(t)["errcode"]
	}
	equal(t, errcode(scan.AppID, scan.AppSecret, "\n"+scan.AppSecret), 853004)
	set(snsSignature, "timestamp-newline-secret")
	equal(t, errcode(scan.AppID, scan.AppSecret, "\n"+scan.AppSecret), 40078)
	equal(t, errcode(scan.AppID, scan.AppSecret, ""), 853004)
	set(snsSignature, "timestamp")

	equal(t, errcode(g.id, g.key, ""), 40078)
	set(snsCallers, "scan-app")
	equal(t, errcode(g.id, g.key, ""), 853003)
	equal(t, errcode(scan.AppID, scan.AppSecret, ""), 40078)

	token := g.userToken("zhangsan")
	bearer := func() int { return g.get("/v1.0/contact/users/me", "Authorization", "Bearer "+token).StatusCode }
	equal(t, bearer(), 400)
	set(bearerHeader, "accepted")
	equal(t, bearer(), 200)

	for value, want := range map[string][2]bool{"authCode": {false, true}, "code": {true, false}, "both": {true, true}} {
		set(redirectCode, value)
		q := g.back(g.get(g.authorize()))
		equal(t, [2]bool{q.Has("code"), q.Has("authCode")}, want)
	}

	set(promptRule, "optional")
	g.back(g.get(g.authorize("prompt", "-")))
	for _, path := range []string{g.authorize("prompt", "none"), g.authorize("prompt", "-", "iframe", "true")} {
		equal(t, g.get(path).StatusCode, 400)
	}

	g.back(g.get(g.authorize("scope", "openid+corpid")))
	set(scopePlus, "refused")
	equal(t, g.get(g.authorize("scope", "openid+corpid")).StatusCode, 400)
	g.back(g.get(g.authorize("scope", "openid corpid")))

	set(clientCheck, "any")
	if b, _ := g.script("curl/8"); !b.Any || len(b.Codes) == 0 {
		t.Errorf("baked %+v", b)
	}

	for _, bad := range []string{`{"bearer":"maybe"}`, `{"colour":"red"}`, `{"bearer":true}`, `[]`, ``} {
		if r := g.control("PATCH", "variants", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d", bad, r.StatusCode)
		}
	}
	if r := g.control("PATCH", "variants", `{"bearer":"refused","client":"maybe"}`); r.StatusCode != 400 || bearer() != 200 {
		t.Error("a refused change took effect in part")
	}
	g.Reset()
	equal(t, g.control("GET", "variants", "").json(t), chosen(nil))

	company := DefaultCompany()
	company.Variants = map[string]string{"bearer": "accepted"}
	s, err := New(Config{Company: company, AnyBrowserIsClient: true})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, s.Variants(), chosen(map[string]string{"bearer": "accepted", "client": "any"}))
	company.Variants["bearer"] = "maybe"
	if _, err := New(Config{Company: company}); err == nil || s.Variants()["bearer"] != "accepted" {
		t.Errorf("an unknown value: %v", err)
	}
}
