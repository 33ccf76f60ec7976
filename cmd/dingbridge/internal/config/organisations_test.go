package config

import (
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// two are two organisations that have no fault; the lines count from 6.
const two = `issuer: https://sso.example.com
storage: bolt:///var/lib/dingbridge/state.db
secret_file: secret
clients_file: clients.yaml
dingtalk:
  organisations:
    - corp_id: ding1
      name: 云杉
      client_id: app1
      client_secret_file: secret1
      ways: [oauth2]
    - corp_id: ding2
      name: 白桦
      client_id: app2
      client_secret_file: secret2
      ways: [frame, sns, inapp]
      scan_app: {app_id: dingoa2, app_secret_file: scan2}
      endpoints: {login: https://login.dingtalk.io, api: https://api.dingtalk.io}
      email_domains: [b.example, both.example]
      verified_email_domains: [b.example]
  endpoints: {script: https://g.alicdn.com}
`

func TestC2_Organisations(t *testing.T) {
	hash := "sha384-" + base64.StdEncoding.EncodeToString(make([]byte, sha512.Size384))
	for name, tc := range map[string]struct{ old, new, want string }{
		"two":                    {"", "", ""},
		"one corp_id":            {"ding2", "ding1", "c.yaml:12: dingtalk.organisations[1].corp_id: is that of dingtalk.organisations[0]; give each organisation once"},
		"one client_id":          {"app2", "app1", "c.yaml:14: dingtalk.organisations[1].client_id: is that of dingtalk.organisations[0]; copy "},
		"one name":               {"白桦", "云杉", "c.yaml:13: dingtalk.organisations[1].name: is that of dingtalk.organisations[0]; give each its own"},
		"no name":                {"      name: 云杉\n", "", "c.yaml:7: dingtalk.organisations[0].name: is missing; give each organisation a name"},
		"a corp_id as client_id": {"app2", "ding1", ""},

		"unknown way":            {"[oauth2]", "[oauth]", "c.yaml:11: dingtalk.organisations[0].ways[0]: is not a known way; did you mean oauth2?"},
		"unknown, far":           {"[oauth2]", "[oauth2, qrconnect]", "c.yaml:11: dingtalk.organisations[0].ways[1]: is not a known way; known here: oauth2, sns, password, frame, inapp"},
		"capitals":               {"[oauth2]", "[OAUTH2]", "c.yaml:11: dingtalk.organisations[0].ways[0]: is not a known way; "},
		"a way twice":            {"[oauth2]", "[oauth2, inapp, oauth2]", "c.yaml:11: dingtalk.organisations[0].ways[2]: is given twice; keep one"},
		"no way":                 {"[oauth2]", "[]", "c.yaml:11: dingtalk.organisations[0].ways: names no way; write some of oauth2, sns, password, frame, inapp"},
		"one way as a text":      {"[oauth2]", "oauth2", "c.yaml:11: dingtalk.organisations[0].ways: is a text where a list is expected; "},
		"a way that is a number": {"[oauth2]", "[frame, 2]", "c.yaml:11: dingtalk.organisations[0].ways[1]: is a number where a text is expected; "},
		"frame alone":            {"[oauth2]", "[frame]", "c.yaml:11: dingtalk.organisations[0].ways[0]: has no full page beside it, for browsers in which it fails; add oauth2"},
		"frame and inapp":        {"[oauth2]", "[inapp, frame]", "c.yaml:11: dingtalk.organisations[0].ways[0]: has no full page beside it"},
		"all ways":               {"[oauth2]", "[inapp, frame, sns, oauth2]", ""},
		"frame and password":     {"[oauth2]", "[frame, password]", ""},
		"scan app for password":  {"[frame, sns, inapp]", "[password]", ""},
		"default ways":           {"      ways: [oauth2]\n", "", ""},

		"scan app, no secret": {", app_secret_file: scan2", "", "c.yaml:17: dingtalk.organisations[1].scan_app.app_secret_file: is missing; put "},
		"scan app, no id":     {"app_id: dingoa2, ", "", "c.yaml:17: dingtalk.organisations[1].scan_app.app_id: is missing; copy "},
		"scan app, empty":     {"{app_id: dingoa2, app_secret_file: scan2}", "{}", "c.yaml:17: dingtalk.organisations[1].scan_app: is empty; give "},
		"scan app, left out":  {"      scan_app: {app_id: dingoa2, app_secret_file: scan2}\n", "", ""},
		"scan app without sns": {"[frame, sns, inapp]", "[frame, oauth2, inapp]",
			"c.yaml:17: dingtalk.organisations[1].scan_app: is for the ways sns and password, and neither is among the ways; add sns to ways, or take scan_app out"},
		"a key that a scan app has not": {"app_secret_file: scan2", "app_secret_file: scan2, app_secret: x", "c.yaml:17: dingtalk.organisations[1].scan_app.app_secret: is not a known key; known here: app_id, app_secret_file"},

		"own endpoint over http":        {"https://api.dingtalk.io", "http://api.dingtalk.io", "c.yaml:18: dingtalk.organisations[1].endpoints.api: is not https; "},
		"own endpoint that is none":     {"https://api.dingtalk.io", "https://api.dingtalk.io/", "c.yaml:18: dingtalk.organisations[1].endpoints.api: is not the address of a host; "},
		"own script":                    {"{login: ", "{script: https://g.alicdn.com, login: ", "c.yaml:18: dingtalk.organisations[1].endpoints.script: is not a known key; known here: login, api, oapi"},
		"script over http":              {"https://g.alicdn.com", "http://g.alicdn.com", "c.yaml:21: dingtalk.endpoints.script: is not https; "},
		"script on loopback":            {"https://g.alicdn.com", "http://127.0.0.1:8081", ""},
		"script under a path":           {"https://g.alicdn.com", "https://static.example.com/dingtalk", ""},
		"script that ends a directive":  {"https://g.alicdn.com", "https://g.alicdn.com/a;b", "c.yaml:21: dingtalk.endpoints.script: is not the address of a host; "},
		"script that is two sources":    {"https://g.alicdn.com", `"https://g.alicdn.com/a *"`, "c.yaml:21: dingtalk.endpoints.script: is not the address of a host; "},
		"script on a host not in ASCII": {"https://g.alicdn.com", "https://阿里.example", "c.yaml:21: dingtalk.endpoints.script: is not the address of a host; "},
		"script without host":           {"https://g.alicdn.com", "g.alicdn.com", "c.yaml:21: dingtalk.endpoints.script: is not the address of a host; "},

		"integrity":             {"  endpoints: {script", "  script_integrity: " + hash + "\n  endpoints: {script", ""},
		"integrity, MD5":        {"  endpoints: {script", "  script_integrity: md5-AAAAAAAAAAAAAAAAAAAAAA==\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash for browsers; write sha256-"},
		"integrity, bare":       {"  endpoints: {script", "  script_integrity: sha384\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash"},
		"integrity, of another": {"  endpoints: {script", "  script_integrity: " + strings.Replace(hash, "384", "512", 1) + "\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash"},
		"integrity, hex":        {"  endpoints: {script", "  script_integrity: sha256-" + strings.Repeat("0f", 32) + "\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash"},
		"integrity, two":        {"  endpoints: {script", "  script_integrity: " + hash + " " + hash + "\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash"},
		"integrity, options":    {"  endpoints: {script", "  script_integrity: " + hash + "?x\n  endpoints: {script", "c.yaml:21: dingtalk.script_integrity: is not a hash"},

		"domains of all":        {"  endpoints: {script", "claims: {email_domains: [a.example]}\n# {", "c.yaml:21: claims.email_domains: is for one organisation, and there are several; move it"},
		"a domain that is none": {"[b.example, both.", "[b.example, both@", "c.yaml:19: dingtalk.organisations[1].email_domains[1]: is not a domain; "},
		"verified, not listed":  {"verified_email_domains: [b", "verified_email_domains: [c", "c.yaml:20: dingtalk.organisations[1].verified_email_domains[0]: is not among dingtalk.organisations[1].email_domains; add"},
		"one domain verified by two": {"      ways: [oauth2]\n", "      email_domains: [b.example]\n      verified_email_domains: [b.example]\n",
			"c.yaml:"},
		"one domain, vouched for by the other": {"      ways: [oauth2]\n", "      email_domains: [a.example, b.example]\n",
			"c.yaml:11: dingtalk.organisations[0].email_domains[1]: is among the verified_email_domains of dingtalk.organisations[1]; leave it "},
		"one unverified domain of both": {"      ways: [oauth2]\n", "      email_domains: [both.example]\n", ""},
		"corp_id that is none":          {"ding2", "ding/2", "c.yaml:12: dingtalk.organisations[1].corp_id: is not a CorpId; "},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(two, tc.old, tc.new, 1)
			_, err := Parse("c.yaml", []byte(text), nil)
			got := lines(err)
			if tc.want == "" && len(got) > 0 || tc.want != "" && len(got) == 0 {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tc.want)
			}
			for _, line := range got {
				if !strings.HasPrefix(line, tc.want) {
					t.Errorf("got\n%s\nwant\n%s", line, tc.want)
				}
			}
		})
	}
}

// TestC2_OrganisationsAtOnce: the faults of one do not hide those of another.
func TestC2_OrganisationsAtOnce(t *testing.T) {
	text := strings.NewReplacer("ding2", "ding1", "[oauth2]", "[frame, frame, fame]", "[frame, sns, inapp]", "[frame]", "dingtalk.io, api", "dingtalk.io/, api").Replace(two)
	_, err := Parse("c.yaml", []byte(text), nil)
	want := []string{
		"c.yaml:11: dingtalk.organisations[0].ways[1]: is given twice; ",
		"c.yaml:11: dingtalk.organisations[0].ways[2]: is not a known way; did you mean frame?",
		"c.yaml:12: dingtalk.organisations[1].corp_id: is that of ",
		"c.yaml:16: dingtalk.organisations[1].ways[0]: has no full page ",
		"c.yaml:17: dingtalk.organisations[1].scan_app: is for the ways sns",
		"c.yaml:18: dingtalk.organisations[1].endpoints.login: is not the address of a host; ",
	}
	if got := lines(err); !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestOneOrganisationsDomains: a single organisation's stand either here or there.
func TestOneOrganisationsDomains(t *testing.T) {
	for name, tc := range map[string]struct {
		own, all, want string
		domains        []string
	}{
		"nowhere":      {"", "", "", nil},
		"its own":      {", email_domains: [a.example]", "", "", []string{"a.example"}},
		"of all":       {"", "claims: {email_domains: [b.example]}\n", "", []string{"b.example"}},
		"in both":      {", email_domains: [a.example]", "claims: {email_domains: [a.example]}\n", "c.yaml:5: dingtalk.organisations[0].email_domains: stands beside claims.email_domains; keep one", nil},
		"half in both": {", verified_email_domains: [a.example]", "claims: {email_domains: [a.example]}\n", "c.yaml:5: dingtalk.organisations[0].verified_email_domains[0]: is not among dingtalk.organisations[0].email_domains; ", nil},
	} {
		text := strings.Replace(good, "client_secret_file: c", "client_secret_file: c"+tc.own, 1) + tc.all
		d, err := Parse("c.yaml", []byte(text), nil)
		if got := strings.Join(lines(err), "\n"); (tc.want == "") != (got == "") || !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: got %s", name, got)
			continue
		}
		if all, _ := d.Config.EmailDomainsOf(d.Config.DingTalk.Organisations[0]); tc.want == "" && !slices.Equal(all, tc.domains) {
			t.Errorf("%s: %q", name, all)
		}
	}
	d, err := Parse("c.yaml", []byte(two), nil)
	if err != nil {
		t.Fatal(err)
	}
	if all, verified := d.Config.EmailDomainsOf(d.Config.DingTalk.Organisations[0]); len(all)+len(verified) > 0 {
		t.Errorf("the first of two has %q and %q", all, verified)
	}
	if all, verified := d.Config.EmailDomainsOf(d.Config.DingTalk.Organisations[1]); len(all) != 2 || len(verified) != 1 {
		t.Errorf("the second of two has %q and %q", all, verified)
	}
}

// TestC2_Picture: what can be wrong with the file of a picture.
func TestC2_Picture(t *testing.T) {
	dir := t.TempDir()
	d, err := Parse(filepath.Join(dir, "c.yaml"), []byte(good+"operator: {logo_file: logo}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		size int
		want string
	}{
		"whole": {10, ""}, "too large": {11, ":6: operator.logo_file: has 11 bytes; 10 is the most ("}, "empty": {0, ":6: operator.logo_file: is an empty file ("},
	} {
		if err := os.WriteFile(filepath.Join(dir, "logo"), make([]byte, tc.size), 0o644); err != nil {
			t.Fatal(err)
		}
		data, faults := d.ReadPicture("operator.logo_file", d.Config.Operator.LogoFile, 10)
		if got := faults.Error(); (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) || tc.want == "" && len(data) != tc.size {
			t.Errorf("%s: %d bytes and %s", name, len(data), got)
		}
	}
	for name, want := range map[string]string{"none": "there is no such file", ".": "is a folder"} {
		if _, faults := d.ReadPicture("operator.logo_file", name, 10); !strings.Contains(faults.Error(), ":6: operator.logo_file: "+want) {
			t.Errorf("%s: %v", name, faults)
		}
	}
}
