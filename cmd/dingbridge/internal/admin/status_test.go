package admin

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestA11_StatusEnds: what is asked in its turn gets seconds, and the status says what is known
// by then; it is audited as every call, and its words can be shown.
func TestA11_StatusEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := ring(t)
		told := &trail{t: t}
		h := Handler(Config{Ring: r, Audit: told, Status: func(ctx context.Context) Status {
			<-ctx.Done()
			return Status{Version: "v1", Storage: Storage{Fault: "\x1b[2Jno answer\r\n"}, Troubles: []Trouble{{Text: "a", Remedy: "b"}}}
		}})
		began := time.Now()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/status", nil))
		if took := time.Since(began); w.Code != 200 || took > statusTime || took >= patience {
			t.Errorf("%d after %v", w.Code, took)
		}
		var s Status
		if err := decode(w.Code, w.Body.Bytes(), &s); err != nil || s.Version != "v1" || s.Storage.Fault != "\ufffd[2Jno answer\ufffd\ufffd" || len(s.Troubles) != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		if got := told.take(); !slices.Equal(got, []string{"admin.called status done"}) {
			t.Errorf("audited %q", got)
		}
	})
}

// A server without one says that it does not know what was asked.
func TestA11_WithoutAStatus(t *testing.T) {
	r, _ := ring(t)
	c := serve(t, Handler(Config{Ring: r, Audit: &trail{t: t}}))
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "does not know what was asked") {
		t.Errorf("%v", err)
	}
}
