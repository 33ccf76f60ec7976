package people

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	library "github.com/mozillazg/go-pinyin"
)

// The table of readings is made from that of go-pinyin:
// `go test ./provider/people -run TestPinyinTable -update` writes it.

var update = flag.Bool("update", false, "write pinyin.txt anew")

const pinyinHead = `# How Chinese characters are read, without tones, ü as v: a line for each syllable. Made from
# the table of github.com/mozillazg/go-pinyin, v` + library.Version + `, which is under this licence:
#
# The MIT License (MIT)
#
# Copyright (c) 2016 mozillazg
#
# Permission is hereby granted, free of charge, to any person obtaining a copy
# of this software and associated documentation files (the "Software"), to deal
# in the Software without restriction, including without limitation the rights
# to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
# copies of the Software, and to permit persons to whom the Software is
# furnished to do so, subject to the following conditions:
#
# The above copyright notice and this permission notice shall be included in all
# copies or substantial portions of the Software.
#
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
# IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
# FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
# AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
# LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
# OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
# SOFTWARE.
`

func TestPinyinTable(t *testing.T) {
	made := pinyinFile(t)
	if *update {
		if err := os.WriteFile("pinyin.txt", []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if pinyinTable != made {
		t.Error("pinyin.txt is not what the library says; run go test ./provider/people -run TestPinyinTable -update")
	}
}

func pinyinFile(t *testing.T) string {
	t.Helper()
	lines := map[string][]rune{}
	for code := range library.PinyinDict {
		r := rune(code)
		if !unicode.Is(unicode.Han, r) {
			continue // its table has private characters too
		}
		syllable := library.SinglePinyin(r, library.NewArgs())[0]
		if strings.Trim(syllable, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%c is read %q", r, syllable)
		}
		lines[syllable] = append(lines[syllable], r)
	}
	var b strings.Builder
	b.WriteString(pinyinHead)
	for _, syllable := range slices.Sorted(maps.Keys(lines)) {
		slices.Sort(lines[syllable])
		b.WriteString(syllable + " " + string(lines[syllable]) + "\n")
	}
	return b.String()
}
