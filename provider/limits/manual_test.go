package limits

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write docs/limits.md and docs/zh/limits.md anew")

const (
	englishManual = "../../docs/limits.md"
	chineseManual = "../../docs/zh/limits.md"
	chineseTexts  = "testdata/manual.zh.yaml"
)

// A translation is what a row says, in Chinese; the answer is a number.
type translation struct{ Of, Counts, Setting string }

// TestManual holds the tables of docs/limits.md and its Chinese twin to the catalogue.
func TestManual(t *testing.T) {
	data, err := os.ReadFile(chineseTexts)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[Word]translation{}
	if err := yaml.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	rows := Catalogue()
	translated := make([]Row, len(rows))
	for i, r := range rows {
		c := texts[r.Word]
		if c.Of == "" || c.Counts == "" || c.Setting == "" {
			t.Errorf("%s does not say all of %s", chineseTexts, r.Word)
		}
		translated[i] = Row{Word: r.Word, Of: c.Of, Counts: c.Counts, Setting: c.Setting, Answer: r.Answer}
		delete(texts, r.Word)
	}
	for word := range texts {
		t.Errorf("%s has a text for %s, which is no limit", chineseTexts, word)
	}
	manual(t, englishManual, "| limit | of | counts | setting | answer |", rows)
	manual(t, chineseManual, "| 限制 | 针对 | 计数的是 | 配置项 | 应答 |", translated)
}

// manual holds the table of one page to the rows.
func manual(t *testing.T, file, head string, rows []Row) {
	t.Helper()
	const begin, end = "-run Manual -update` -->\n", "<!-- end of limits -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	var b strings.Builder
	b.WriteString("\n" + head + "\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.Word, r.Of, r.Counts, r.Setting, r.Answer)
	}
	b.WriteString("\n")
	whole := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(whole), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if whole != string(text) {
		t.Errorf("%s is out of date: go test ./provider/limits -run Manual -update", file)
	}
}
