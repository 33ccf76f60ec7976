package dingbridge_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A page of docs/zh is the whole of its English twin, in the same order: who compares the
// two finds each heading, table and block of code in the same place.

// untranslated are the pages that have no Chinese twin, and why. All others need one: an
// administrator, the owner of an app and a reviewer read no page that is in English alone.
var untranslated = map[string]string{
	"docs/conformance.md": "for developers: a list of sections of standards, and of tests",
	"docs/one-login.md":   "for developers: a way through the code",
	"docs/state.md":       "for developers: a list of keys in storage, and of round trips",
	"docs/decisions/":     "for developers: why the code is as it is",
}

// twinOf is the path of the same page in the other language; "" if it has none by its place.
func twinOf(page string) string {
	page = filepath.ToSlash(page)
	switch {
	case page == "README.md":
		return "README.zh-CN.md"
	case page == "README.zh-CN.md":
		return "README.md"
	case strings.HasPrefix(page, "docs/zh/"):
		return "docs/" + strings.TrimPrefix(page, "docs/zh/")
	case strings.HasPrefix(page, "docs/"):
		return "docs/zh/" + strings.TrimPrefix(page, "docs/")
	}
	return ""
}

func TestEveryPageHasAChineseTwin(t *testing.T) {
	all := documents(t)
	for page := range all {
		page = filepath.ToSlash(page)
		if !strings.HasPrefix(page, "docs/") {
			continue
		}
		without := slices.ContainsFunc(keys(untranslated), func(prefix string) bool { return strings.HasPrefix(page, prefix) })
		_, there := all[filepath.FromSlash(twinOf(page))]
		switch {
		case without && there:
			t.Errorf("%s has a twin, and is in the list of those without", page)
		case !without && !there:
			t.Errorf("%s has no twin %s", page, twinOf(page))
		}
	}
}

func TestChinesePagesSayTheSame(t *testing.T) {
	all := documents(t)
	compared := 0
	for page, chinese := range all {
		if !strings.HasPrefix(filepath.ToSlash(page), "docs/zh/") {
			continue
		}
		twin := filepath.FromSlash(twinOf(page))
		english, there := all[twin]
		if !there {
			t.Errorf("%s has no twin %s", page, twin)
			continue
		}
		compared++
		compare(t, page, "heading", outline(english), outline(chinese))
		compare(t, page, "table", tables(english), tables(chinese))
		if !slices.Contains([]string{"docs/zh/doctor.md", "docs/zh/settings.md"}, filepath.ToSlash(page)) {
			compare(t, page, "row of figures", figures(english), figures(chinese)) // tests of their own hold these two to the code
		}
		compare(t, page, "block of code", codeOf(t, twin), codeOf(t, page))
		if !linksTo(page, chinese, twin) || !linksTo(twin, english, page) {
			t.Errorf("%s and %s do not link to each other", page, twin)
		}
	}
	if compared == 0 {
		t.Error("no page was compared")
	}
}

func TestChinesePagesLinkToChinesePages(t *testing.T) {
	all := documents(t)
	for page, text := range all {
		if !strings.HasPrefix(filepath.ToSlash(page), "docs/zh/") && page != "README.zh-CN.md" {
			continue
		}
		for _, target := range targets(page, text) {
			twin := filepath.FromSlash(twinOf(target))
			_, chinese := all[twin]
			english := !strings.HasPrefix(filepath.ToSlash(target), "docs/zh/") && target != "README.zh-CN.md"
			if english && chinese && twin != page {
				t.Errorf("%s links to %s, which is there in Chinese: %s", page, target, twin)
			}
		}
	}
}

// TestTheIndexHasEveryPage: whoever looks for a page finds it by what they are.
func TestTheIndexHasEveryPage(t *testing.T) {
	all := documents(t)
	for _, index := range []string{"docs/README.md", "docs/zh/README.md"} {
		index = filepath.FromSlash(index)
		linked := targets(index, all[index])
		for page := range all {
			beside := filepath.Dir(page) == "docs" || filepath.Dir(page) == filepath.Dir(index)
			if _, chinese := all[filepath.FromSlash(twinOf(page))]; chinese && filepath.Dir(page) != filepath.Dir(index) {
				continue // the index of the other language has it
			}
			if beside && page != index && !slices.Contains(linked, page) {
				t.Errorf("%s does not list %s", index, page)
			}
		}
	}
}

func compare(t *testing.T, page, what string, english, chinese []string) {
	t.Helper()
	for i := range max(len(english), len(chinese)) {
		if i >= len(english) || i >= len(chinese) {
			t.Errorf("%s has another number of each %s than its twin: %d, and %d", page, what, len(chinese), len(english))
			return
		}
		if english[i] != chinese[i] {
			t.Errorf("%s: %s %d is not that of its twin\n%s\nof its twin:\n%s", page, what, i+1, chinese[i], english[i])
		}
	}
}

// prose is a document without its blocks of code.
func prose(text string) string { return fence.ReplaceAllString(text, "") }

// outline is the level of each heading.
func outline(text string) (levels []string) {
	for _, heading := range regexp.MustCompile(`(?m)^(#+) `).FindAllStringSubmatch(prose(text), -1) {
		levels = append(levels, heading[1])
	}
	return levels
}

// tables is the shape of each table: how many cells each of its rows has.
func tables(text string) (shapes []string) {
	shape := ""
	for line := range strings.SplitSeq(prose(text)+"\n", "\n") {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "")
		if strings.HasPrefix(line, "|") {
			shape += fmt.Sprint(strings.Count(line, "|")-1, " ")
			continue
		}
		if shape != "" {
			shapes = append(shapes, shape)
		}
		shape = ""
	}
	return shapes
}

var (
	number = regexp.MustCompile(`(?:^|[^A-Za-z_0-9.,])([0-9][0-9.,]*)`)
	spans  = regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)")
)

// figures are the numbers in each row of the tables, whatever their order: what was
// measured anew is measured in both languages.
func figures(text string) (rows []string) {
	for line := range strings.SplitSeq(prose(text), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "|") {
			continue
		}
		var found []string
		for _, match := range number.FindAllStringSubmatch(spans.ReplaceAllString(line, "`"), -1) {
			found = append(found, strings.TrimRight(match[1], ".,"))
		}
		slices.Sort(found)
		rows = append(rows, strings.Join(found, " "))
	}
	return rows
}

var remark = regexp.MustCompile(`(?m)(?:^|[ \t]+)(?:#|//) .*$|<!--.*?-->`)

// codeOf is each block of code without the comments in it, which may be translated. What is
// in no language is a drawing, or what somebody sees: a page may speak either language.
func codeOf(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, b := range blocks(t, page) {
		text := remark.ReplaceAllString(b.text, "")
		if b.language == "" && strings.HasPrefix(b.mark, "the ") {
			text = ""
		}
		all = append(all, b.mark+"\n"+b.language+"\n"+text)
	}
	return all
}

// targets are the files that a document links to.
func targets(page, text string) (files []string) {
	for _, match := range regexp.MustCompile(`\]\(([^)#\s]+)[^)\s]*\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(match[1], "://") {
			files = append(files, filepath.Join(filepath.Dir(page), filepath.FromSlash(match[1])))
		}
	}
	return files
}

func linksTo(page, text, target string) bool { return slices.Contains(targets(page, text), target) }

func keys(m map[string]string) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}
