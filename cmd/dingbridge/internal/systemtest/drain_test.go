package systemtest

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestE30_ReadinessEndsFirst: from SIGTERM on the process says that it is not ready, and
// for drain_delay serves as before, logins too, keeping no connection open beyond its
// answer.
func TestE30_ReadinessEndsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{as: "zhangsan"})
	p := w.serve("DINGBRIDGE_DRAIN_DELAY=1m") // ended by the test's end
	if got := w.asked(t, "/readyz"); got.StatusCode != http.StatusOK || got.Close {
		t.Fatalf("ready: %s, closes: %v", got.Status, got.Close)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience / 2); w.asked(t, "/readyz").StatusCode != http.StatusServiceUnavailable; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it stays ready")
		}
	}
	for _, path := range []string{"/healthz", "/jwks", "/.well-known/openid-configuration"} {
		if got := w.asked(t, path); got.StatusCode != http.StatusOK || !got.Close {
			t.Errorf("%s: %s, closes: %v", path, got.Status, got.Close)
		}
	}
	a := w.app("es")
	code, err := newPerson().login(t.Context(), w, a)
	if err != nil {
		t.Fatalf("a login while it drains: %v", err)
	}
	if got := a.redeem(t.Context(), w.issuer, code); got.status != http.StatusOK {
		t.Errorf("its code: %v", got)
	}
	if !strings.Contains(w.logs(), "not ready any more") {
		t.Error("the log does not say that it is stopping")
	}
}

// asked is an answer without its body.
func (w *world) asked(t *testing.T, path string) *http.Response {
	t.Helper()
	resp, err := (&http.Client{Transport: wires, Timeout: patience}).Get(w.issuer + path)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}
