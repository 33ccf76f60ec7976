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
	"unicode/utf8"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/preset"
)

// docs/apps.md and docs/apps are what the presets say, and docs/zh/apps.md and
// docs/zh/apps the same in Chinese: `go test ./cmd/dingbridge -run AppPages -update`
// writes them.

var update = flag.Bool("update", false, "write docs/apps.md and docs/apps anew, in both languages")

const madeNote = "<!-- Made from cmd/dingbridge/internal/preset by `go test ./cmd/dingbridge -run AppPages -update`. -->\n"

func TestAppPages_AreWhatThePresetsSay(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, w := range []struct{ words, other appWords }{{inEnglish, inChinese}, {inChinese, inEnglish}} {
		folder := filepath.Join(root, w.words.folder)
		want[filepath.Join(root, w.words.index)] = appIndex(t, w.words, w.other)
		for _, p := range append(preset.All(), preset.Generic()) {
			want[filepath.Join(folder, p.Name+".md")] = appPage(t, p, w.words, w.other)
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

// TestTheREADMEsCountTheApps: in both languages.
func TestTheREADMEsCountTheApps(t *testing.T) {
	for file, words := range map[string]string{"README.md": "[%d apps](docs/apps.md)", "README.zh-CN.md": "[%d 种应用](docs/zh/apps.md)", "CHANGELOG.md": "Presets for %d apps"} {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		if want := fmt.Sprintf(words, len(preset.All())); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q (%v)", file, want, err)
		}
	}
}

func appIndex(t *testing.T, w, other appWords) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n%s\n%s|---|---|---|---|\n", w.title, madeNote, w.intro, elsewhere(w, other, "")+w.row+"\n")
	for _, p := range preset.All() {
		p = w.of(t, p)
		fmt.Fprintf(&b, "| [%s](apps/%s.md) | `%s` | %s | %s |\n", p.Title, p.Name, p.Name, p.About, w.triedIs(p))
	}
	return b.String()
}

// elsewhere is the link to the same page in the other language; no name: the index.
func elsewhere(w, other appWords, name string) string {
	here, there := w.index, other.index
	if name != "" {
		here, there = w.folder+"/"+name+".md", other.folder+"/"+name+".md"
	}
	way, err := filepath.Rel(filepath.Dir(here), there)
	if err != nil {
		panic(err) // both are below the root
	}
	return fmt.Sprintf(w.other, filepath.Base(there), filepath.ToSlash(way))
}

func (w appWords) of(t *testing.T, p preset.Preset) preset.Preset {
	t.Helper()
	if w.index == inEnglish.index {
		return p
	}
	p, err := p.InChinese()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w appWords) triedIs(p preset.Preset) string {
	if p.Proof.LoggedInto() {
		return w.loggedInto
	}
	return w.rendered
}

// appPage is the page of a preset, for an app at an address of an example.
func appPage(t *testing.T, raw preset.Preset, w, other appWords) string {
	t.Helper()
	command, entries := appCommand(t, raw)
	v := preset.Values{Issuer: "https://sso.example.com", URL: "https://" + raw.Name + ".example.com", ID: raw.Name,
		Secret: "the-secret-that-is-printed-once", Random: func() string { return "a-random-text-that-is-printed" }}
	if raw.Name == "generic" {
		v.ID, v.URL = "wiki", "https://wiki.example.com"
		v.More = map[string]string{"authentication": "client_secret_basic, or client_secret_post", "pkce": "S256, required", "alg": "RS256", "redirects": v.URL + "/callback"}
	}
	p, err := w.of(t, raw).For(v)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n%s\n\n%s```sh\ndingbridge %s\n```\n\n%s\n\n", capital(p.Title), madeNote, p.About, elsewhere(w, other, p.Name), command, w.command)
	if p.EmailNeeded {
		b.WriteString(w.email + "\n\n")
	}
	fmt.Fprintf(&b, "## %s\n", w.told)
	for _, f := range p.Files {
		fmt.Fprintf(&b, "\n**%s**\n\n```%s\n%s\n```\n", f.Name, fenceOf(f.Format), strings.TrimRight(f.Text, "\n"))
	}
	fmt.Fprintf(&b, "\n## %s\n\n```yaml\n%s\n```\n", w.registered, strings.TrimRight(entries, "\n"))
	if p.Entry != "" {
		fmt.Fprintf(&b, "\n%s\n\n```yaml\n%s\n```\n", w.proposal, strings.TrimRight(p.Entry, "\n"))
	}
	fmt.Fprintf(&b, "\n## %s\n\n%s\n\n## %s\n\n", w.check, strings.TrimSpace(p.Check), w.know)
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "- %s\n", strings.TrimSpace(n))
	}
	fmt.Fprintf(&b, "\n## %s\n\n**%s**%s%s", w.tried, capital(w.triedIs(p)), w.colon, p.Proof.With)
	for i, name := range p.Proof.Tests {
		fmt.Fprintf(&b, "%s`%s`", map[bool]string{true: w.open, false: w.comma}[i == 0], name)
	}
	b.WriteString(strings.Repeat(w.shut, min(1, len(p.Proof.Tests))) + w.stop + "\n")
	return b.String()
}

// capital begins with a capital letter, if there are any.
func capital(s string) string {
	if s[0] >= utf8.RuneSelf {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
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
