package config

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	englishManual = "../../../../docs/settings.md"
	chineseManual = "../../../../docs/zh/settings.md"
	chineseTexts  = "testdata/settings.zh.yaml"
)

// A setting is one key of config.yaml, as the types have it.
type setting struct {
	path     string // with [] where a list is gone into
	kind     reflect.Type
	fallback string
	text     string
	section  bool // it has keys of its own
}

// settings reads the keys, in the order of the types, with what the types say of them.
func settings(t *testing.T) []setting {
	t.Helper()
	comments := map[string]string{} // by Type or Type.Field
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if decl, ok := d.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
				explain(comments, decl)
			}
		}
	}
	keys := map[string]string{} // by field
	var all []setting
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			s := setting{path: prefix + f.Tag.Get("yaml"), kind: f.Type, fallback: f.Tag.Get("default"), text: comments[of.Name()+"."+f.Name]}
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			s.section = inner.Kind() == reflect.Struct
			if s.section && s.text == "" {
				s.text = comments[inner.Name()]
			}
			s.text = plainly(s.text, f.Name, inner.Name(), s.path[strings.LastIndexByte(s.path, '.')+1:])
			keys[f.Name] = f.Tag.Get("yaml")
			all = append(all, s)
			if s.section {
				below := s.path + "."
				if f.Type.Kind() == reflect.Slice {
					below = s.path + "[]."
				}
				walk(below, inner)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
	for i, s := range all { // other fields, which operators know as keys
		all[i].text = field.ReplaceAllStringFunc(s.text, func(word string) string {
			if key, ok := keys[word]; ok && word != "DingTalk" && word != "API" {
				return "`" + key + "`"
			}
			return word
		})
	}
	return all
}

// explain keeps what a type and its fields are said to be for.
func explain(comments map[string]string, decl *ast.GenDecl) {
	for _, one := range decl.Specs {
		spec := one.(*ast.TypeSpec)
		comments[spec.Name.Name] = decl.Doc.Text()
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range fields.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			for _, name := range f.Names {
				comments[spec.Name.Name+"."+name.Name] = text
			}
		}
	}
}

var (
	spaces = regexp.MustCompile(`\s+`)
	field  = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w*`)
	link   = regexp.MustCompile(`\[([A-Za-z.]+)\]`)
)

// plainly is a comment of Go as an operator reads it: of the key, not of the field.
func plainly(text, field, kind, key string) string {
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	text = link.ReplaceAllStringFunc(text, func(found string) string {
		if found == "[Ways]" {
			return "`" + strings.Join(Ways, "`, `") + "`"
		}
		return found
	})
	for _, name := range []string{field, kind} {
		if rest, ok := strings.CutPrefix(text, name); ok && name != "" && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, ":")) {
			return "`" + key + "`" + rest
		}
	}
	return text
}

// variable is the environment variable that prevails over a key, or nothing.
func (s setting) variable() string {
	if s.section {
		return ""
	}
	return "DINGBRIDGE_" + strings.ToUpper(strings.NewReplacer(".", "_", "[]", "_0").Replace(s.path))
}

// value is what is written for the key.
func (s setting) value(words map[string]string) string {
	switch {
	case s.kind == reflect.TypeFor[Duration]():
		return words["duration"]
	case s.kind == reflect.TypeFor[StorageURL]():
		return words["url"]
	}
	switch s.kind.Kind() {
	case reflect.Bool:
		return words["switch"]
	case reflect.Slice:
		return words["list"]
	case reflect.Int, reflect.Float64:
		return words["number"]
	}
	return words["text"]
}

var english = map[string]string{
	"duration": "duration", "url": "URL", "switch": "`true` or `false`", "list": "list", "number": "number", "text": "text",
	"head": `# config.yaml

<!-- Made of cmd/dingbridge/internal/config/config.go: go test ./cmd/dingbridge/internal/config -run TestManual -update -->

Every key there is. [deploy/config.yaml](../deploy/config.yaml) shows them in one file; ` + "`dingbridge check`" + ` names every fault at once, with its
line and the remedy. A key that is not known, or given twice, is a fault. The environment variable prevails over the file; the 0 in its name
counts the entries of a list. A list of texts is given there whole, separated by commas. File names are taken from the folder of ` + "`config.yaml`" + `.
Durations are written as in ` + "`90s`, `10m`, `12h` or `7d`" + `. 中文：[zh/settings.md](zh/settings.md).
`,
	"columns": "| key | value | left out | what for |\n|---|---|---|---|\n",
	"top":     "\n## At the top\n\n",
}

var chinese = map[string]string{
	"duration": "时长", "url": "URL", "switch": "`true` 或 `false`", "list": "列表", "number": "数字", "text": "文本",
	"head": `# config.yaml 的全部配置项

<!-- 由 cmd/dingbridge/internal/config/config.go 和 testdata/settings.zh.yaml 生成：go test ./cmd/dingbridge/internal/config -run TestManual -update -->

[deploy/config.yaml](../../deploy/config.yaml) 是包含全部配置项的示例；` + "`dingbridge check`" + ` 会一次列出所有错误，附行号和改法。未知的、重复的配置项都是错误。
环境变量优先于文件；变量名里的 0 是列表中的序号。文本列表在环境变量里整体给出，用逗号分隔。文件名相对于 ` + "`config.yaml`" + ` 所在的目录。
时长写作 ` + "`90s`、`10m`、`12h` 或 `7d`" + `。English: [settings.md](../settings.md).
`,
	"columns": "| 配置项 | 值 | 默认 | 用途 |\n|---|---|---|---|\n",
	"top":     "\n## 顶层\n\n",
}

// manual is the page, in the language of the words.
func manual(all []setting, words map[string]string, text func(setting) string) []byte {
	var out bytes.Buffer
	out.WriteString(words["head"])
	row := func(s setting, prefix string) {
		fallback := ""
		if s.fallback != "" {
			fallback = "`" + s.fallback + "`"
		}
		variable := s.variable()
		if variable != "" {
			variable = "<br>`" + variable + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s%s |\n", strings.TrimPrefix(s.path, prefix), s.value(words), fallback, strings.ReplaceAll(text(s), "|", "\\|"), variable)
	}
	out.WriteString(words["top"] + words["columns"])
	for _, s := range all {
		if !s.section && !strings.Contains(s.path, ".") {
			row(s, "")
		}
	}
	for i, s := range all {
		if !s.section {
			continue
		}
		below := s.path + "."
		if s.kind.Kind() == reflect.Slice {
			below = s.path + "[]."
		}
		fmt.Fprintf(&out, "\n## `%s`\n\n%s\n", strings.TrimSuffix(below, "."), text(s))
		first := true
		for _, of := range all[i+1:] {
			rest, ok := strings.CutPrefix(of.path, below)
			if !ok || of.section || strings.Contains(rest, ".") {
				continue
			}
			if first {
				out.WriteString("\n" + words["columns"])
				first = false
			}
			row(of, below)
		}
	}
	return out.Bytes()
}

// TestManual holds docs/settings.md and its Chinese twin to the types: every key is there,
// and has a text in both languages.
func TestManual(t *testing.T) {
	all := settings(t)
	for _, s := range all {
		if s.text == "" {
			t.Errorf("config.go does not say what %s is for", s.path)
		}
	}
	data, err := os.ReadFile(chineseTexts)
	if err != nil {
		t.Fatal(err)
	}
	translated := map[string]string{}
	if err := yaml.Unmarshal(data, &translated); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range all {
		known[s.path] = true
		if translated[s.path] == "" {
			t.Errorf("%s has no text for %s", chineseTexts, s.path)
		}
	}
	for path := range translated {
		if !known[path] {
			t.Errorf("%s has a text for %s, which is no key", chineseTexts, path)
		}
	}
	for file, want := range map[string][]byte{
		englishManual: manual(all, english, func(s setting) string { return s.text }),
		chineseManual: manual(all, chinese, func(s setting) string { return strings.TrimSpace(translated[s.path]) }),
	} {
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as the types have it (%v): run the test with -update", file, err)
		}
	}
}
