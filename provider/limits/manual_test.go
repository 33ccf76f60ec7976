package limits

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/limits.md anew")

// TestManual holds the table of docs/limits.md to the catalogue.
func TestManual(t *testing.T) {
	const file, begin, end = "../../docs/limits.md", "-run Manual -update` -->\n", "<!-- end of limits -->"
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
	b.WriteString("\n| limit | of | counts | setting | answer |\n|---|---|---|---|---|\n")
	for _, r := range Catalogue() {
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
