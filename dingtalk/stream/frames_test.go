package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// hostile are frames of which nothing can be made.
var hostile = []string{
	"", " ", "null", "true", "0", `""`, "[]", "{}", "{", "<html>", "ping", "\xff\xfe", "{\"type\":\"EVENT\xff\",\"headers\":{}}",
	`{"type":"EVENT"}`, `{"type":"SYSTEM","headers":null}`, `{"type":"SYSTEM","headers":[]}`, `{"type":"SYSTEM","headers":"x"}`,
	`{"type":null,"headers":{}}`, `{"type":{},"headers":{}}`, `{"headers":{"topic":"ping"}}`, `{"type":"","headers":{}}`,
	`{"type":"EVENT","type":"SYSTEM","headers":{}}`, `{"type":"SYSTEM","headers":{"topic":"ping","Topic":"disconnect"}}`,
	`{"type":"SYSTEM","headers":{"topic":"disconnect"}} {}`, `{"type":"SYSTEM","headers":{"topic":"disconnect"}`,
	strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000),
	`{"type":"SYSTEM","headers":{"topic":"disconnect"},"data":"` + strings.Repeat("x", maxFrame) + `"}`,
	strings.Repeat("x", maxFrame+1), strings.Repeat("x", maxSkipped),
}

func TestW2_NothingInAFrameEndsAnything(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		p := g.next(t)
		for i, frame := range hostile {
			p.send(frame)
			p.ping(fmt.Sprint("p", i)) // the first answer there is
			synctest.Wait()
			if got := l.Status().Unreadable; got != uint64(i+1) {
				t.Fatalf("after %.60q: %d unreadable, want %d", frame, got, i+1)
			}
		}
		if err := p.conn.Write(t.Context(), websocket.MessageBinary, []byte(leave("m", "e"))); err != nil {
			t.Fatal(err)
		}
		l.handled(t)
		p.status("m")
		synctest.Wait()
		if s := l.Status(); s.Connects != 1 || !s.Connected {
			t.Errorf("status %+v", s)
		}
	})
}

// What DingTalk may begin to send one day is answered and does no harm.
func TestW2_WhatIsNotKnownIsAnswered(t *testing.T) {
	for frame, code := range map[string]int{
		system("CONNECTED", "m", "{}"):                             200,
		system("REGISTERED", "m", ""):                              200,
		system("KEEPALIVE", "m", "x"):                              200,
		system("", "m", "x"):                                       200,
		system("reboot", "m", "{}"):                                200,
		`{"type":"SYSTEM","headers":{"messageId":"m"}}`:            200,
		`{"type":"CALLBACK","headers":{"messageId":"m"}}`:          404,
		`{"type":"TOMORROW","headers":{"messageId":"m"},"data":7}`: 404,
	} {
		inBubble(t, func(t *testing.T, g *gateway) {
			l := start(t, g, "")
			p := g.next(t)
			p.send(frame)
			if r := p.reply(); r.Code != code || r.Headers["messageId"] != "m" || len(r.Data) == 0 {
				t.Errorf("%s: answered %+v, want code %d", frame, r, code)
			}
			p.ping("after")
			synctest.Wait()
			if s := l.Status(); s.Connects != 1 || s.Events != 0 {
				t.Errorf("%s: status %+v", frame, s)
			}
		})
	}
}

// A ping is answered with what it brought, whatever that is.
func TestW2_PingsAreGivenBack(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		start(t, g, "")
		p := g.next(t)
		for data, want := range map[string]string{
			`"{\"opaque\":\"0e1f-88aa\"}"`: `"{\"opaque\":\"0e1f-88aa\"}"`,
			`{"opaque":"0e1f-88aa"}`:       `{"opaque":"0e1f-88aa"}`,
			`"<&>\u2028 钉"`:                `"<&>\u2028 钉"`,
			`null`:                         `null`,
			`17`:                           `17`,
			`"` + strings.Repeat("x", maxFrame-200) + `"`: `"` + strings.Repeat("x", maxFrame-200) + `"`,
		} {
			p.conn.SetReadLimit(-1)
			p.send(`{"Type":"system","HEADERS":{"Topic":"PING","messageid":17},"DATA":` + data + `}`)
			r := p.reply()
			var got, wanted any
			json.Unmarshal(r.Data, &got)
			json.Unmarshal([]byte(want), &wanted)
			if r.Code != 200 || r.Headers["messageId"] != "17" || !reflect.DeepEqual(got, wanted) {
				t.Errorf("%.60s: given back %.100s, headers %v", data, r.Data, r.Headers)
			}
		}
		p.send(`{"type":"SYSTEM","headers":{"topic":"ping"}}`) // nothing to give back, and nobody to give it to
		if r := p.reply(); r.Code != 200 || r.Headers["messageId"] != "" || string(r.Data) != `""` {
			t.Errorf("given back %+v", r)
		}
		p.send(system("ping", strings.Repeat("m", maxMessageID+1), "{}"))
		if r := p.reply(); r.Headers["messageId"] != "" {
			t.Errorf("a messageId of %d bytes was sent back", len(r.Headers["messageId"]))
		}
	})
}

func TestW2_AFrameWithoutEndEndsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		p := g.next(t)
		w, err := p.conn.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		piece := []byte(strings.Repeat("x", 64<<10))
		written := 0
		for ; written < 100*maxSkipped; written += len(piece) {
			if _, err := w.Write(piece); err != nil {
				break
			}
			synctest.Wait() // until it is read
		}
		if written > 2*maxSkipped {
			t.Errorf("%d bytes were taken", written)
		}
		l.sees(t, Lost)
		p = g.next(t)
		p.ping("m")
		synctest.Wait()
		if s := l.Status(); !strings.Contains(s.LastError, "a frame without end") {
			t.Errorf("status %+v", s)
		}
	})
}

// A frame that never comes to its end, byte for byte, is silence.
func TestW2_AFrameThatDribblesEndsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		p := g.next(t)
		w, err := p.conn.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = w.Write([]byte("x"))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if s := l.Status(); !strings.Contains(s.LastError, "nothing came for 3m0s") {
			t.Errorf("status %+v", s)
		}
		g.next(t)
	})
}

func TestEventsInAllTheirShapes(t *testing.T) {
	many := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprintf("u%04d", i))
		}
		return ids
	}
	list := func(ids []string) string { text, _ := json.Marshal(ids); return string(text) }
	for _, test := range []struct {
		name, kind, data string
		ids              []string
		partial, tree    bool
	}{
		{"a list", "user_leave_org", `{"timeStamp":"1","userId":["a","b"]}`, []string{"a", "b"}, false, false},
		{"a string", "user_leave_org", `{"unionid":"x","dingId":"y","userId":"a"}`, []string{"a"}, false, false},
		{"the old form", "user_leave_org", `{"UserId":["a"],"CorpId":"elsewhere"}`, []string{"a"}, false, false},
		{"a role", "label_user_change", `{"userIdList":["a","b"],"action":"add","labelIdList":[1881]}`, []string{"a", "b"}, false, false},
		{"two names", "x", `{"userIdList":["b","a"],"userid":"a","userIds":["c"]}`, []string{"a", "b", "c"}, false, false},
		{"doubles", "x", `{"userId":["a","b","a","a"]}`, []string{"a", "b"}, false, false},
		{"a diff", "user_modify_org", `{"userId":["a"],"diffInfo":{"userid":"z","prev":{"name":"n"},"curr":{}}}`, []string{"a"}, false, false},
		{"numbers", "x", `{"userId":[156421733781264,"0156421733781264"]}`, []string{"156421733781264", "0156421733781264"}, false, false},
		{"nobody", "x", `{"userId":[]}`, nil, false, false},
		{"null", "x", `{"userId":null}`, nil, false, false},
		{"no such member", "x", `{"deptId":[1]}`, nil, false, false},
		{"departments", "org_dept_remove", `{"deptId":[432825033]}`, nil, false, true},
		{"everything", "org_change", `{}`, nil, false, true},
		{"nearly", "org_department", `{}`, nil, false, false},
		{"odd elements", "x", `{"userId":["a",null,{},["b"],true," c","","null","d\u202e","\ud800",-1,"` + strings.Repeat("x", 257) + `","e"]}`, []string{"a", "e"}, true, false},
		{"an object", "x", `{"userId":{"a":"b"}}`, nil, true, false},
		{"conflict", "x", `{"userId":["a"],"UserId":["b"]}`, nil, true, false},
		{"a thousand", "x", `{"userId":` + list(many(1000)) + `}`, many(1000), false, false},
		{"more", "x", `{"userId":` + list(many(1001)) + `}`, many(1000), true, false},
		{"a thousand and doubles", "x", `{"userId":` + list(append(many(1000), many(1000)...)) + `}`, many(1000), false, false},
		{"no object", "x", `["a"]`, nil, true, false},
		{"no JSON", "x", `userId=a`, nil, true, false},
		{"two documents", "x", `{"userId":"a"}{"userId":"b"}`, nil, true, false},
		{"empty", "x", ``, nil, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			shapes := map[string]string{"documented": eventFrame("m", "e", test.kind, corp, test.data)}
			if json.Valid([]byte(test.data)) {
				shapes["data as it is"] = fmt.Sprintf(`{"type":"event","header":{"eventtype":%q,"eventCorpID":%q,"eventBornTime":1763800001234,"EVENTID":"e"},"data":%s}`, test.kind, corp, test.data)
			}
			for shape, raw := range shapes {
				f, ok := parseFrame([]byte(raw))
				e, isEvent := f.event()
				if !ok || !isEvent || e.ID != "e" || e.Type != test.kind || e.CorpID != corp || e.Born.UnixMilli() != 1763800001234 {
					t.Fatalf("%s: %t %t %+v", shape, ok, isEvent, e)
				}
				if !slices.Equal(e.UserIDs, test.ids) || e.Partial != test.partial || e.Departments != test.tree {
					t.Errorf("%s: %.200v, partial %t, departments %t", shape, e.UserIDs, e.Partial, e.Departments)
				}
			}
		})
	}
}

func TestTimesOfEvents(t *testing.T) {
	for raw, want := range map[string]int64{
		`"1763800001234"`: 1763800001234, `1763800001234`: 1763800001234, `"1763800001"`: 0, `"x"`: 0, `null`: 0, `{}`: 0, `""`: 0,
		`-1`: 0, `1e12`: 0, `"99999999999999999999"`: 0, `"9223372036854775807"`: 0, `"4102444800000"`: 4102444800000, `0`: 0,
	} {
		f, ok := parseFrame([]byte(`{"type":"EVENT","headers":{"eventType":"x","eventBornTime":` + raw + `}}`))
		e, isEvent := f.event()
		if !ok || !isEvent || e.Born.IsZero() != (want == 0) || want != 0 && e.Born.UnixMilli() != want {
			t.Errorf("%s: %s", raw, e.Born)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, frame := range hostile {
		if len(frame) < 1000 {
			f.Add([]byte(frame))
		}
	}
	for _, frame := range []string{
		leave("m", "e"), system("ping", "m", "{}"), system("disconnect", "m", `{"reason":"x"}`),
		eventFrame("m", "e", "label_user_change", corp, `{"userIdList":["a"],"userId":"b","UserIds":[1]}`),
		`{"type":"event","header":{"eventtype":"org_change","eventcorpid":1},"data":{"userId":null}}`,
		`{"type":"EVENT","headers":{"eventType":"x"},"data":"{\"userId\":[\"\\ud800\",\"a\\u0000\"]}"}`,
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		frame, ok := parseFrame(raw)
		if !ok {
			return
		}
		// encoding/json, another reader, finds an object with a type and headers.
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("took what is no JSON: %v", err)
		}
		if frame.kind == "" || len(frame.messageID) > maxMessageID {
			t.Fatalf("kind %q, messageId of %d bytes", frame.kind, len(frame.messageID))
		}
		for _, a := range []answer{frame.pong(), frame.success(), frame.later(), frame.noted(), frame.unknown()} {
			text, err := json.Marshal(a)
			if err != nil || !json.Valid(text) || !utf8.Valid(text) {
				t.Fatalf("answer %s: %v", text, err)
			}
		}
		e, isEvent := frame.event()
		if isEvent != isID(e.Type) || len(e.UserIDs) > mostUserIDs {
			t.Fatalf("event %t %+v", isEvent, e)
		}
		for _, id := range append([]string{e.ID, e.Type, e.CorpID}, e.UserIDs...) {
			if id != "" && !isID(id) {
				t.Fatalf("%q is no id", id)
			}
		}
		seen := map[string]bool{}
		for _, id := range e.UserIDs {
			if seen[id] || id == "" {
				t.Fatalf("%q twice, or empty", id)
			}
			seen[id] = true
		}
		again, _ := parseFrame(raw)
		if same, _ := again.event(); !reflect.DeepEqual(same, e) {
			t.Fatalf("read as %+v and as %+v", e, same)
		}
	})
}

func TestW10_ConnectedForEachConnectionAndTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		entered := make(chan struct{}, 10)
		l := start(t, g, "", func(c *Config) {
			c.Handle = func(ctx context.Context, _ Event) bool {
				entered <- struct{}{}
				<-ctx.Done()
				return true
			}
		})
		for range 5 {
			p := g.next(t)
			<-l.connects
			synctest.Wait()
			if s := l.Status(); !s.Connected {
				t.Errorf("status %+v", s)
			}
			time.Sleep(10 * time.Second)
			p.conn.CloseNow()
			synctest.Wait()
			if s := l.Status(); s.Connected || time.Since(s.Since) != 0 {
				t.Errorf("status %+v", s)
			}
		}
		p := g.next(t)
		<-l.connects
		p.send(leave("m", "e"))
		<-entered
		ended := time.Now()
		l.stop()
		if got := p.status("m"); got != "LATER" {
			t.Errorf("answered %s", got)
		}
		<-p.gone
		if took := time.Since(ended); took > 3*time.Second {
			t.Errorf("Run ended after %s", took)
		}
		if len(l.connects) != 0 || l.Status().Connected || l.Status().Connects != 6 || l.Status().Gap <= 0 {
			t.Errorf("%d more calls, status %+v", len(l.connects), l.Status())
		}
		// It may run again, and knows what it handled.
		l.run(t)
		p = g.next(t)
		p.send(leave("m2", "e"))
		if got := p.status("m2"); got != "SUCCESS" {
			t.Errorf("answered %s", got)
		}
		if len(entered) != 0 {
			t.Error("handled twice")
		}
	})
}

func TestW10_RunWaitsForHandle(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		over := false
		l := start(t, g, "", func(c *Config) {
			c.Handle = func(context.Context, Event) bool { time.Sleep(time.Minute); over = true; return true }
		})
		p := g.next(t)
		p.send(leave("m", "e"))
		synctest.Wait()
		l.stop()
		if !over {
			t.Error("Handle still runs")
		}
	})
}

// Whatever Run is doing when its context ends, it ends.
func TestW10_RunEndsAtAnyTime(t *testing.T) {
	for name, prepare := range map[string]func(*gateway){
		"asking":     func(g *gateway) { g.answers(never) },
		"connecting": func(g *gateway) { g.connects(never) },
		"waiting":    func(g *gateway) { g.answers(refuse(401, `{"code":"authFailed"}`)) },
		"connected":  func(*gateway) {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				prepare(g)
				l := start(t, g, "")
				synctest.Wait()
				began := time.Now()
				l.stop()
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("Run ended after %s", took)
				}
			})
		})
	}
}

// A server that neither reads nor closes holds nobody up.
func TestW10_RunEndsThoughTheServerDoesNotListen(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		p := g.next(t)
		close(p.silent)
		p.send(system("ping", "m", "{}")) // the reader takes this one, and no more
		p.send(system("ping", "m", "{}"))
		synctest.Wait()
		began := time.Now()
		l.stop()
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("Run ended after %s", took)
		}
		p.conn.CloseNow()
	})
}
