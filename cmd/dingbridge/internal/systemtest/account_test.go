package systemtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// TestE16_OutFromElsewhere: one person in two browsers. On a desktop, with the keys alone,
// they end what goes on on the phone: it is out at once, so is what its session gave, the
// app is told, and the desktop goes on. Then they take back what a device was given.
func TestE16_OutFromElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("what two browsers show is the same under -short")
	}
	ctx := browser.Start(t, 15*time.Minute)
	told, notices := listener(t, nil)
	codes := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			codes <- r.URL.Query().Get("code")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><title>app</title><link rel="icon" href="data:,"><p id="app">app`)
	}))
	t.Cleanup(server.Close)
	key, hash := clients.GenerateSecret()
	a := app{id: "told", secret: key, redirect: abroad(server.URL) + "/callback"}
	s := newStage(t, fmt.Sprintf("  - {id: told, name: 审批, secret_hash: %q, organisations: [%s], allow: everyone, redirect_uris: [%q], refresh_token: always, backchannel_logout_uri: %q, backchannel_logout_networks: [127.0.0.1]}\n",
		hash, simulator.DefaultCompany().CorpID, a.redirect, told))
	s.hosts.app = append(s.hosts.app, abroad(server.URL))
	desktop, phone := look(t, ctx, devices[0], s.hosts), look(t, ctx, devices[1], s.hosts)
	enter := func(v *viewer) (idToken, access, refresh string) {
		t.Helper()
		v.open(s.authorization(a, "scope", "openid profile"))
		v.see(`a[data-way="oauth2"], #app`)
		if ask[bool](v, `document.querySelector("#app") === null`) {
			v.click(`a[data-way="oauth2"]`)
			v.approve("zhangsan")
			v.see("#app")
		}
		tokens := a.redeem(t.Context(), s.issuer, <-codes)
		if tokens.status != http.StatusOK {
			t.Fatalf("%s: %v", v.name, tokens)
		}
		return tokens.text("id_token"), tokens.text("access_token"), tokens.text("refresh_token")
	}
	lost, access, refresh := enter(phone)
	_, kept, _ := enter(desktop)
	codesOf := s.app("screen").call(t.Context(), s.issuer+"/device_authorization", url.Values{"scope": {"openid offline_access"}})
	desktop.open(codesOf.text("verification_uri_complete"))
	desktop.click("#send")
	desktop.click("#choose-approve")
	desktop.shows("device-approved")
	screen := s.app("screen").call(t.Context(), s.issuer+"/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {codesOf.text("device_code")}})
	if screen.status != http.StatusOK {
		t.Fatal(screen)
	}

	phone.open(s.issuer + "/")
	phone.shows("signed-in")
	desktop.open(s.issuer + "/")
	desktop.shows("signed-in")
	if got := desktop.says("#session-1-name") + "|" + desktop.says("#session-2-name") + "|" + desktop.says("#session-2-apps") + "|" + desktop.says("#lasting-1-name"); !strings.HasPrefix(strings.ReplaceAll(got, "\n", " "), "Chrome, Linux This browser|Chrome, ") || !strings.HasSuffix(got, "|审批|会议室大屏") {
		t.Errorf("the page says %q", got)
	}
	desktop.press("#session-2-end")
	desktop.see(`main[data-page="signed-in"]:not(:has(#session-2))`)
	desktop.shows("signed-in")

	wantLogoutToken(t, s.world, "told", "RS256", come(t, notices).token, lost)
	phone.open(s.issuer + "/")
	phone.shows("home")
	if got := userinfo(t.Context(), s.issuer, access); got.status != http.StatusUnauthorized {
		t.Errorf("the phone's access token: %v", got)
	}
	if got := a.refresh(t.Context(), s.issuer, refresh); !got.refused() {
		t.Errorf("the phone's refresh token: %v", got)
	}
	if got := userinfo(t.Context(), s.issuer, kept); got.status != http.StatusOK {
		t.Errorf("the desktop's access token: %v", got)
	}

	desktop.press("#lasting-1-end")
	desktop.see("#nothing-lasts")
	if got := s.app("screen").refresh(t.Context(), s.issuer, screen.text("refresh_token")); !got.refused() {
		t.Errorf("the device's refresh token: %v", got)
	}
	desktop.press("#switch-language")
	desktop.see(`html[lang="zh-CN"] #sessions, html[lang="en"] #sessions`)
	desktop.shows("signed-in")
	desktop.press("#continue")
	desktop.shows("sign-out")
	for _, v := range []*viewer{desktop, phone} {
		v.content()
	}
	if len(notices) > 0 {
		t.Error("somebody else was told as well")
	}
}
