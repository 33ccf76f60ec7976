package preset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var unfilled = regexp.MustCompile(`@[a-z_]+@|CHANGE|YOUR|<[a-z-]+>|\.\.\.|xxx`)

// TestP2_TheConfigurationIsWhole: every file is well-formed in its format, says issuer,
// client and secret where the app needs them, and nothing is left to be filled in.
func TestP2_TheConfigurationIsWhole(t *testing.T) {
	for _, raw := range append(All(), Generic()) {
		t.Run(raw.Name, func(t *testing.T) {
			t.Parallel()
			if raw.Name == "generic" {
				raw = withMore(t, raw)
			} else {
				raw = filled(t, raw)
			}
			var all strings.Builder
			for _, f := range raw.Files {
				all.WriteString(f.Text)
				if found := unfilled.FindString(f.Text); found != "" {
					t.Errorf("%s leaves %q", f.Name, found)
				}
				if err := wellFormed(t, f); err != nil {
					t.Errorf("%s is no %s: %v\n%s", f.Name, f.Format, err, f.Text)
				}
			}
			if found := unfilled.FindString(raw.Check + strings.Join(raw.Notes, " ") + raw.Entry); found != "" && found != "<id>" {
				t.Errorf("a note leaves %q", found)
			}
			for _, need := range []string{testIssuer, "its.id", testSecret, testURL} {
				if slices.Contains([]string{"generic", "nacos", "nextcloud"}, raw.Name) && need == testURL || raw.Nowhere && (need == testURL || need == testSecret) {
					continue
				}
				if !strings.Contains(all.String(), need) {
					t.Errorf("nothing says %q", need)
				}
			}
			if raw.Entry != "" {
				var entry struct {
					Claims []map[string]any `yaml:"claims"`
				}
				if err := strictly(raw.Entry, &entry); err != nil || len(entry.Claims) == 0 {
					t.Errorf("the proposal is no part of an entry: %v", err)
				}
			}
		})
	}
}

func withMore(t *testing.T, p Preset) Preset {
	t.Helper()
	made, err := p.For(Values{Issuer: testIssuer, ID: "its.id", Secret: testSecret,
		More: map[string]string{"authentication": "a", "redirects": "b", "pkce": "c", "alg": "d"}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func wellFormed(t *testing.T, f File) error {
	if !slices.Contains(Formats, f.Format) {
		return errors.New("unknown format")
	}
	switch f.Format {
	case "apache":
		return sections(f.Text)
	case "ini":
		return lines(f.Text, ";#", func(line string) error {
			if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
				return nil
			}
			return keyAndValue(line, " = ")
		})
	case "env":
		return lines(f.Text, "#", func(line string) error {
			if !regexp.MustCompile(`^[A-Z][A-Z0-9_]*=("[^"]*"|[^"'][^']*)$`).MatchString(line) {
				return fmt.Errorf("%q", line)
			}
			return nil
		})
	case "properties":
		return lines(f.Text, "#!", func(line string) error { return keyAndValue(line, "=") })
	case "toml":
		// What is used of it are strings, booleans and lists, which are JSON's.
		return lines(f.Text, "#", func(line string) error {
			_, value, _ := strings.Cut(line, " = ")
			if err := keyAndValue(line, " = "); err != nil || !json.Valid([]byte(value)) {
				return fmt.Errorf("%q: %w", line, err)
			}
			return nil
		})
	case "json":
		var v any
		return json.Unmarshal([]byte(f.Text), &v)
	case "yaml":
		return yamlDocuments(f.Text)
	case "sh":
		return by(t, f, "sh", "-n")
	case "ruby":
		return by(t, f, "ruby", "-c")
	case "javascript":
		return by(t, f, "node", "--check")
	case "python":
		return by(t, f, "python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())")
	}
	return nil
}

// sections reads Apache's format: directives with arguments, in sections that end. What
// they mean, the Apache of a test of the system reads.
func sections(text string) error {
	var open []string
	if err := lines(text, "#", func(line string) error {
		name, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "</"):
			if n := len(open); n == 0 || line != "</"+open[n-1]+">" {
				return fmt.Errorf("%q ends nothing", line)
			}
			open = open[:len(open)-1]
			return nil
		case strings.HasPrefix(line, "<") && strings.HasSuffix(line, ">"):
			open = append(open, name[1:])
			return nil
		case strings.Count(line, `"`)%2 != 0:
			return fmt.Errorf("%q has quotes without an end", line)
		}
		return keyAndValue(line, " ")
	}); err != nil || len(open) > 0 {
		return fmt.Errorf("%q without an end: %w", open, err)
	}
	return nil
}

func lines(text, comments string, check func(string) error) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsAny(line[:1], comments) {
			continue
		}
		if err := check(line); err != nil {
			return err
		}
	}
	return nil
}

func keyAndValue(line, between string) error {
	key, value, ok := strings.Cut(line, between)
	if !ok || value == "" || strings.ContainsAny(key, " \"'") {
		return fmt.Errorf("%q", line)
	}
	return nil
}

// yamlDocuments reads every document, and texts in them that are YAML themselves.
func yamlDocuments(text string) error {
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc map[string]any
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if inner, ok := doc["data"].(map[string]any); ok && inner["oidc.config"] != nil {
			var v map[string]any
			if err := strictly(inner["oidc.config"].(string), &v); err != nil || v["issuer"] != testIssuer {
				return fmt.Errorf("oidc.config: %v %w", v, err)
			}
		}
	}
}

func strictly(text string, into any) error {
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	return dec.Decode(into)
}

// by has the format's own program read a file, where there is one.
func by(t *testing.T, f File, program string, args ...string) error {
	if _, err := exec.LookPath(program); err != nil {
		t.Logf("%s was not read: no %s", f.Name, program)
		return nil
	}
	file := filepath.Join(t.TempDir(), "text.mjs") // Node.js alone goes by the name
	if err := os.WriteFile(file, []byte(f.Text), 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(t.Context(), program, append(args, file)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
