package leavers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/people"
)

// wire answers as DingTalk does, and knows how fast it was asked.
type wire struct {
	mu    sync.Mutex
	sent  map[string][]time.Time // by path
	worst map[string]int         // in one second
	calls map[string]int
	gone  map[string]bool // userIds
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(`{}`)
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	var question struct{ UserID, UnionID string }
	_ = json.Unmarshal(bytes.ToLower(body), &question)
	w.mu.Lock()
	path, now := r.URL.Path, time.Now()
	sent := append(w.sent[path], now)
	for now.Sub(sent[0]) >= time.Second {
		sent = sent[1:]
	}
	w.sent[path], w.worst[path] = sent, max(w.worst[path], len(sent))
	w.calls[path]++
	gone := w.gone[question.UserID] || w.gone["user"+strings.TrimPrefix(question.UnionID, "union")]
	w.mu.Unlock()
	time.Sleep(80 * time.Millisecond)
	var answer string
	switch number := strings.TrimPrefix(question.UserID, "user"); {
	case strings.HasSuffix(path, "accessToken"):
		answer = `{"accessToken":"t0ken","expireIn":7200}`
	case gone:
		answer = `{"errcode":60121,"errmsg":"找不到该用户"}`
	case strings.HasSuffix(path, "getbyunionid"):
		answer = fmt.Sprintf(`{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"user%s"}}`, strings.TrimPrefix(question.UnionID, "union"))
	case strings.HasSuffix(path, "listparentbyuser"):
		var n int
		fmt.Sscan(number, &n)
		answer = fmt.Sprintf(`{"errcode":0,"errmsg":"ok","result":{"parent_list":[{"parent_dept_id_list":[%d,2,1]}]}}`, 10+n%500)
	default:
		var n int
		fmt.Sscan(number, &n)
		answer = fmt.Sprintf(`{"errcode":0,"errmsg":"ok","result":{"userid":"user%s","unionid":"union%s","name":"张三","dept_id_list":[%d],"active":true}}`, number, number, 10+n%500)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// TestTheWholeOf50000 measures, in virtual time, how long everybody takes with DingTalk's
// client in front and its pace at what a replica that is alone may send (docs/dingtalk.md).
// It holds the rate, and that somebody who left is found.
func TestTheWholeOf50000(t *testing.T) {
	known := 50_000
	if testing.Short() {
		known = 2_000
	}
	synctest.Test(t, func(t *testing.T) {
		client, err := dingtalk.New(dingtalk.Config{CorpID: corp, ClientID: "dingapp", ClientSecret: "secret", CallsPerSecond: 18})
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{sent: map[string][]time.Time{}, worst: map[string]int{}, calls: map[string]int{}, gone: map[string]bool{}}
		// Virtual time stands still while a goroutine waits for a network, so there is none.
		transport := reflect.ValueOf(client).Elem().FieldByName("transport")
		reflect.NewAt(transport.Type(), unsafe.Pointer(transport.UnsafeAddr())).Elem().Set(reflect.ValueOf(w))

		list, err := secret.Parse([]byte(secret.Generate()))
		if err != nil {
			t.Fatal(err)
		}
		store := &memory{}
		registry, err := people.New(people.Config{Store: store, Secrets: list, Log: slog.New(slog.DiscardHandler),
			Organisations: map[string]people.Organisation{corp: {Directory: client, App: client.ClientID()}}})
		if err != nil {
			t.Fatal(err)
		}
		client.Pace(0)
		for i := range known {
			m := member(fmt.Sprint(i))
			p, op, err := registry.Welcome(t.Context(), nil, corp, dingtalk.Account{UnionID: m.UnionID}, m, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Together(t.Context(), append(registry.Index(p), op)...); err != nil {
				t.Fatal(err)
			}
		}
		client.Pace(18)
		time.Sleep(2 * time.Hour)
		w.gone["user77"] = true
		start := time.Now()
		watch := New(Config{Store: store, People: registry, Organisations: map[string]Directory{corp: client}})
		report := watch.Sweep(t.Context(), corp, false)
		if report.Err != nil || report.Known != known || len(report.Gone) != 1 || report.Unclear != 0 {
			t.Errorf("%d known, %d asked, %d gone, %d unclear, %v", report.Known, report.Asked, len(report.Gone), report.Unclear, report.Err)
		}
		t.Logf("%d people in 500 departments: %v; calls %v, at most in one second %v", known, time.Since(start), w.calls, w.worst)
		for path, worst := range w.worst {
			if worst > 18 {
				t.Errorf("%s was asked %d times in one second", path, worst)
			}
		}
	})
}
