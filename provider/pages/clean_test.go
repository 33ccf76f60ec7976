package pages

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestP4_ForeignTextCannotPose(t *testing.T) {
	table := []struct{ name, in, want string }{
		{"plain", "Grafana", "Grafana"},
		{"chinese", "张三 (研发)", "张三 (研发)"},
		{"line breaks", "Grafana\r\n\r\nYour password has expired", "Grafana Your password has expired"},
		{"line separator", "a\u2028b\u2029c\u0085d\vf", "a b c d f"},
		{"right-to-left override", "\u202egpj.exe\u202c", "gpj.exe"},
		{"isolates and marks", "\u2066a\u2069\u200f\u200e\u061c", "a"},
		{"zero width", "Gra\u200bfa\u200dna\ufeff\u2060", "Grafana"},
		{"tags", "a\U000e0041\U000e007f", "a"},
		{"controls", "\x00\x07a\x1b[31mb\x7f", "a[31mb"},
		{"soft hyphen", "a\u00adb", "ab"},
		{"fillers", "\u3164\u115fa\u2800\uffa0", "a"},
		{"heap of marks", "a" + strings.Repeat("\u0301", 100), "a"},
		{"private use", "a\ue000\U000f0000", "a"},
		{"broken UTF-8", "a\xff\xc3b", "ab"},
		{"replacement character", "a\ufffdb", "ab"},
		{"blanks", "  \t a \u00a0\u3000 b  ", "a b"},
		{"emoji", "李雷👍🏽", "李雷👍🏽"},
		{"nothing left", "\u202e\u200b \n", ""},
		{"cap", strings.Repeat("张", 100), strings.Repeat("张", 60) + "…"},
		{"cap at a blank", strings.Repeat("a", 60) + " b", strings.Repeat("a", 60) + "…"},
		{"exactly", strings.Repeat("b", 60), strings.Repeat("b", 60)},
	}
	p := newPages(t, theirs)
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			if got := clean(row.in, maxName); got != row.want {
				t.Errorf("clean: %q, want %q", got, row.want)
			}
			root := parse(t, body(t, write(t, p, "GET", 0, Page{Kind: NotAdmitted, Lang: English, ClientName: row.in, Account: row.in})))
			if got := inner(byID(root, "account")); got != row.want {
				t.Errorf("account: %q, want %q", got, row.want)
			}
			if got := inner(byID(root, "client-name")); got != row.want {
				t.Errorf("client name: %q, want %q", got, row.want)
			}
		})
	}
}

// Names stand in bdi, so that even a right-to-left name cannot turn our words.
func TestP4_NamesAreIsolatedAndNotInTitles(t *testing.T) {
	p := newPages(t, Config{Contact: "NAME"})
	for _, kind := range Kinds() {
		page := bare(kind, English)
		page.ClientName, page.Account, page.Contact, page.Organisation = "NAME", "NAME", "NAME", "NAME"
		page.ContinueURL, page.Scopes, page.UserCode = "/", []string{"NAME"}, "NAME"
		for i := range page.Choices {
			page.Choices[i].Organisation = "NAME"
		}
		root := parse(t, body(t, write(t, p, "GET", 0, page)))
		for n := range root.Descendants() {
			if n.Data == "NAME" && n.Parent.Data != "bdi" {
				t.Errorf("%s: a name stands in %s", kind, n.Parent.Data)
			}
			if strings.Contains(n.Data, "NAME") && n.Data != "NAME" {
				t.Errorf("%s: a name stands among our words: %q", kind, n.Data)
			}
		}
		if strings.Contains(inner(byID(root, "title")), "NAME") {
			t.Errorf("%s: a name stands in the title", kind)
		}
	}
}

func TestP4_MachineNames(t *testing.T) {
	table := []struct{ in, want string }{
		{"qyapi_get_member", "qyapi_get_member"},
		{"Contact.User.mobile,Contact.User.Read", "Contact.User.mobile,Contact.User.Read"},
		{"call +86 123 now", "call86123now"},
		{"<b>请联系</b>", "b/b"},
		{strings.Repeat("a", 500), strings.Repeat("a", maxPermission)},
	}
	for _, row := range table {
		if got := token(row.in, maxPermission); got != row.want {
			t.Errorf("%q: %q, want %q", row.in, got, row.want)
		}
	}
}

func TestP11_Links(t *testing.T) {
	table := []struct{ in, want string }{
		{"https://app.example.com/start?a=1", "https://app.example.com/start?a=1"},
		{"http://127.0.0.1:8082/", "http://127.0.0.1:8082/"},
		{"/login/retry?id=1", "/login/retry?id=1"},
		{"", ""},
		{"javascript:alert(1)", ""},
		{"JaVaScRiPt:alert(1)", ""},
		{"java\nscript:alert(1)", ""},
		{"\tjavascript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"vbscript:x", ""},
		{"//evil.example/", ""},
		{`/\evil.example`, ""},
		{`https:\\evil.example`, ""},
		{"https:evil.example", ""},
		{"https:///path", ""},
		{"https://user:password@evil.example/", ""},
		{"ftp://example.com/", ""},
		{"relative", ""},
		{"https://a.example/%zz", ""},
		{"https://a.example/" + strings.Repeat("a", maxURL), ""},
	}
	p := newPages(t, theirs)
	for _, row := range table {
		root := parse(t, body(t, write(t, p, "GET", 0, Page{Kind: UpstreamDown, RetryURL: row.in})))
		button := byID(root, "retry")
		if row.want == "" {
			if button != nil {
				t.Errorf("%q became a link to %q", row.in, attr(button, "href"))
			}
			continue
		}
		if button == nil || attr(button, "href") != row.want {
			t.Errorf("%q did not become a link to %q", row.in, row.want)
		}
	}
}

func TestP11_Contacts(t *testing.T) {
	table := []struct{ in, want string }{
		{"it@example.com", "mailto:it@example.com"},
		{"https://help.example.com/", "https://help.example.com/"},
		{"http://help.example.com/", ""},
		{"the service desk, room 5", ""},
		{"javascript:alert(1)@example.com?x", ""},
		{"a@b", ""},
	}
	for _, row := range table {
		if got := reach(row.in); got != row.want {
			t.Errorf("%q leads to %q, want %q", row.in, got, row.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range attacks {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 1 + abs(most)%200
		got := clean(s, most)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > most+1 {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if r != ' ' && !visible(r) {
				t.Fatalf("%q has %U", got, r)
			}
		}
		if strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("%q has stray blanks", got)
		}
		if l := link(s); l != "" && !strings.HasPrefix(l, "/") && !strings.HasPrefix(l, "http") {
			t.Fatalf("link %q", l)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
