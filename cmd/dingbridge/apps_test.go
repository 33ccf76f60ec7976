package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/preset"
)

// docs/apps.md and docs/apps are what the presets say: `go test ./cmd/dingbridge -run
// AppPages -update` writes them.

var update = flag.Bool("update", false, "write docs/apps.md and docs/apps anew")

const madeNote = "<!-- Made from cmd/dingbridge/internal/preset by `go test ./cmd/dingbridge -run AppPages -update`. -->\n"

func TestAppPages_AreWhatThePresetsSay(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "docs", "apps")
	want := map[string]string{filepath.Join(root, "docs", "apps.md"): appIndex()}
	for _, p := range append(preset.All(), preset.Generic()) {
		want[filepath.Join(folder, p.Name+".md")] = appPage(t, p)
	}
	there, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		if want[file] == "" {
			t.Errorf("%s is of no preset", file)
		}
	}
	for file, text := range want {
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := os.ReadFile(file); err != nil || string(have) != text {
			t.Errorf("%s is not what the preset says; run go test ./cmd/dingbridge -run AppPages -update (%v)", file, err)
		}
	}
}

func appIndex() string {
	var b strings.Builder
	b.WriteString("# Apps\n\n" + madeNote + `
One command adds an app, and prints its configuration, whole. Each page shows it for one app: what is registered, what the app is told, what
to look at afterwards, and how far it was tried. [Any other app](apps/generic.md) needs a few answers.

- **logged into**: a test starts the app, or the library by which it logs in, with what is printed, and logs in.
  Kubernetes' authenticator and oauth2-proxy are built for it, which takes minutes the first time:
  ` + "`DINGBRIDGE_LONG=1 go test -run TestE25 ./cmd/dingbridge/internal/systemtest`" + `.
- **rendered**: what is printed was made from the app's source and manual, and read by a parser of its format. The app itself was not had
  here. Try it with one person first.

| app | preset | | tried |
|---|---|---|---|
`)
	for _, p := range preset.All() {
		fmt.Fprintf(&b, "| [%s](apps/%s.md) | `%s` | %s | %s |\n", p.Title, p.Name, p.Name, p.About, tried(p))
	}
	return b.String()
}

func tried(p preset.Preset) string {
	if p.Proof.LoggedInto() {
		return "logged into"
	}
	return "rendered"
}

// appPage is the page of a preset, for an app at an address of an example.
func appPage(t *testing.T, raw preset.Preset) string {
	t.Helper()
	command, entries := appCommand(t, raw)
	v := preset.Values{Issuer: "https://sso.example.com", URL: "https://" + raw.Name + ".example.com", ID: raw.Name,
		Secret: "the-secret-that-is-printed-once", Random: func() string { return "a-random-text-that-is-printed" }}
	if raw.Name == "generic" {
		v.ID, v.URL = "wiki", "https://wiki.example.com"
		v.More = map[string]string{"authentication": "client_secret_basic, or client_secret_post", "pkce": "S256, required", "alg": "RS256", "redirects": v.URL + "/callback"}
	}
	p, err := raw.For(v)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n%s\n\n", strings.ToUpper(p.Title[:1])+p.Title[1:], madeNote, p.About)
	fmt.Fprintf(&b, "```sh\ndingbridge %s\n```\n\nThis writes the entry below to `clients.yaml`, which a running server takes up by itself, and prints the secret, this once, with what follows.\n"+
		"`--allow` says who may log in (everyone, `dept:ID`, `role:ID`, the name of a group); without it nobody may.\n\n", command)
	if p.EmailNeeded {
		b.WriteString("People without an e-mail address cannot use this app. `--substitute-email` gives them one that leads nowhere, made with\n`claims.substitute_email_domain` of `config.yaml`; it is off unless you say so.\n\n")
	}
	b.WriteString("## What the app is told\n")
	for _, f := range p.Files {
		fmt.Fprintf(&b, "\n**%s**\n\n```%s\n%s\n```\n", f.Name, fenceOf(f.Format), strings.TrimRight(f.Text, "\n"))
	}
	fmt.Fprintf(&b, "\n## What is registered\n\n```yaml\n%s\n```\n", strings.TrimRight(entries, "\n"))
	if p.Entry != "" {
		fmt.Fprintf(&b, "\nA proposal for more, with groups of your own:\n\n```yaml\n%s\n```\n", strings.TrimRight(p.Entry, "\n"))
	}
	fmt.Fprintf(&b, "\n## Check\n\n%s\n\n## What to know\n\n", strings.TrimSpace(p.Check))
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "- %s\n", strings.TrimSpace(n))
	}
	fmt.Fprintf(&b, "\n## How far it was tried\n\n**%s**: %s", strings.ToUpper(tried(p)[:1])+tried(p)[1:], p.Proof.With)
	for i, name := range p.Proof.Tests {
		fmt.Fprintf(&b, "%s`%s`", map[bool]string{true: " (", false: ", "}[i == 0], name)
	}
	b.WriteString(strings.Repeat(")", min(1, len(p.Proof.Tests))) + ".\n")
	return b.String()
}

func fenceOf(format string) string {
	if format == "steps" {
		return "text"
	}
	return format
}

var secretHash = regexp.MustCompile(`sha256:[A-Za-z0-9_-]{43}`)

// appCommand runs the command of a page, and returns it with what it wrote.
func appCommand(t *testing.T, p preset.Preset) (command, entries string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.yaml")
	command = "client add " + p.Name + " --url https://" + p.Name + ".example.com"
	switch {
	case p.Nowhere:
		command = "client add " + p.Name
	case p.Name == "generic":
		command = "client add --generic --name Wiki --redirect-uri https://wiki.example.com/callback"
	}
	command += " --allow everyone"
	var out, complaints bytes.Buffer
	args := append(strings.Fields(command), "--issuer", "https://sso.example.com", "--clients-file", file)
	if code := run(args, &out, &complaints); code != exitOK {
		t.Fatalf("%s ends with %d: %s", command, code, complaints.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, entries, _ = strings.Cut(string(text), "\n")
	return command, secretHash.ReplaceAllLiteralString(entries, "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}
