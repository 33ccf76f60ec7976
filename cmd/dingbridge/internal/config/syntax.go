package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var yamlLine = regexp.MustCompile(`line ([0-9]+): (.*)`)

// slips are what people with a Chinese keyboard, or who copied from a web page, write
// where YAML wants something else that looks the same. Only a file that is not YAML is
// searched for them, since the parser finds such a line a line late and in other words.
var slips = []struct {
	line         *regexp.Regexp
	text, remedy string
}{
	{regexp.MustCompile(`^ *\t\s*[^\s#]`), "a line is indented with a tab", "indent it with spaces"},
	{regexp.MustCompile(`^\s*[\x{a0}\x{3000}]+\s*[^\s#]`), "a line is indented with blanks that are not the ordinary ones", "indent it with the space bar, without a Chinese input method"},
	{regexp.MustCompile(`^\s*(- *)?\w+\s*：`), "a key has the wide colon ： after it", "write : and a space"},
	{regexp.MustCompile(`^\s*(- +)?\w+:[^\s:/]`), "a colon has no space after it", "write one"},
}

// syntax notes an error of the YAML parser, which gives its line in words.
func (d *decoder) syntax(data []byte, err error) {
	line, text, remedy := 1, "is not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "mind indentation, colons and quotes"
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = "is not YAML: " + m[2]
	}
	wide := bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) // UTF-16, which YAML takes
	for i, raw := range bytes.Split(data, []byte("\n")) {
		if wide || !utf8.Valid(raw) {
			if !wide {
				line, text, remedy = i+1, "is not text in UTF-8", "save the file as UTF-8"
			}
			break
		}
		if slip, ok := slipIn(raw); ok {
			line, text, remedy = i+1, "is not YAML: "+slips[slip].text, slips[slip].remedy
			break
		}
	}
	d.faults = append(d.faults, Fault{File: d.file, Line: max(line, 1), Text: text, Remedy: remedy})
}

func slipIn(line []byte) (int, bool) {
	for i, s := range slips {
		if s.line.Match(line) {
			return i, true
		}
	}
	return 0, false
}
