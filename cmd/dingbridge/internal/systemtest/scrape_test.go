package systemtest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"index/suffixarray"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// loot is what must be found nowhere, by what it is.
type loot struct {
	mu    sync.Mutex
	items map[string]map[string]bool
}

func (l *loot) add(what string, values ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.items == nil {
		l.items = map[string]map[string]bool{}
	}
	if l.items[what] == nil {
		l.items[what] = map[string]bool{}
	}
	for _, v := range values {
		if v != "" {
			l.items[what][v] = true
		}
	}
}

// tap stands between the provider and the simulator and notes the tokens that DingTalk
// gives out.
func (l *loot) tap(t *testing.T) func(simulator string) string {
	return func(simulator string) string {
		to, err := url.Parse(simulator)
		if err != nil {
			t.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
			Transport: wires,
			ModifyResponse: func(r *http.Response) error {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return err
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				var all map[string]any
				if json.Unmarshal(body, &all) == nil {
					for _, name := range []string{"accessToken", "refreshToken", "access_token"} {
						if token, _ := all[name].(string); token != "" {
							l.add("a token of DingTalk", token)
						}
					}
					if ticket, _ := all["ticket"].(string); ticket != "" {
						l.add("a ticket for events", ticket)
					}
				}
				return nil
			},
		}
		server := httptest.NewServer(proxy)
		t.Cleanup(server.Close)
		return server.URL
	}
}

func TestE4_NothingToStealInTheStorage(t *testing.T) {
	onEachStorage(t, func(t *testing.T, s setting, redis *storagetest.Redis) {
		l := &loot{}
		s.upstream = l.tap(t)
		w := newWorld(t, s)
		w.serve("DINGBRIDGE_LOG_LEVEL=debug", adminSocket)
		l.add("the provider's secret", w.secret)
		l.add("DingTalk's client secret", simulator.DefaultCompany().App.ClientSecret)
		for _, secret := range w.clients {
			l.add("a client's secret", secret)
		}
		var sample *person
		for i := range rounds(100) {
			sample = l.plunder(t, w, i)
		}
		l.partings(t, w)
		for what, least := range map[string]int{"a token of DingTalk": 2, "a ticket for events": 1, "an access token": 2, "a phone number": 2, "a cookie": 2} {
			if len(l.items[what]) < least {
				t.Fatalf("only %d of: %s; this test looks for nothing", len(l.items[what]), what)
			}
		}
		text := dump(t, w, redis)
		if !strings.Contains(text, "grant/") || !strings.Contains(text, "session/") {
			t.Fatal("the dump has no records")
		}
		l.mustNotBeIn(t, "the storage", text)
		noPrivateKey(t, "the storage", text)
		logs := w.logs()
		if strings.Count(logs, "login.succeeded") < rounds(100) {
			t.Fatal("the logs tell of no login")
		}
		l.mustNotBeIn(t, "the logs", logs)
		noPrivateKey(t, "the logs", logs)
		nothingOpens(t, w, sample, text)
	})
}

// plunder is one login of a person of their own, with all that passes by.
func (l *loot) plunder(t *testing.T, w *world, i int) *person {
	t.Helper()
	ctx, a, p := t.Context(), w.app("phone"), newPerson()
	code, err := p.login(ctx, w, a, "scope", "openid profile email phone groups offline_access", "nonce", "n"+strconv.Itoa(i))
	if err != nil {
		t.Fatal(err)
	}
	l.add("a code", code)
	for _, address := range p.passed {
		u, _ := url.Parse(address)
		if q := u.Query(); u.Path == "/login/callback" {
			l.add("our state", q.Get("state"))
			l.add("a code of DingTalk", q.Get("code"), q.Get("authCode"))
		}
	}
	at, _ := url.Parse(w.issuer)
	for _, cookie := range p.http.Jar.Cookies(at) {
		l.add("a cookie", cookie.Value)
	}
	first := a.redeem(ctx, w.issuer, code)
	second := a.refresh(ctx, w.issuer, first.text("refresh_token"))
	if second.status != 200 {
		t.Fatalf("refresh: %v", second)
	}
	for _, got := range []answer{first, second} {
		l.add("an access token", got.text("access_token"))
		l.add("a refresh token", got.text("refresh_token"))
		l.add("an ID token", got.text("id_token"))
	}
	info := userinfo(ctx, w.issuer, second.text("access_token"))
	phone, name, nick := info.text("phone_number"), info.text("name"), info.text("nickname")
	if phone == "" || name == "" || nick == "" || info.text("email") == "" {
		t.Fatalf("userinfo: %v", info)
	}
	l.add("a phone number", phone, phone[len(phone)-11:])
	l.add("a name", name, nick, strings.Trim(strconv.QuoteToASCII(name), `"`), strings.Trim(strconv.QuoteToASCII(nick), `"`))
	l.add("an e-mail address", info.text("email"))
	return p
}

// mustNotBeIn looks for each thing as it is, and for the part of it that cannot be
// guessed in the forms in which a program writes bytes.
func (l *loot) mustNotBeIn(t *testing.T, where, text string) {
	t.Helper()
	index := suffixarray.New([]byte(text))
	for what, values := range l.items {
		for value := range values {
			forms := map[string]string{"": value}
			if raw, err := base64.RawURLEncoding.DecodeString(value[strings.LastIndexByte(value, '.')+1:]); err == nil && len(raw) >= 32 {
				end := raw[len(raw)-16:]
				forms[" (its last bytes)"] = string(end)
				forms[" (its last bytes, in hex)"] = hex.EncodeToString(end)
				forms[" (its last bytes, in base64)"] = base64.RawStdEncoding.EncodeToString(end)[:20]
				forms[" (its last characters)"] = value[len(value)-20:]
			}
			for form, look := range forms {
				if len(index.Lookup([]byte(look), 1)) > 0 {
					t.Errorf("%s holds %s%s", where, what, form)
				}
			}
		}
	}
}

// noPrivateKey looks for the beginnings of encoded keys.
func noPrivateKey(t *testing.T, where, text string) {
	t.Helper()
	for _, sign := range []string{"PRIVATE KEY", `"d":"`, `"d": "`} {
		if strings.Contains(text, sign) {
			t.Errorf("%s holds %q", where, sign)
		}
	}
	for name, oid := range map[string]string{ // of PKCS #1 and #8, and of P-256
		"RSA": "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "P-256": "\x2a\x86\x48\xce\x3d\x03\x01\x07",
	} {
		forms := []string{oid, hex.EncodeToString([]byte(oid))}
		for shift := range 3 { // the neighbours' bits in its first and last character are left out
			whole := base64.StdEncoding.EncodeToString(append(make([]byte, shift), oid...))
			forms = append(forms, whole[(shift*8+5)/6:(shift+len(oid))*8/6])
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%s holds the encoding of an %s key", where, name)
			}
		}
	}
}

// nothingOpens tries all that is found in the storage as whatever opens something.
func nothingOpens(t *testing.T, w *world, sample *person, text string) {
	t.Helper()
	ctx, a := t.Context(), w.app("phone")
	at, _ := url.Parse(w.issuer)
	silent := w.authorization(a, "prompt", "none")
	// That the tries would succeed with the real thing.
	if got, err := sample.follow(ctx, silent, a.redirect); err != nil || !strings.Contains(got.location, "code=") {
		t.Fatalf("the real session opens nothing: %v", err)
	}
	found := map[string]bool{}
	for _, s := range regexp.MustCompile(`[A-Za-z0-9_+/=.-]{16,}`).FindAllString(text, -1) {
		found[s] = true
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == '.' }) {
			if len(part) >= 16 {
				found[part] = true
			}
		}
	}
	if len(found) < 4*rounds(100) {
		t.Fatalf("only %d strings in the dump", len(found))
	}
	var work sync.WaitGroup
	queue := make(chan string)
	for range 8 {
		work.Go(func() {
			for s := range queue {
				if err := opens(t, w, a, sample.http.Jar.Cookies(at), silent, s); err != nil {
					t.Errorf("%.8s... from the storage: %v", s, err)
				}
			}
		})
	}
	for s := range found {
		queue <- s
	}
	close(queue)
	work.Wait()
	t.Logf("%d bytes of storage, %d strings tried", len(text), len(found))
}

func opens(t *testing.T, w *world, a app, cookies []*http.Cookie, silent, s string) error {
	ctx, at := t.Context(), w.issuer
	if got := a.redeem(ctx, at, s); !got.refused() {
		return fmt.Errorf("as a code: %v", got)
	}
	if got := a.refresh(ctx, at, s); !got.refused() {
		return fmt.Errorf("as a refresh token: %v", got)
	}
	if got := userinfo(ctx, at, s); got.status != 401 {
		return fmt.Errorf("as an access token: %v", got)
	}
	if got := w.app("api").introspect(ctx, at, s); got.status != 200 || got.json["active"] != false {
		return fmt.Errorf("at introspection: %v", got)
	}
	thief := newPerson()
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(at)
	for _, c := range cookies {
		jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: s, Path: "/"}})
	}
	thief.http.Jar = jar
	got, err := thief.get(ctx, silent)
	if err != nil || !strings.Contains(got.location, "error=login_required") {
		return fmt.Errorf("as a cookie: status %d to %q, %v", got.status, got.location, err)
	}
	got, err = thief.get(ctx, at+"/login/callback?"+url.Values{"state": {s}, "code": {s}, "authCode": {s}}.Encode())
	if err != nil || got.status < 400 || got.location != "" {
		return fmt.Errorf("as state: status %d to %q, %v", got.status, got.location, err)
	}
	return nil
}
