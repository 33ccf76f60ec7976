package dingtalk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// A gossip answers every call with an error that repeats all it was told: address,
// header and body, in every field that ends in an Error, with and without disguise.
func gossip(shape string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told := r.URL.RawQuery + " " + r.URL.Query().Get("signature") + " " + scanSecret + " " + r.Header.Get("x-acs-dingtalk-access-token") + " " + string(body)
		if shape == "split by invisible characters" {
			told = strings.Join(strings.Split(told, ""), "\u200b\x01")
		}
		if shape == "long" {
			told = strings.Repeat("长", 100) + strings.Repeat(told+"\u202e", 100)
		}
		quoted, _ := json.Marshal(told)
		q := string(quoted)
		switch shape {
		case "status line":
			rawAnswer("HTTP/1.1 "+strings.ReplaceAll(told, "\n", "")+" x\r\n\r\n")(w, r)
		case "header":
			rawAnswer("HTTP/1.1 200 OK\r\n"+strings.ReplaceAll(told, ":", ";")+"\r\n\r\n")(w, r)
		case "redirect":
			http.Redirect(w, r, "/elsewhere?"+url.QueryEscape(told), http.StatusFound)
		case "page":
			io.WriteString(w, "<html>"+told)
		case "members":
			fmt.Fprintf(w, `{%s:1,%s:2}`, q, q)
		case "permission":
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"errcode":88,"sub_code":"60011","sub_msg":"[%s]","code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","message":%s,"accessdenieddetail":{"requiredScopes":[%s,"%s"]}}`,
				r.URL.Query().Get("access_token"), q, q, r.Header.Get("x-acs-dingtalk-access-token"))
		default:
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"errcode":%d,"sub_code":%s,"sub_msg":%s,"errmsg":%s,"request_id":%s,"code":%s,"message":%s,"requestid":%s}`,
				map[bool]int{true: 88, false: 50002}[shape == "wrapped"], q, q, q, q, q, q, q)
		}
	}
}

func TestU3_NoSecretInErrorsOrLogs(t *testing.T) {
	var out buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var mu sync.Mutex
	observed, errors := 0, map[string]int{}
	signatures := map[string]bool{}
	for _, call := range allCalls {
		for _, shape := range []string{"plain", "wrapped", "long", "split by invisible characters", "status line",
			"header", "redirect", "page", "members", "permission"} {
			u := newUpstream()
			u.handle(call, func(w http.ResponseWriter, r *http.Request) {
				if signature := r.URL.Query().Get("signature"); signature != "" {
					mu.Lock()
					signatures[signature] = true
					mu.Unlock()
				}
				gossip(shape)(w, r)
			})
			c := dial(t, u, func(c *Config) {
				c.Log = log
				c.Observe = func(_ context.Context, s Sent) {
					mu.Lock()
					observed++
					mu.Unlock()
					if err := s.Err; err != nil {
						fmt.Fprintf(&out, "observed %v %+v %#v %+v\n", err, err, err, s)
					}
				}
			})
			for _, login := range []func() error{
				func() error { _, err := c.Account(t.Context(), code); return err },
				func() error { _, err := c.Member(t.Context(), unionID); return err },
				func() error { _, err := c.ScanAccount(t.Context(), code); return err },
				func() error { _, err := c.InAppAccount(t.Context(), code); return err },
				func() error { return exchange(t, c, call) },
			} {
				err := login()
				if err == nil {
					continue
				}
				errors[call+" "+shape]++
				e := err.(*Error)
				fmt.Fprintf(&out, "%s %s: %v|%+v|%#v|%q\n", call, shape, err, err, err, []string{e.Code, e.Message, e.RequestID, e.Permission})
				for cause := e.Err; cause != nil; {
					fmt.Fprintf(&out, "%v %#v\n", cause, cause)
					next, ok := cause.(interface{ Unwrap() error })
					if !ok {
						break
					}
					cause = next.Unwrap()
				}
				if len(e.Message) > maxMessage+len("…") || len(e.Code) > maxLabel+len("…") {
					t.Errorf("%s %s: not capped: %d, %d bytes", call, shape, len(e.Message), len(e.Code))
				}
				for _, r := range err.Error() {
					if printable(r) != r {
						t.Errorf("%s %s: %U in %q", call, shape, r, err)
					}
				}
				log.Error("login", "error", err, "client", c)
			}
			fmt.Fprintf(&out, "%v %+v %#v\n", c, c, c)
		}
	}
	if len(errors) != 10*len(allCalls) || observed < len(errors) || len(signatures) < 5 {
		t.Errorf("%v, %d observations, %d signatures: some call did not fail in each shape", errors, observed, len(signatures))
	}
	all := out.String()
	if !strings.Contains(all, "[secret]") {
		t.Error("nothing was repeated: the test tests nothing")
	}
	hidden := map[string]string{
		"client secret": secret, "scan secret": scanSecret, "code": code, "user token": userTokenValue, "app token": appTokenValue,
	}
	for signature := range signatures {
		hidden["signature "+signature] = signature
		hidden["signature "+signature+", escaped"] = url.QueryEscape(signature)
	}
	for name, value := range hidden {
		if i := strings.Index(all, value); i >= 0 {
			t.Errorf("the %s is in: %.300s", name, all[max(0, i-150):])
		}
	}
}

func TestU3_PrintedFormsHideTheSecret(t *testing.T) {
	cfg := Config{CorpID: corp, ClientID: clientID, ClientSecret: secret, ScanAppID: scanAppID, ScanAppSecret: scanSecret}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		log := slog.New(handler)
		log.Info("x", "config", cfg, "client", c, "pointer", &cfg, "inside", struct{ C Config }{cfg})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{cfg, &cfg, c, struct{ C Config }{cfg}, []Config{cfg}, []*Client{c}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), scanSecret) {
		t.Errorf("a secret is in %s", out.String())
	}
	if !strings.Contains(out.String(), clientID) || !strings.Contains(out.String(), scanAppID) {
		t.Error("nothing was printed")
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		if strings.Contains(field.Name, "Secret") && field.Tag.Get("json") != "-" {
			t.Errorf("%s goes into JSON", field.Name)
		}
	}
}

func TestClean(t *testing.T) {
	for _, test := range []struct {
		in      string
		limit   int
		secrets []string
		out     string
	}{
		{"", 10, nil, ""},
		{" a\r\nb\tc ", 10, nil, "a  b c"},
		{"a\u202eb\u2066c\u200bd\x00e\x1b[1m\ufefff\u061cg", 20, nil, "abcde[1mfg"},
		{"\xff\xfea", 10, nil, "a"},
		{"token abc rejected", 40, []string{"abc"}, "token [secret] rejected"},
		{"to\x00ken a\u200bbc", 40, []string{"abc"}, "token [secret]"},
		{"x=a%2Fb y=a/b", 40, []string{"a/b"}, "x=[secret] y=[secret]"},
		{"abcdef abc", 40, []string{"abc", "abcdef"}, "[secret] [secret]"},
		{"找不到该用户", 7, nil, "找不…"},
		{"12345secret", 8, []string{"secret"}, "12345[se…"},
		{"nothing", 40, []string{""}, "nothing"},
	} {
		if got := clean(test.in, test.limit, test.secrets); got != test.out {
			t.Errorf("%q: %q, want %q", test.in, got, test.out)
		}
	}
}
