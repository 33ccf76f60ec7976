package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

type opaque struct{ Secret string }

type valuer struct{}

func (valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("state", "hunter2secret"), slog.Any("parent", errors.New("redis://u:hunter2secret@h")),
		slog.String("description", "wrong\nthing"))
}

func TestA5_SecretsAreDropped(t *testing.T) {
	const secret = "hunter2secret"
	var out bytes.Buffer
	l := newLogger(&out, slog.LevelDebug)
	query, err := url.Parse("https://u:" + secret + "@a.example/cb?code=" + secret)
	if err != nil {
		t.Fatal(err)
	}
	l = l.With("client_secret", secret, "replica", "a").WithGroup("http")
	l.Warn("asked https://a.example/?access_token="+secret,
		"code", secret, "Code", secret, "auth_code", secret, "token", secret, "access_token", secret, "userAccessToken", secret,
		"refresh-token", secret, "appsecret", secret, "AppSecret", secret, "cookie", secret, "Set-Cookie", secret,
		"Authorization", secret, "password", secret, "code_verifier", secret, "client_assertion", secret,
		"state", secret, "nonce", secret, "id.token", secret,
		slog.Group("inner", slog.String("secret", secret), slog.String("path", "/token"),
			slog.Group("deeper", slog.String("ticket", secret), slog.Int("left", 1))),
		"url", query, "oidc_error", valuer{}, "struct", opaque{secret}, "pointer", &opaque{secret},
		"header", http.Header{"X": {secret}}, "map", map[string]string{"k": secret}, "bytes", []byte(secret),
		"error", errors.New("Get \"https://a.example/?t="+secret+"\": EOF"),
		"status_code", 502, "errcode", 60121, "client_id", "grafana", "took", time.Second, "ok", true, "names", []string{"a", "b"}, "nothing", nil)
	line := out.String()
	if strings.Contains(line, secret) {
		t.Errorf("a secret is in %s", line)
	}
	check(t, line)
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	if m["replica"] != "a" || m["msg"] != "asked https://a.example/?-" {
		t.Errorf("%v", m)
	}
	h := m["http"].(map[string]any)
	for key, want := range map[string]any{"status_code": 502.0, "errcode": 60121.0, "client_id": "grafana", "ok": true,
		"names": "a b", "bytes": "(13 bytes)", "struct": "(audit.opaque)", "url": "https://-@a.example/cb?-",
		"error": `Get "https://a.example/?-": EOF`, "nothing": ""} {
		if h[key] != want {
			t.Errorf("%s is %v, want %v", key, h[key], want)
		}
	}
	if inner := h["inner"].(map[string]any); inner["path"] != "/token" || inner["deeper"].(map[string]any)["left"] != 1.0 {
		t.Errorf("inner is %v", inner)
	}
	if e := h["oidc_error"].(map[string]any); e["description"] != "wrong thing" || e["parent"] != "redis://-@h" {
		t.Errorf("oidc_error is %v", e)
	}
}

func TestA5_Names(t *testing.T) {
	bad := []string{"code", "CODE", "auth_code", "userCode", "token", "tokens", "access_token", "accessToken", "ID-Token", "secret",
		"client.secret", "clientSecret", "cookie", "Set-Cookie", "authorization", "Proxy-Authorization", "password", "nonce", "state"}
	good := []string{"", "status_code", "errcode", "error_code", "err_code", "sub_code", "state_code", "client_id", "sub", "kid",
		"decode", "encoded", "statement", "codec", "session_state", "İstanbul", "address", "path"}
	for _, key := range bad {
		if !secretive(key) {
			t.Errorf("%q is not taken for a secret", key)
		}
	}
	for _, key := range good {
		if secretive(key) {
			t.Errorf("%q is taken for a secret", key)
		}
	}
	if got := segments("aB__c-Döner"); !slices.Equal(got, []string{"a", "b", "c", "döner"}) {
		t.Errorf("%q", got)
	}
}

func TestA5_OneLine(t *testing.T) {
	for _, v := range nasty {
		var out bytes.Buffer
		newLogger(&out, nil).WithGroup("g"+v).With(v, v).Info(v, v, v, "error", errors.New(v))
		if strings.Count(out.String(), "\n") != 1 || !json.Valid(out.Bytes()) {
			t.Errorf("%q", out.String())
		}
		if strings.ContainsAny(out.String(), "\u202e\u2028\u200b\x1b") {
			t.Errorf("%q", out.String())
		}
	}
}

func TestA5_LevelOfTheProcessLog(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(&out, nil)
	l.Debug("a")
	if out.Len() != 0 {
		t.Error("debug is written at the default level")
	}
	l.Info("b")
	if out.Len() == 0 {
		t.Error("info is not written at the default level")
	}
}

func TestA6_LibraryIsForDebugging(t *testing.T) {
	var out bytes.Buffer
	lib := Library(newLogger(&out, nil))
	lib.Error("request error", "oidc_error", valuer{})
	lib.With("a", 1).WithGroup("g").Warn("auth request", "b", 2)
	if out.Len() != 0 {
		t.Errorf("the library is heard: %s", out.String())
	}
	// Redacted even if the logger that it is made of is not.
	lib = Library(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	lib.Error("redirect", "url", "https://a.example/cb?code=hunter2secret", "code", "hunter2secret")
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	if m["level"] != "DEBUG" || m["from"] != "library" || m["url"] != "https://a.example/cb?-" || m["code"] != nil {
		t.Errorf("%v", m)
	}
}

func FuzzProcessLog(f *testing.F) {
	for _, s := range nasty {
		f.Add(s, s)
	}
	f.Add("accessToken", "a")
	f.Add("İCode", "https://a@b@c/d?e")
	f.Fuzz(func(t *testing.T, key, value string) {
		var out bytes.Buffer
		newLogger(&out, nil).Info(value, "k"+key, value, "token", "hunter2secret")
		if !json.Valid(out.Bytes()) || strings.Count(out.String(), "\n") != 1 {
			t.Fatalf("%q", out.String())
		}
		if strings.Contains(out.String(), "hunter2secret") && !strings.Contains(key+value, "hunter2secret") {
			t.Fatalf("%q", out.String())
		}
	})
}

// newLogger makes a process log of JSON lines.
func newLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(Redact(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})))
}
