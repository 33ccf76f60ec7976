package dingtalk

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestU13_ASecretIsReplacedByOneThatDingTalkTakes: and until then by none.
func TestU13_ASecretIsReplacedByOneThatDingTalkTakes(t *testing.T) {
	const next = "the-next-secret-of-the-app"
	u := newUpstream()
	var mu sync.Mutex
	var shown []string
	good := true
	u.handle(CallAppToken, func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			AppSecret string `json:"appSecret"`
		}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		mu.Lock()
		defer mu.Unlock()
		shown = append(shown, asked.AppSecret)
		w.Header().Set("Content-Type", "application/json")
		if !good {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"code":"invalidClientIdOrSecret","message":"not `+asked.AppSecret+`"}`)
			return
		}
		io.WriteString(w, appTokenJSON)
	})
	c := dial(t, u, func(cfg *Config) { cfg.ScanAppID, cfg.ScanAppSecret = "", "" })
	if _, err := c.Member(t.Context(), unionID); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	good = false
	mu.Unlock()
	e := want(t, replaced(t, c, next, ""), ReasonConfig)
	if strings.Contains(e.Error(), next) {
		t.Errorf("the error tells the secret: %v", e)
	}
	if got := *c.secrets.Load(); got.app != secret || got.scan != secret {
		t.Error("a secret that DingTalk refuses is in use")
	}
	u.answer(CallUserToken, 200, userTokenJSON)
	if _, err := c.Member(t.Context(), unionID); err != nil { // the app's token is still good
		t.Errorf("after the refusal: %v", err)
	}
	mu.Lock()
	good = true
	mu.Unlock()
	if err := replaced(t, c, next, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Member(t.Context(), unionID); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if !slices.Equal(shown, []string{secret, next, next}) { // no token was fetched in vain
		t.Errorf("DingTalk was shown %d secrets", len(shown))
	}
	mu.Unlock()
	if err := replaced(t, c, next, ""); err != nil || u.asked(CallAppToken) != 3 {
		t.Errorf("the same secret again: %v", err)
	}
	fault := &Error{Message: "before " + secret + " now " + next}
	fault.scrub(c.secrets.Load().all()...)
	if strings.Contains(fault.Message, secret) || strings.Contains(fault.Message, next) {
		t.Errorf("%s tells one of the secrets", fault.Message)
	}
	for _, odd := range []string{"", "two words", "line\n"} {
		want(t, replaced(t, c, odd, ""), ReasonConfig)
	}
}

// TestU13_TheScanAppHasItsOwn: its secret is tried by a signature, and neither of the two
// is taken alone.
func TestU13_TheScanAppHasItsOwn(t *testing.T) {
	u := newUpstream()
	c := dial(t, u)
	u.answer(CallScan, 200, `{"errcode":853004,"errmsg":"signature wrong"}`)
	want(t, replaced(t, c, "app-after", "scan-after"), ReasonConfig)
	if got := *c.secrets.Load(); got.app != secret || got.scan != scanSecret {
		t.Error("half of a change was taken")
	}
	want(t, replaced(t, c, "app-after", ""), ReasonConfig)
	u.answer(CallScan, 200, `{"errcode":40078,"errmsg":"the code does not exist"}`)
	if err := replaced(t, c, "app-after", "scan-after"); err != nil {
		t.Fatal(err)
	}
	if got := *c.secrets.Load(); got.app != "app-after" || got.scan != "scan-after" || len(got.before) != 2 {
		t.Errorf("%d secrets are hidden from errors besides", len(got.before))
	}
	u.answer(CallAppToken, 503, "")
	if e := want(t, replaced(t, c, "app-later", "scan-after"), ReasonUnavailable); !e.Transient() {
		t.Errorf("%v", e)
	}
}

func replaced(t *testing.T, c *Client, app, scan string) error {
	t.Helper()
	before := c.secrets.Load()
	changed, err := c.ReplaceSecrets(t.Context(), app, scan)
	if changed != (before != c.secrets.Load()) {
		t.Errorf("it says that secrets changed: %v", changed)
	}
	return err
}
