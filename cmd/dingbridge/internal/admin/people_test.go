package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/storage"
)

// hall answers what it is told to, and notes what it was asked.
type hall struct {
	asked []string
	view  provider.PersonView
	err   error
	sweep chan struct{} // a sweep ends with it; nil: at once
}

func (h *hall) note(by provider.Administrator, words ...any) (provider.PersonView, error) {
	h.asked = append(h.asked, strings.TrimSpace(fmt.Sprintln(append([]any{by}, words...)...)))
	return h.view, h.err
}

func (h *hall) FindPeople(_ context.Context, who string, o provider.Show) ([]provider.PersonView, error) {
	v, err := h.note("", "show", who, o.Client, o.All)
	return []provider.PersonView{v}, err
}

func (h *hall) Rename(_ context.Context, by provider.Administrator, who, username string) (provider.PersonView, error) {
	return h.note(by, "rename", who, username)
}

func (h *hall) Block(ctx context.Context, by provider.Administrator, who string) (provider.PersonView, error) {
	if ctx.Err() != nil {
		return provider.PersonView{}, ctx.Err()
	}
	return h.note(by, "block", who)
}

func (h *hall) Unblock(_ context.Context, by provider.Administrator, who string) (provider.PersonView, error) {
	return h.note(by, "unblock", who)
}

func (h *hall) Migrate(_ context.Context, by provider.Administrator, who string) (provider.PersonView, error) {
	return h.note(by, "migrate", who)
}

func (h *hall) ReleaseEmail(_ context.Context, by provider.Administrator, address string) (provider.ReleasedEmail, error) {
	_, err := h.note(by, "release", address)
	return provider.ReleasedEmail{Address: address}, err
}

func (h *hall) TestPolicy(_ context.Context, clientID, who string) (provider.PolicyTest, error) {
	v, err := h.note("", "test", clientID, who)
	return provider.PolicyTest{Person: v, IDToken: json.RawMessage(`{"sub":"a"}`)}, err
}

func (h *hall) Brake(_ context.Context, corpID string) (provider.BrakeView, error) {
	_, err := h.note("", "brake", corpID)
	return provider.BrakeView{CorpID: "c"}, err
}

func (h *hall) ConfirmBrake(_ context.Context, by provider.Administrator, corpID string) (provider.BrakeView, error) {
	_, err := h.note(by, "confirm", corpID)
	return provider.BrakeView{CorpID: "c"}, err
}

func (h *hall) ReleaseBrake(_ context.Context, by provider.Administrator, corpID string) (provider.BrakeView, error) {
	_, err := h.note(by, "unbrake", corpID)
	return provider.BrakeView{CorpID: "c"}, err
}

func (h *hall) SweepNow(ctx context.Context, by provider.Administrator, corpID string, dryRun bool) (provider.SweepView, error) {
	_, err := h.note(by, "sweep", corpID, dryRun)
	if h.sweep != nil {
		select {
		case <-h.sweep:
		case <-ctx.Done():
		}
	}
	return provider.SweepView{CorpID: "c", DryRun: dryRun, Running: ctx.Err() != nil}, err
}

func (h *hall) ListPeople(_ context.Context, q provider.PeopleQuery) (provider.PeopleList, error) {
	_, err := h.note("", "list", q.CorpID, q.Blocked, q.Gone, q.After, q.Limit, q.All)
	return provider.PeopleList{After: "z"}, err
}

func (h *hall) ListSessions(_ context.Context, q provider.SessionQuery) (provider.SessionList, error) {
	_, err := h.note("", "sessions", q.Who, q.Client, q.After, q.Limit, q.All)
	return provider.SessionList{After: "z"}, err
}

func (h *hall) EndSessions(_ context.Context, by provider.Administrator, o provider.EndOrder) (provider.EndedView, error) {
	_, err := h.note(by, "end", o.Who, o.ID, o.Grants)
	return provider.EndedView{Sessions: 1}, err
}

// TestA4_A7_EveryVerbIsAuditedWithWhoAsks: over a real socket, by the real user.
func TestA4_A7_EveryVerbIsAuditedWithWhoAsks(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	h := &hall{view: provider.PersonView{Subject: "s", Departments: nil}}
	c := serve(t, Handler(Config{Ring: r, House: h, Audit: told}))
	me := ""
	if u, err := user.Current(); err == nil && runtime.GOOS == "linux" {
		me = u.Username
	}
	ctx := t.Context()
	for _, tc := range []struct {
		way, want string
		call      func() error
	}{
		{"users.show", " show zhangsan grafana true", func() error {
			_, err := c.Users(ctx, ShowUsers{Who: "zhangsan", Client: "grafana", All: true})
			return err
		}},
		{"users.list", " list corp true false after 7 true", func() error {
			_, err := c.ListUsers(ctx, ListUsers{Organisation: "corp", Blocked: true, After: "after", Limit: 7, All: true})
			return err
		}},
		{"sessions.list", " sessions zhangsan grafana after 7 true", func() error {
			_, err := c.Sessions(ctx, ListSessions{User: "zhangsan", Client: "grafana", After: "after", Limit: 7, All: true})
			return err
		}},
		{"sessions.end", me + " end zhangsan id true", func() error {
			_, err := c.EndSessions(ctx, EndSessions{User: "zhangsan", Session: "id", Grants: true})
			return err
		}},
		{"users.rename", me + " rename zhangsan san", func() error { _, err := c.Rename(ctx, RenameUser{"zhangsan", "san"}); return err }},
		{"users.block", me + " block zhangsan", func() error { _, err := c.Block(ctx, "zhangsan"); return err }},
		{"users.unblock", me + " unblock zhangsan", func() error { _, err := c.Unblock(ctx, "zhangsan"); return err }},
		{"users.migrate", me + " migrate zhangsan", func() error { _, err := c.Migrate(ctx, "zhangsan"); return err }},
		{"users.release-email", me + " release a@b.example", func() error { _, err := c.ReleaseEmail(ctx, "a@b.example"); return err }},
		{"policy.test", " test grafana zhangsan", func() error { _, err := c.TestPolicy(ctx, Policy{"grafana", "zhangsan"}); return err }},
		{"brake.show", " brake corp", func() error { _, err := c.Brake(ctx, Organisation{"corp"}); return err }},
		{"brake.confirm", me + " confirm corp", func() error { _, err := c.ConfirmBrake(ctx, Organisation{"corp"}); return err }},
		{"brake.release", me + " unbrake corp", func() error { _, err := c.ReleaseBrake(ctx, Organisation{"corp"}); return err }},
		{"leavers.sweep", me + " sweep corp true", func() error { _, err := c.Sweep(ctx, Sweep{"corp", true}); return err }},
	} {
		for outcome, err := range map[string]error{"done": nil, "refused": &provider.Refusal{Text: "not this one", Remedy: "another"}, "failed": errors.New("broken")} {
			h.asked, h.err = nil, err
			got := tc.call()
			if (got == nil) != (err == nil) || err != nil && !strings.HasSuffix(got.Error(), err.Error()) {
				t.Errorf("%s: %v, want %v", tc.way, got, err)
			}
			if want := strings.TrimSpace(tc.want); !slices.Equal(h.asked, []string{want}) {
				t.Errorf("%s: asked %q, want %q", tc.way, h.asked, want)
			}
			if got, want := told.take(), "admin.called "+tc.way+" "+outcome; !slices.Equal(got, []string{want}) {
				t.Errorf("audited %q, want %q", got, want)
			}
			if told.by != me {
				t.Errorf("%s: by %q, not %q", tc.way, told.by, me)
			}
			if outcome == "refused" && told.err != nil {
				t.Errorf("%s: the audit log says %v", tc.way, told.err)
			}
		}
	}
	h.err = fmt.Errorf("read: %w", storage.ErrUnknown)
	if _, err := c.Block(ctx, "zhangsan"); err == nil || !strings.Contains(err.Error(), "whether anything was changed; try again") {
		t.Errorf("without storage: %v", err)
	}
}

// What a caller writes of itself is nobody's name.
func TestA7_NobodyNamesThemselves(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	h := &hall{}
	call := httptest.NewRequest("POST", "/users/block", strings.NewReader(`{"who":"zhangsan"}`))
	for _, name := range []string{"X-Forwarded-User", "From", "Forwarded", "X-Forwarded-For", "Authorization"} {
		call.Header.Set(name, "user root")
	}
	w := httptest.NewRecorder()
	Handler(Config{Ring: r, House: h, Audit: told}).ServeHTTP(w, call)
	if w.Code != 200 || told.by != "" || !slices.Equal(h.asked, []string{"block zhangsan"}) {
		t.Errorf("%d by %q: %q", w.Code, told.by, h.asked)
	}
}

func TestA8_OnlyTheVerbsOwnFields(t *testing.T) {
	r, _ := ring(t)
	told := &trail{t: t}
	h := &hall{}
	handler := Handler(Config{Ring: r, House: h, Audit: told})
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/users/block", `{"who":"a"}`, 200},
		{"POST", "/users/block", ` {"who":"a"} ` + "\n", 200},
		{"POST", "/users/block", ``, 400},
		{"POST", "/users/block", `who=a`, 400},
		{"POST", "/users/block", `["a"]`, 400},
		{"POST", "/users/block", `"a"`, 400},
		{"POST", "/users/block", `{"who":1}`, 400},
		{"POST", "/users/block", `{"who":"a","by":"root"}`, 400},
		{"POST", "/users/block", `{"who":"a"}{"who":"b"}`, 400},
		{"POST", "/users/block", `{"who":"a"} x`, 400},
		{"POST", "/users/block", `{"who":"a"`, 400},
		{"POST", "/users/block", `{"who":"` + strings.Repeat("a", maxBody) + `"}`, 413},
		{"GET", "/users/block", `{"who":"a"}`, 404}, // nothing is changed by asking
		{"POST", "/users/rename", `{"who":"a","username":"b","all":true}`, 400},
		{"POST", "/leavers/sweep", `{"dry_run":"no"}`, 400},
		{"POST", "/leavers/sweep", `{"dryrun":true}`, 400}, // not the other kind of sweep
		{"POST", "/users/block/", `{"who":"a"}`, 404},
	} {
		h.asked = nil
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body)))
		if w.Code != tc.status || !json.Valid(w.Body.Bytes()) || len(h.asked) != map[bool]int{true: 1, false: 0}[w.Code == 200] {
			t.Errorf("%s %.40s: %d %s, asked %q", tc.path, tc.body, w.Code, w.Body, h.asked)
		}
		if events := told.take(); len(events) != 1 {
			t.Errorf("%s: audited %q", tc.path, events)
		}
	}
	// A server that has only keys knows of keys alone.
	w := httptest.NewRecorder()
	Handler(Config{Ring: r, Audit: told}).ServeHTTP(w, httptest.NewRequest("POST", "/users/block", strings.NewReader(`{"who":"a"}`)))
	if w.Code != 404 {
		t.Errorf("without a house: %d", w.Code)
	}
}

// The caller has hung up before the block begins.
func TestA9_ABlockOutlivesItsCaller(t *testing.T) {
	r, _ := ring(t)
	h := &hall{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	Handler(Config{Ring: r, House: h}).ServeHTTP(w, httptest.NewRequest("POST", "/users/block", strings.NewReader(`{"who":"a"}`)).WithContext(ctx))
	if w.Code != 200 || len(h.asked) != 1 {
		t.Errorf("%d, %q", w.Code, h.asked)
	}
}

// A sweep may last longer than the connection's server lets others, and a caller may leave it.
func TestA9_ASweepTakesItsTime(t *testing.T) {
	r, _ := ring(t)
	h := &hall{sweep: make(chan struct{})}
	path := filepath.Join(folder(t), "s")
	l := open(t, path)
	server := &http.Server{Handler: Handler(Config{Ring: r, House: h}), ReadTimeout: time.Second, WriteTimeout: time.Second}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	time.AfterFunc(2*time.Second, func() { close(h.sweep) })
	if done, err := NewClient(path).Sweep(t.Context(), Sweep{DryRun: true}); err != nil || !done.DryRun || done.Running {
		t.Errorf("%+v, %v", done, err)
	}
	h.sweep = make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := NewClient(path).Sweep(ctx, Sweep{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("left: %v", err)
	}
}

func TestA10_WordsOfOthersAreText(t *testing.T) {
	r, _ := ring(t)
	h := &hall{view: provider.PersonView{Subject: "s", Name: "张三\x1b[2J\u202e\u3000x", Title: "a\nb\x00", UserID: "z\u200bhang", Nick: "🦊"}}
	c := serve(t, Handler(Config{Ring: r, House: h}))
	list, err := c.Users(t.Context(), ShowUsers{Who: "x"})
	if err != nil || list[0].Name != "张三\ufffd[2J\ufffd\ufffdx" || list[0].Title != "a\ufffdb\ufffd" || list[0].UserID != "z\ufffdhang" || list[0].Nick != "🦊" {
		t.Errorf("%+v, %v", list, err)
	}
	h.err = errors.New("one\ntwo \x1b]0;x\x07")
	if _, err := c.Users(t.Context(), ShowUsers{Who: "x"}); err == nil || !strings.HasSuffix(err.Error(), "one\ufffdtwo \ufffd]0;x\ufffd") {
		t.Errorf("%q", err)
	}
	h.err = nil
	h.view.Departments = append(h.view.Departments, struct {
		ID      int64   `json:"id"`
		Parents []int64 `json:"parents"`
	}{1<<62 + 1, []int64{}})
	if list, err := c.Users(t.Context(), ShowUsers{Who: "x"}); err != nil || list[0].Departments[0].ID != 1<<62+1 {
		t.Errorf("a long number: %+v, %v", list, err)
	}
}

// A connection of another kind has no known end.
func TestA7_NotOfAUser(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	r := httptest.NewRequest("GET", "/keys", nil)
	r.RemoteAddr = a.RemoteAddr().String()
	if by := callerOf(r); by != "" {
		t.Errorf("by %q", by)
	}
	r.RemoteAddr = callerConn{a, "uid 4711"}.RemoteAddr().String()
	if by := callerOf(r); by != "uid 4711" {
		t.Errorf("by %q", by)
	}
}
