package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/dingbridge/dingbridge/dingtalk"
)

var brace = regexp.MustCompile(`\{([a-z_]+)\}`)

func braces(text string) []string {
	var all []string
	for _, match := range brace.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(all, match[1]) {
			all = append(all, match[1])
		}
	}
	slices.Sort(all)
	return all
}

func TestDR5_BothLanguagesAreComplete(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`) // no dots: the audit's names have them
	seen := map[string]bool{}
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	for _, k := range Catalogue() {
		if !form.MatchString(k.ID) || seen[k.ID] {
			t.Errorf("%s: doubled, or not of the usual form", k.ID)
		}
		seen[k.ID] = true
		if !slices.Contains([]Severity{OK, Unknown, Warning, Fault}, k.Severity) {
			t.Errorf("%s: severity %q", k.ID, k.Severity)
		}
		if k.English.Says == "" || k.Chinese.Says == "" || !han(k.Chinese.Says) {
			t.Errorf("%s: a text is missing", k.ID)
		}
		if (k.English.Remedy == "") != (k.Chinese.Remedy == "") || (k.English.Remedy == "") != (k.Severity == OK) {
			t.Errorf("%s: a remedy is missing, or there is one where nothing is to be done", k.ID)
		}
		if k.Severity != OK && !han(k.Chinese.Remedy) {
			t.Errorf("%s: the Chinese remedy is not Chinese", k.ID)
		}
		if en, zh := braces(k.English.Says), braces(k.Chinese.Says); !slices.Equal(en, zh) {
			t.Errorf("%s: the texts have %v and %v in them", k.ID, en, zh)
		}
		if en, zh := braces(k.English.Remedy), braces(k.Chinese.Remedy); !slices.Equal(en, zh) {
			t.Errorf("%s: the remedies have %v and %v in them", k.ID, en, zh)
		}
		for _, text := range []Text{k.English, k.Chinese} {
			if strings.ContainsAny(text.Says+text.Remedy, "|\n") {
				t.Errorf("%s: a text cannot stand in a table", k.ID)
			}
		}
	}
}

// Every kind is found by something: an id that is in the table and nowhere else is
// either dead or misspelt where it is used.
func TestDR5_EveryKindIsUsed(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") && !strings.HasPrefix(e.Name(), "catalogue") {
			text, err := os.ReadFile(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	for _, k := range Catalogue() {
		if !strings.Contains(source.String(), `"`+k.ID+`"`) {
			t.Errorf("%s is never found", k.ID)
		}
	}
}

func TestDR6_TheTableIsWritten(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (ok|unknown|warning|fault) \\| (.*) \\| (.*) \\|$")
	for page, in := range map[string]func(Kind) Text{
		"docs/doctor.md":    func(k Kind) Text { return k.English },
		"docs/zh/doctor.md": func(k Kind) Text { return k.Chinese },
	} {
		text, err := os.ReadFile("../../../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		var written, real []string
		for _, cells := range row.FindAllStringSubmatch(string(text), -1) {
			written = append(written, strings.Join(cells[1:], " | "))
		}
		for _, k := range Catalogue() {
			if k.Severity != OK { // what is in order needs no explanation
				real = append(real, strings.Join([]string{k.ID, string(k.Severity), in(k).Says, in(k).Remedy}, " | "))
			}
		}
		for _, line := range real {
			if !slices.Contains(written, line) {
				t.Errorf("%s lacks\n%s", page, line)
			}
		}
		for _, line := range written {
			if !slices.Contains(real, line) {
				t.Errorf("%s has what is not in the catalogue:\n%s", page, line)
			}
		}
	}
}

func TestReports(t *testing.T) {
	x := &examination{}
	v := &visit{examination: x, org: Organisation{CorpID: "ding1", Name: "云杉"}}
	refusal := &dingtalk.Error{Call: "user/get", Code: "60011", Message: "没有权限", RequestID: "16k", Status: 200}
	v.tell("permission-missing", values{"permission": "a_b", "name": "读\x1b[31m权限\u202e", "link": "https://open-dev.dingtalk.com/x"}, refusal)
	v.tell("permission-missing", values{"permission": "a_b", "name": "读[31m权限", "link": "https://open-dev.dingtalk.com/x"}, refusal)
	x.find("issuer-skipped", nil)
	if len(x.report.Findings) != 2 {
		t.Fatalf("%d findings; the same was told twice", len(x.report.Findings))
	}
	var both, one, data bytes.Buffer
	if err := x.report.Text(&both, Chinese, English); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[故障 fault] permission-missing (云杉 ding1)", "The app lacks the permission a_b", "应用缺少权限 a_b",
		"DingTalk: user/get, code 60011, 没有权限, request 16k", "1 故障", "1 fault, 0 warning, 1 unknown, 0 ok"} {
		if !strings.Contains(both.String(), want) {
			t.Errorf("no %q in\n%s", want, both.String())
		}
	}
	if strings.ContainsAny(both.String(), "\x1b\u202e") {
		t.Error("what steers a terminal got through")
	}
	if err := x.report.Text(&one, English); err != nil || strings.Contains(one.String(), "应用缺少权限") {
		t.Errorf("%v\n%s", err, one.String())
	}
	if err := x.report.JSON(&data); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Findings []struct {
			ID, Severity string
			Organisation struct {
				CorpID string `json:"corp_id"`
			}
			Text, Remedy map[string]string
			DingTalk     struct {
				Code      string
				RequestID string `json:"request_id"`
			}
		}
		Counts map[string]int
	}
	if err := json.Unmarshal(data.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	f := read.Findings[0]
	if f.ID != "permission-missing" || f.Severity != "fault" || f.Organisation.CorpID != "ding1" || f.Text["zh"] == "" || f.Text["en"] == "" ||
		f.Remedy["zh"] == "" || f.DingTalk.Code != "60011" || f.DingTalk.RequestID != "16k" || read.Counts["fault"] != 1 || read.Counts["ok"] != 0 {
		t.Errorf("%+v", read)
	}
}

func FuzzShown(f *testing.F) {
	f.Add("a\x1b[31mb\u202ec\nd")
	f.Add(strings.Repeat("长", 400))
	f.Fuzz(func(t *testing.T, s string) {
		got := shown(s)
		if strings.ContainsFunc(got, unicode.IsControl) || len(got) > longestValue+len("…") {
			t.Errorf("%q is not fit to be shown", got)
		}
	})
}
