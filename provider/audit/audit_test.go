package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// full is an event with every field.
func full(name Name) Event {
	return Event{Name: name, RequestID: "r1", ClientID: "grafana", Subject: "abcdefgh", Address: "192.0.2.7",
		Reason: "outsider", GrantID: "0123456789abcdefGHIJ", SessionID: "fedcba9876543210GHIJ", CorpID: "ding123",
		Way: "oauth2", Call: "users/me", KeyID: "k1", Version: "1.2.3", Other: "hgfedcba", EventID: "e1", By: "uid 1000", Err: errors.New("broken"), Count: 3,
		Duration: 1500 * time.Millisecond}
}

// record returns what one event wrote, as text and decoded.
func record(t *testing.T, e Event) (string, map[string]any) {
	t.Helper()
	var out bytes.Buffer
	NewLog(newLogger(&out, nil)).Record(t.Context(), e)
	line := out.String()
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%s: no JSON: %v: %q", e.Name, err, line)
	}
	return line, m
}

func TestA1_OnlyWhatTheCatalogueAllows(t *testing.T) {
	seen := map[Name]bool{}
	for _, row := range Catalogue() {
		if seen[row.Name] {
			t.Errorf("%s is listed twice", row.Name)
		}
		seen[row.Name] = true
		if !regexp.MustCompile(`^[a-z]+\.[a-z_]+$`).MatchString(string(row.Name)) {
			t.Errorf("%s is no name of ours", row.Name)
		}
		if len(row.Meaning) < 15 || !strings.HasSuffix(row.Meaning, ".") {
			t.Errorf("%s has no meaning: %q", row.Name, row.Meaning)
		}
		if len(row.Fields) == 0 {
			t.Errorf("%s has no field", row.Name)
		}
		_, m := record(t, full(row.Name))
		if m["event"] != string(row.Name) || m["level"] != row.Level.String() || m["msg"] != "audit" || m["request_id"] != "r1" {
			t.Errorf("%s: %v", row.Name, m)
		}
		for _, own := range []string{"time", "level", "msg", "event", "request_id"} {
			delete(m, own)
		}
		got, want := slices.Sorted(maps.Keys(m)), slices.Sorted(slices.Values(row.Fields))
		if !slices.Equal(got, want) {
			t.Errorf("%s wrote %v, its row allows %v", row.Name, got, want)
		}
		err := Check(full(row.Name))
		if all := len(row.Fields) == len(fieldTable); all != (err == nil) {
			t.Errorf("%s with every field: %v", row.Name, err)
		}
		if err := Check(Event{Name: row.Name, RequestID: "r"}); err != nil {
			t.Error(err)
		}
	}
}

func TestA1_Values(t *testing.T) {
	_, m := record(t, full(LoginSucceeded))
	for field, want := range map[string]any{"client_id": "grafana", "sub": "abcdefgh", "address": "192.0.2.7",
		"grant": "0123456789abcdef", "session": "fedcba9876543210", "corp_id": "ding123", "way": "oauth2",
		"duration_ms": 1500.0} {
		if m[field] != want {
			t.Errorf("%s is %v, want %v", field, m[field], want)
		}
	}
	_, m = record(t, full(UpstreamTrouble))
	for field, want := range map[string]any{"call": "users/me", "reason": "outsider", "error": "broken"} {
		if m[field] != want {
			t.Errorf("%s is %v, want %v", field, m[field], want)
		}
	}
	_, m = record(t, full(KeyRotated))
	if m["kid"] != "k1" {
		t.Errorf("kid is %v", m["kid"])
	}
	_, m = record(t, full(Started))
	if m["version"] != "1.2.3" {
		t.Errorf("version is %v", m["version"])
	}
	_, m = record(t, Event{Name: RefreshRotated, Count: 7})
	if m["count"] != 7.0 || len(m) != 5 {
		t.Errorf("an event with a count alone: %v", m)
	}
}

func TestA1_UnknownEventIsAFault(t *testing.T) {
	_, m := record(t, full("made.up"))
	if m["event"] != string(InternalFault) || m["reason"] != "unknown_event" || m["request_id"] != "r1" || m["sub"] != nil {
		t.Errorf("%v", m)
	}
	if Check(full("made.up")) == nil {
		t.Error("Check lets an unknown event pass")
	}
}

var nasty = []string{
	"a\nb", "a\r\n{\"event\":\"login.succeeded\"}", "a\u2028b\u2029c", "\u202egpj.exe\u202c", "a\u200bb\ufeff",
	"\x00\x07\x1b[31mred", "a\xff\xfeb", "a\u0085b", "\U000e0041", "a\ufe0f\u3164", strings.Repeat("x", 10_000),
	strings.Repeat("张", 10_000), "\x7f", "\ue000",
}

func TestA2_OneEventOneLine(t *testing.T) {
	for _, v := range nasty {
		e := Event{RequestID: v, ClientID: v, Subject: v, Address: v, Reason: v, GrantID: v, SessionID: v,
			CorpID: v, Way: v, Call: v, KeyID: v, Version: v, Other: v, EventID: v, By: v, Err: errors.New(v)}
		for _, row := range Catalogue() {
			e.Name = row.Name
			line, m := record(t, e)
			check(t, line)
			for field, value := range m {
				if s, ok := value.(string); ok && len(s) > maxError+len("…") || field != "error" && ok && len(s) > maxID+len("…") {
					t.Errorf("%s has %d bytes", field, len(s))
				}
			}
		}
	}
}

// check demands one line that shows all that it has.
func check(t *testing.T, line string) {
	t.Helper()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
		t.Errorf("not one line: %q", line)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	for key, value := range m {
		for _, r := range key + fmt.Sprint(value) {
			if !printable(r) || unicode.Is(unicode.C, r) || r == utf8.RuneError {
				t.Errorf("%s has %U: %q", key, r, line)
			}
		}
	}
}

var secrets = []string{
	"1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d",                 // DingTalk's access token
	"AVvYp3lVbZcQXr0mK8sT1uWfGhJ2nBxCdEeFgHiJkLmNoPqR", // one of ours
	"hunter2secret",
}

func TestA3_NoSecretInErrors(t *testing.T) {
	long, ours, word := secrets[0], secrets[1], secrets[2]
	table := []struct{ name, in, want string }{
		{"plain", "getbyunionid: errcode 60121 找不到该用户", "getbyunionid: errcode 60121 找不到该用户"},
		{"query", `Get "https://oapi.dingtalk.com/user/get?access_token=` + word + `&x=1": EOF`, `Get "https://oapi.dingtalk.com/user/get?-": EOF`},
		{"fragment", "https://a.example/cb#id_token=" + word, "https://a.example/cb?-"},
		{"path and query", "POST /gettoken?appsecret=" + word + " failed", "POST /gettoken?- failed"},
		{"redis", "dial redis://user:" + word + "@127.0.0.1:6379/0: refused", "dial redis://-@127.0.0.1:6379/0: refused"},
		{"redis, an at sign in the password", "redis://:" + word + "@" + word + "@host/0", "redis://-@host/0"},
		{"token", "token " + ours + " is not ours", "token - is not ours"},
		{"hex", "code=" + long, "code=-"},
		{"JSON", `{"accessToken":"` + long + `","expireIn":7200}`, `{"accessToken":"-","expireIn":7200}`},
		{"in a path", "https://a.example/t/" + ours + "/x", "https://a.example/t/-/x"},
		{"JWT", "ey" + long + "." + ours + "." + ours, "-.-.-"},
		{"request id", "request 7A5F0A2C-1B3D-4E5F-8A9B-0C1D2E3F4A5B", "request 7A5F0A2C-1B3D-4E5F-8A9B-0C1D2E3F4A5B"},
		{"permission", "requiredScopes=[qyapi_get_department_member_list]", "requiredScopes=[qyapi_get_department_member_list]"},
		{"form", "body client_id=a&client_secret=" + word + "&code=" + word + "&x=1", "body client_id=a&client_secret=-&code=-&x=1"},
		{"no query", "what? no=thing", "what? no=thing"},
		{"host", "https://login.dingtalk.com/oauth2/auth", "https://login.dingtalk.com/oauth2/auth"},
		{"link in Chinese", "点击链接：https://open-dev.dingtalk.com/appscope/apply?content=dingb7%23qyapi", "点击链接：https://open-dev.dingtalk.com/appscope/apply?-"},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			line, m := record(t, Event{Name: UpstreamTrouble, Err: errors.New(row.in)})
			if m["error"] != row.want {
				t.Errorf("%q, want %q", m["error"], row.want)
			}
			for _, secret := range secrets {
				if strings.Contains(line, secret) {
					t.Errorf("a secret is in %q", line)
				}
			}
		})
	}
	// A secret that crosses the cap does not leave its beginning.
	for n := range maxError + 40 {
		line, _ := record(t, Event{Name: UpstreamTrouble, Err: errors.New(strings.Repeat("x ", n/2) + ours)})
		if strings.Contains(line, ours[:12]) {
			t.Fatalf("the beginning of a secret is left at %d", n)
		}
	}
}

func TestA3_IDsAreCut(t *testing.T) {
	line, _ := record(t, Event{Name: SingleSignOn, GrantID: secrets[1], SessionID: secrets[1]})
	if strings.Contains(line, secrets[1][:maxPrefix+1]) || !strings.Contains(line, secrets[1][:maxPrefix]) {
		t.Errorf("%s", line)
	}
}

func TestA4_LevelSilencesNoEvent(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelError, 100} {
		var out bytes.Buffer
		l := newLogger(&out, level)
		for _, row := range Catalogue() {
			out.Reset()
			NewLog(l).Record(t.Context(), Event{Name: row.Name})
			if out.Len() == 0 {
				t.Errorf("%s is silent at %v", row.Name, level)
			}
		}
	}
}

func TestA7_Concurrent(t *testing.T) {
	var out bytes.Buffer
	l := NewLog(newLogger(&out, nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				l.Record(context.Background(), full(LoginRefused))
			}
		})
	}
	wg.Wait()
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 800 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Fatalf("mixed: %q", line)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Add("redis://a:b@c?x=1#" + secrets[1])
	f.Fuzz(func(t *testing.T, s string) {
		_, m := record(t, Event{Name: LoginRefused, ClientID: s, Err: errors.New(s)})
		for _, field := range []string{"client_id", "error"} {
			v, _ := m[field].(string)
			for _, r := range v {
				if !printable(r) || r == utf8.RuneError {
					t.Fatalf("%s has %U", field, r)
				}
			}
		}
		// Whatever is around it, a token does not come through.
		line, _ := record(t, Event{Name: UpstreamTrouble, Err: errors.New(s + " " + secrets[1] + " " + s)})
		if strings.Contains(line, secrets[1]) {
			t.Fatalf("a secret is in %q", line)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	l := NewLog(newLogger(io.Discard, nil))
	e := Event{Name: CodeRedeemed, RequestID: "5f2c8a91d04be376", ClientID: "grafana",
		Subject: "abcdefghijklmnopqrstuvwxyz", Address: "192.0.2.7", GrantID: "0123456789abcdefghijkl"}
	b.ReportAllocs()
	for b.Loop() {
		l.Record(b.Context(), e)
	}
}
