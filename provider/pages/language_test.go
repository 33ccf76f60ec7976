package pages

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestP7_Language(t *testing.T) {
	table := []struct{ locales, accept, want string }{
		{"", "", English},
		{"zh-CN", "", Chinese},
		{"zh-CN en", "en", Chinese},
		{"en zh-CN", "zh-CN", English},
		{"fr zh", "en", Chinese},
		{"fr de", "zh", Chinese},
		{"zh-Hant-TW", "", Chinese},
		{"ZH_cn", "", Chinese},
		{"zhx", "", English},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", Chinese},
		{"", "en-US,en;q=0.9,zh-CN;q=0.8", English},
		{"", "en;q=0.5, zh;q=0.6", Chinese},
		{"", "fr, zh;q=0.1", Chinese},
		{"", "ja", English},
		{"", "zh;q=0", English},
		{"", "zh;q=0.000, en;q=0.001", English},
		{"", "zh;q=1.001", English},
		{"", "zh;q=2", English},
		{"", "zh;q=-1", English},
		{"", "zh;q=0.1234", English},
		{"", "zh;q=0.x", English},
		{"", "zh;level=1", English},
		{"", "zh ; q=0.5", Chinese},
		{"", "zh;Q=1.000", Chinese},
		{"", "*", English},
		{"", "*;q=0.5, zh;q=0.4", English},
		{"", "*;q=0.3, zh;q=0.4", Chinese},
		{"", ",,;;, zh", Chinese},
		{"", "zh;q=0.8, en;q=0.8", Chinese},
		{strings.Repeat("x", 300) + " zh", "", English},
		{"", strings.Repeat("x,", 600) + "zh", English},
	}
	for _, row := range table {
		if got := Language(row.locales, row.accept); got != row.want {
			t.Errorf("ui_locales %.40q, Accept-Language %.40q: %s, want %s", row.locales, row.accept, got, row.want)
		}
	}
}

func TestP7_OfTheRequest(t *testing.T) {
	p := newPages(t, theirs)
	table := []struct{ target, accept, lang, want string }{
		{"/authorize", "", "", English},
		{"/authorize", "zh-CN", "", Chinese},
		{"/authorize?ui_locales=zh-CN", "en", "", Chinese},
		{"/authorize?ui_locales=en+zh", "zh", "", English},
		{"/authorize?ui_locales=en", "en", Chinese, Chinese},
		{"/authorize?ui_locales=%zz", "zh", "", Chinese},
	}
	for _, row := range table {
		r := httptest.NewRequest("GET", row.target, nil)
		r.Header.Set("Accept-Language", row.accept)
		w := httptest.NewRecorder()
		p.Write(w, r, 0, Page{Kind: Home, Lang: row.lang})
		if !strings.Contains(w.Body.String(), `<html lang="`+row.want+`">`) {
			t.Errorf("%s: the page does not say that it is %s", row.target, row.want)
		}
	}
}

func FuzzLanguage(f *testing.F) {
	f.Add("zh-CN en", "zh;q=0.8, en;q=0.9, *;q=0.1")
	f.Add("", "en;q=1.000,zh;q=0.")
	f.Fuzz(func(t *testing.T, locales, accept string) {
		got := Language(locales, accept)
		if got != English && got != Chinese {
			t.Fatalf("%q", got)
		}
		// Nobody gets Chinese without having written zh somewhere.
		if got == Chinese && !strings.Contains(strings.ToLower(locales+accept), "zh") {
			t.Fatalf("Chinese for %q and %q", locales, accept)
		}
	})
}
