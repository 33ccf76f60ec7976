package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const whole = `issuer: https://sso.example.com/ding
listen: ":8443"
tls:
  cert_file: tls.crt
  key_file: tls.key
storage: redis://:hunter2@redis:6379/0
secret_file: secret
clients_file: /etc/dingbridge/clients.yaml
dingtalk:
  organisations:
    - corp_id: dingcorp
      name: 示例公司
      client_id: dingapp
      client_secret_file: app-secret
      ways: [frame, sns, inapp]
      scan_app: {app_id: dingoascan, app_secret_file: scan-secret}
      endpoints: {login: https://login.dingtalk.io}
  endpoints:
    login: https://login.dingtalk.com
    api: https://api.dingtalk.com
    oapi: http://127.0.0.1:8081
  script_integrity: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
lives: {code: 30s, refresh_absolute: 1d12h, refresh_idle: 1d}
claims:
  email_domains: [example.com, example.org]
  verified_email_domains: [example.com]
  username_sources: [job_number, pinyin, userid]
  substitute_email_domain: users.example.com
trusted_proxies: [10.0.0.0/8, "::1"]
log: {level: debug}
operator: {name: IT, contact: it@example.com, logo_file: logo.svg}
`

// lines are the faults of err, one a line, or none.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestParseWhole(t *testing.T) {
	d, err := Parse("etc/config.yaml", []byte(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := d.Config
	if c.Issuer != "https://sso.example.com/ding" || c.DingTalk.Organisations[0].Name != "示例公司" ||
		c.Lives.Code != Duration(30*time.Second) || c.Lives.RefreshAbsolute != Duration(36*time.Hour) {
		t.Errorf("read %+v", c)
	}
	if o := c.DingTalk.Organisations[0]; !slices.Equal(o.Ways, []string{"frame", "sns", "inapp"}) ||
		o.ScanApp != (ScanApp{"dingoascan", "scan-secret"}) || c.Operator.LogoFile != "logo.svg" ||
		c.DingTalk.EndpointsOf(o) != (Endpoints{"https://login.dingtalk.io", "https://api.dingtalk.com", "http://127.0.0.1:8081", "https://g.alicdn.com"}) {
		t.Errorf("read %+v", o)
	}
	if c.Lives.SessionIdle != Duration(12*time.Hour) || !slices.Equal(c.Claims.EmailSources, []string{"org_email"}) ||
		c.Log.Format != "json" || c.Limits.LoginsPerSecond != 100 {
		t.Errorf("defaults: %+v", c)
	}
	if got := d.File(c.SecretFile); got != filepath.Join("etc", "secret") {
		t.Errorf("secret_file is taken from %s", got)
	}
	if got := d.File(c.ClientsFile); got != "/etc/dingbridge/clients.yaml" {
		t.Errorf("clients_file is taken from %s", got)
	}
}

// good are the lines without which there is no config.
const good = `issuer: https://sso.example.com
storage: bolt:///var/lib/dingbridge/state.db
secret_file: secret
clients_file: clients.yaml
dingtalk: {organisations: [{corp_id: a, client_id: b, client_secret_file: c}]}
`

func TestC1_StrictlyDecoded(t *testing.T) {
	for name, tc := range map[string]struct{ more, want string }{
		"unknown key":      {"isuer: x", "c.yaml:6: isuer: is not a known key; did you mean issuer?"},
		"unknown, far":     {"tls: {certificate: x}", "c.yaml:6: tls.certificate: is not a known key; known here: cert_file, key_file"},
		"twice":            {"secret_file: other", "c.yaml:6: secret_file: is given twice, first in line 3; keep one of them"},
		"number for text":  {"operator: {name: 7}", "c.yaml:6: operator.name: is a number where a text is expected; put the value in quotes"},
		"text for number":  {"limits: {logins_per_second: many}", "c.yaml:6: limits.logins_per_second: is a text where a whole number is expected; write a whole number"},
		"bare duration":    {"lives: {code: 60}", "c.yaml:6: lives.code: is a number where a duration is expected; write a duration such as 90s, 12h or 14d"},
		"no duration":      {"lives: {code: soon}", "c.yaml:6: lives.code: is not a duration; write a duration such as 90s, 12h or 14d"},
		"empty":            {"listen:", "c.yaml:6: listen: is empty; give it a value or take the line out"},
		"empty text":       {`listen: ""`, "c.yaml:6: listen: is empty; write a text"},
		"text for map":     {"log: debug", "c.yaml:6: log: is a text where a map of keys and values is expected; write level, format below it, indented"},
		"map for list":     {"trusted_proxies: {a: b}", "c.yaml:6: trusted_proxies: is a map where a list is expected; write one item a line, each after a dash"},
		"text for list":    {"trusted_proxies: 10.0.0.0/8", "c.yaml:6: trusted_proxies: is a text where a list is expected; write one item a line, each after a dash"},
		"alias":            {"operator: &a {name: x}", "c.yaml:6: operator: uses an anchor or alias; write the value out"},
		"second document":  {"---\nissuer: x", "c.yaml:6: a second document begins here; keep one document in the file"},
		"no YAML":          {"a: b: c", "c.yaml:6: is not YAML: mapping values are not allowed in this context; mind indentation, colons and quotes"},
		"wide colon":       {"log:\n  level：info\n  format: text", "c.yaml:7: is not YAML: a key has the wide colon ： after it; write : and a space"},
		"no space":         {"log:\n  level:info\n  format: text", "c.yaml:7: is not YAML: a colon has no space after it; write one"},
		"blanks of a page": {"log:\n\u00a0\u00a0level: info\n  format: text", "c.yaml:7: is not YAML: a line is indented with blanks that are not the ordinary ones; indent "},
		"wide blanks":      {"log:\n\u3000level: info\n  format: text", "c.yaml:7: is not YAML: a line is indented with blanks that are not the ordinary ones; indent "},
		"tab":              {"log:\n\tlevel: info", "c.yaml:7: is not YAML: a line is indented with a tab; indent it with spaces"},
		"GBK":              {"operator:\n  name: \xd4\xc6\xc9\xbc", "c.yaml:7: is not text in UTF-8; save the file as UTF-8"},
		"key not a text":   {"7: x", "c.yaml:6: has a key that is not a text; use one of issuer, listen, "},
		"terminal escapes": {"\"\\e[31m\": x", `c.yaml:6: \x1b[31m: is not a known key; known here: issuer, `},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(good+tc.more+"\n"), nil)
			got := lines(err)
			if len(got) != 1 || !strings.HasPrefix(got[0], tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tc.want)
			}
		})
	}
	if _, err := Parse("c.yaml", []byte(good), nil); err != nil {
		t.Errorf("without a fault: %v", err)
	}
}

func TestC2_AllFaultsAtOnce(t *testing.T) {
	_, err := Parse("c.yaml", []byte(`# ours
issuer: http://sso.example.com/
listen: nowhere
tls: {cert_file: x}
storage: mysql://root:hunter2@db
secret_file: 5
dingtalk:
  organisations:
    - corp_id: a
  endpoints: {api: http://api.example.com}
lives: {session_idle: 8d}
freshness: {max_stale: 1m}
claims:
  verified_email_domains: [example.com]
  email_sources: [personal]
trusted_proxies: [10.1.0.0/8]
log: {level: loud}
`), nil)
	want := []string{
		`c.yaml:1: clients_file: is missing; name the file`,
		`c.yaml:2: issuer: ends in a slash; `,
		`c.yaml:3: listen: is not host:port; `,
		`c.yaml:4: tls.key_file: is missing; `,
		`c.yaml:5: storage: is of no kind that we know; `,
		`c.yaml:6: secret_file: is a number where a text is expected; `,
		`c.yaml:9: dingtalk.organisations[0].client_id: is missing; `,
		`c.yaml:9: dingtalk.organisations[0].client_secret_file: is missing; `,
		`c.yaml:10: dingtalk.endpoints.api: is not https; `,
		`c.yaml:11: lives.access_token: is longer than freshness.max_stale; `,
		`c.yaml:11: lives.session_idle: is longer than lives.session_absolute; make it no longer than 7d`,
		`c.yaml:12: freshness.recheck_after: is longer than freshness.max_stale; `,
		`c.yaml:14: claims.verified_email_domains[0]: is not among claims.email_domains; `,
		`c.yaml:15: claims.email_sources[0]: is none of org_email, email; `,
		`c.yaml:16: trusted_proxies[0]: is not a network; `,
		`c.yaml:17: log.level: is none of debug, info, warn, error; `,
	}
	got := lines(err)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestIssuer(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://sso.example.com":         "",
		"https://sso.example.com:8443":    "",
		"https://sso.example.com/a/b":     "",
		"http://127.0.0.1:8080":           "",
		"http://[::1]:8080":               "",
		"http://localhost":                "",
		"https://sso.example.com/":        "ends in a slash",
		"https://sso.example.com?":        "has a query",
		"https://sso.example.com/#a":      "has a query",
		"https://me@sso.example.com":      "has a user name",
		"http://sso.example.com":          "is plain http",
		"http://127.0.0.1.example.com":    "is plain http",
		"ftp://sso.example.com":           "is not an https address",
		"sso.example.com":                 "is not an https address",
		"https://":                        "is not an https address",
		"https://:443":                    "is not an https address",
		"https://SSO.example.com":         "has capitals",
		"https://登录.example.cn":           "has a host that browsers send otherwise",
		"https://xn--wcvs22dzr3b.cn":      "",
		"http://[0:0:0:0:0:0:0:1]:8080":   "has a host that browsers send otherwise",
		"https://[2001:db8::1]":           "",
		"https://sso.example.com/a/../b":  "has a path",
		"https://sso.example.com/a//b":    "has a path",
		"https://sso.example.com/%61":     "has a path",
		"https://sso.example.com/a b":     "has a path",
		"https://sso.example.com:0":       "has a port",
		"https://sso.example.com:99999":   "has a port",
		"https://sso.example.com:08443/a": "has a port",
	} {
		text := strings.Replace(good, "https://sso.example.com", `"`+issuer+`"`, 1)
		_, err := Parse("c.yaml", []byte(text), nil)
		got := strings.Join(lines(err), "\n")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", issuer, got, want)
		}
	}
}

func TestPlainHTTPStaysOnLoopback(t *testing.T) {
	text := strings.Replace(good, "https://sso.example.com", "http://127.0.0.1:8080", 1)
	for listen, ok := range map[string]bool{"127.0.0.1:8080": true, "[::1]:0": true, ":8080": false, "0.0.0.0:8080": false, "10.0.0.1:80": false} {
		_, err := Parse("c.yaml", []byte(text+"listen: \""+listen+"\"\n"), nil)
		if (err == nil) != ok {
			t.Errorf("listen %s: %v", listen, err)
		}
	}
}

func TestC3_Environment(t *testing.T) {
	d, err := Parse("c.yaml", []byte("storage: redis://a\n"), []string{
		"PATH=/bin",
		"DINGBRIDGE_ISSUER=https://env.example.com",
		"DINGBRIDGE_STORAGE=bolt:///tmp/x.db",
		"DINGBRIDGE_SECRET_FILE=s",
		"DINGBRIDGE_CLIENTS_FILE=c",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_CLIENT_SECRET_FILE=f",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_CORP_ID=corp",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_CLIENT_ID=12345",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_WAYS=sns, frame",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_SCAN_APP_APP_ID=dingoa",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_SCAN_APP_APP_SECRET_FILE=s",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_ENDPOINTS_OAPI=https://oapi.dingtalk.io",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_EMAIL_DOMAINS=example.com",
		"DINGBRIDGE_DINGTALK_ENDPOINTS_SCRIPT=http://127.0.0.1:9",
		"DINGBRIDGE_LIVES_CODE=9s",
		"DINGBRIDGE_LIMITS_LOGINS_PER_SECOND=7",
		"DINGBRIDGE_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1",
		// Kubernetes, for a Service called dingbridge:
		"DINGBRIDGE_SERVICE_HOST=10.0.0.1",
		"DINGBRIDGE_SERVICE_PORT_HTTP=8080",
		"DINGBRIDGE_PORT_8080_TCP_ADDR=10.0.0.1",
		"DINGBRIDGE_PORT=tcp://10.0.0.1:8080",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Config
	if c.Issuer != "https://env.example.com" || string(c.Storage) != "bolt:///tmp/x.db" || c.Limits.LoginsPerSecond != 7 ||
		c.Lives.Code != Duration(9*time.Second) || !slices.Equal(c.TrustedProxies, []string{"10.0.0.0/8", "192.0.2.1"}) ||
		!reflect.DeepEqual(c.DingTalk.Organisations, []Organisation{{CorpID: "corp", ClientID: "12345", ClientSecretFile: "f",
			Ways: []string{"sns", "frame"}, ScanApp: ScanApp{"dingoa", "s"}, Endpoints: OwnEndpoints{OAPI: "https://oapi.dingtalk.io"},
			EmailDomains: []string{"example.com"}}}) || c.DingTalk.Endpoints.Script != "http://127.0.0.1:9" {
		t.Errorf("read %+v", c)
	}
	_, err = Parse("c.yaml", []byte(good), []string{
		"DINGBRIDGE_ISUER=x", "DINGBRIDGE_LIVES=x", "DINGBRIDGE_ISSUER_=x", "DINGBRIDGE_=x",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_2_CORP_ID=x", "DINGBRIDGE_DINGTALK_ORGANISATIONS_1_CORP=x",
		"DINGBRIDGE_LIVES_CODE=soon", "DINGBRIDGE_LISTEN=", "DINGBRIDGE_LOG_LEVEL=loud",
		"DINGBRIDGE_DINGTALK_ORGANISATIONS_0_WAYS=oauth2,quarm",
	})
	want := []string{
		"environment DINGBRIDGE_: names no value",
		"environment DINGBRIDGE_DINGTALK_ORGANISATIONS_0_WAYS: dingtalk.organisations[0].ways[1]: is not a known way; known here: oauth2, sns, password, frame, inapp",
		"environment DINGBRIDGE_DINGTALK_ORGANISATIONS_1_CORP: names no value",
		"environment DINGBRIDGE_DINGTALK_ORGANISATIONS_2_CORP_ID: names no value",
		"environment DINGBRIDGE_ISSUER_: names no value",
		"environment DINGBRIDGE_ISUER: names no value",
		"environment DINGBRIDGE_LISTEN: listen: is empty",
		"environment DINGBRIDGE_LIVES: names no value",
		"environment DINGBRIDGE_LIVES_CODE: lives.code: is not a duration",
		"environment DINGBRIDGE_LOG_LEVEL: log.level: is none of",
	}
	if got := lines(err); !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestC3_AListIsWholly: a fault in a list from the environment is not at the line of the
// list that it replaced.
func TestC3_AListIsWholly(t *testing.T) {
	_, err := Parse("c.yaml", []byte(good+"trusted_proxies:\n  - 10.0.0.0/8\n  - 10.1.0.0/16\n"), []string{"DINGBRIDGE_TRUSTED_PROXIES=::1,10.1.0.0/8"})
	const want = "environment DINGBRIDGE_TRUSTED_PROXIES: trusted_proxies[1]: is not a network; "
	if got := lines(err); len(got) != 1 || !strings.HasPrefix(got[0], want) {
		t.Errorf("got %q", got)
	}
}

func TestC4_NoSecretInFaults(t *testing.T) {
	for _, storage := range []string{
		"redis://user:hunter2@host:6379/0", "redis://:hunter2@[::1", "mysql://a:hunter2@b", "hunter2", "bolt://hunter2@x/y", "redis:hunter2",
		"redis://h/0?password=hunter2",
	} {
		d, err := Parse("c.yaml", []byte(strings.Replace(good, "bolt:///var/lib/dingbridge/state.db", `"`+storage+`"`, 1)), nil)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("fault: %v", err)
		}
		for _, text := range []string{d.Config.Storage.String(), d.Config.Storage.GoString(), d.Config.Storage.LogValue().String()} {
			if strings.Contains(text, "hunter2") {
				t.Errorf("%s is shown as %s", storage, text)
			}
		}
	}
}

func TestC5_SecretFileOfEverybody(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "s")
	d, err := Parse(filepath.Join(dir, "c.yaml"), []byte(good), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		mode    os.FileMode
		content string
		want    string
	}{
		{0o600, "hunter2\n", ""},
		{0o440, "hunter2", ""},
		{0o644, "hunter2\n", ":3: secret_file: is a file that every user may read"},
		{0o600, "", "does not hold one line"},
		{0o600, "hunter2\nhunter3\n", "does not hold one line"},
	} {
		os.Remove(file)
		if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, tc.mode); err != nil {
			t.Fatal(err)
		}
		line, faults := d.ReadLine("secret_file", "s")
		got := faults.Error()
		if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) || strings.Contains(got, "hunter") {
			t.Errorf("%v %q: %s", tc.mode, tc.content, got)
		}
		if tc.want == "" && line != "hunter2" {
			t.Errorf("read %q", line)
		}
	}
	if _, faults := d.ReadLine("secret_file", "none"); !strings.Contains(faults.Error(), ":3: secret_file: there is no such file") {
		t.Errorf("a missing file: %v", faults)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "14d": 14 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"": -1, "d": -1, "-1s": -1, "1d-1h": -1, "-1d": -1, "5": -1, "999999d": -1, "1d1d": -1, "36500d2000000h": -1,
	} {
		var d Duration
		err := d.UnmarshalText([]byte(text))
		if (err != nil) != (want < 0) || err == nil && time.Duration(d) != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
		if err == nil {
			var again Duration
			if again.UnmarshalText([]byte(d.String())) != nil || again != d {
				t.Errorf("%q is written as %s", text, d)
			}
		}
	}
}

func TestEveryFieldHasAName(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for f := range typ.Fields() {
			if f.Tag.Get("yaml") == "-" {
				continue
			}
			if f.Tag.Get("yaml") == "" {
				t.Errorf("%s.%s has no yaml tag", typ, f.Name)
			}
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(inner)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	walk(reflect.TypeFor[Clients]())
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(whole), "DINGBRIDGE_LIVES_CODE=9s")
	f.Add([]byte(good), "DINGBRIDGE_DINGTALK_ORGANISATIONS_1_CORP_ID=x")
	f.Add([]byte("a: &a [*a]\n<<: *a\n"), "DINGBRIDGE_=")
	f.Add([]byte("issuer: !!binary aGk=\n? [x]\n: y\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, variable string) {
		_, err := Parse("c.yaml", data, []string{variable})
		faults, _ := err.(Faults)
		if err != nil && len(faults) == 0 {
			t.Fatalf("an error that is no fault: %v", err)
		}
		for _, fault := range faults {
			if fault.Text == "" || fault.File == "c.yaml" && fault.Line < 1 {
				t.Errorf("a fault without line or text: %+v", fault)
			}
		}
	})
}

func TestSubstituteEmailDomain(t *testing.T) {
	const at = "c.yaml:7: claims.substitute_email_domain: "
	for domain, want := range map[string]string{
		"users.example.com":               "",
		"xn--55qx5d.cn":                   "",
		"example.com":                     at + "is among the email_domains; take one at which nobody has a mailbox, such as users.example.com",
		"Users.example.com":               at + "is not a domain; ",
		"@users.example.com":              at + "is not a domain; ",
		"users":                           at + "is not a domain; ",
		"users..example.com":              at + "is not a domain; ",
		".example.com":                    at + "is not a domain; ",
		"users.example.com.":              at + "is not a domain; ",
		"-users.example.com":              at + "is not a domain; ",
		"users_.example.com":              at + "is not a domain; ",
		"users.example.com:25":            at + "is not a domain; ",
		"192.0.2.7":                       at + "is not a domain; ",
		"用户.example.com":                  at + "is not a domain; ",
		strings.Repeat("a", 64) + ".com":  at + "is not a domain; ",
		strings.Repeat("a.", 100) + "com": at + "is not a domain; ",
	} {
		text := good + "claims:\n  substitute_email_domain: \"" + domain + "\"\n  email_domains: [example.com]\n"
		_, err := Parse("c.yaml", []byte(text), nil)
		if got := strings.Join(lines(err), "\n"); (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", domain, got, want)
		}
	}
	several := strings.Replace(good, "organisations: [", "organisations: [{corp_id: x, name: X, client_id: y, client_secret_file: z, email_domains: [b.example]}, ", 1)
	_, err := Parse("c.yaml", []byte(strings.Replace(several, "corp_id: a", "name: A, corp_id: a", 1)+"claims: {substitute_email_domain: b.example}\n"), nil)
	if got := lines(err); len(got) != 1 || !strings.Contains(got[0], "is among the email_domains") {
		t.Errorf("one of an organisation's: %q", got)
	}
}
