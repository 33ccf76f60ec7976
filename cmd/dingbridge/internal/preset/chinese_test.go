package preset

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	han  = regexp.MustCompile(`\p{Han}`)
	code = regexp.MustCompile("`[^`]+`")
)

// TestP6_InChineseTheWordsAreOthersAndTheConfigurationTheSame: every text is there, is
// Chinese, and names the same keys, commands and addresses.
func TestP6_InChineseTheWordsAreOthersAndTheConfigurationTheSame(t *testing.T) {
	files, err := zh.ReadDir("zh")
	if err != nil || len(files) != len(All())+1 {
		t.Errorf("%d files of Chinese words for %d presets and the rest (%v)", len(files), len(All()), err)
	}
	for _, p := range append(All(), Generic()) {
		c, err := p.InChinese()
		if err != nil {
			t.Error(err)
			continue
		}
		same(t, p.Name+": about", p.About, c.About)
		same(t, p.Name+": check", p.Check, c.Check)
		same(t, p.Name+": with", p.Proof.With, c.Proof.With)
		for i := range p.Notes {
			same(t, p.Name+": note", p.Notes[i], c.Notes[i])
		}
		for i := range p.Files {
			if p.Files[i].Text != c.Files[i].Text || p.Files[i].Format != c.Files[i].Format {
				t.Errorf("%s: %s is another file in Chinese", p.Name, p.Files[i].Name)
			}
			if strings.ContainsAny(p.Files[i].Name, " ,") && !han.MatchString(c.Files[i].Name) {
				t.Errorf("%s: where %q goes is not in Chinese", p.Name, c.Files[i].Name)
			}
		}
		if !reflect.DeepEqual(c.Clients, p.Clients) || c.Entry != p.Entry || !slices.Equal(c.Proof.Tests, p.Proof.Tests) {
			t.Errorf("%s: in Chinese another client or proof", p.Name)
		}
	}
	if _, err := (Preset{Name: "none"}).InChinese(); err == nil {
		t.Error("words that nobody wrote")
	}
	if _, err := (Preset{Name: "grafana"}).InChinese(); err == nil {
		t.Error("more notes than the preset has")
	}
}

// same: what is in code, places for values, and addresses are no words.
func same(t *testing.T, where, english, chinese string) {
	t.Helper()
	if !han.MatchString(chinese) {
		t.Errorf("%s is not in Chinese: %q", where, chinese)
	}
	for _, pattern := range []*regexp.Regexp{code, place, regexp.MustCompile(`https?://[!-~]+|CVE-[0-9-]+|--[a-z][a-z-]+`)} {
		want, have := pattern.FindAllString(english, -1), pattern.FindAllString(chinese, -1)
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(slices.Compact(want), slices.Compact(have)) {
			t.Errorf("%s names %q, and in Chinese %q", where, want, have)
		}
	}
}
