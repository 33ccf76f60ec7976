package people

import (
	"cmp"
	_ "embed" // the table of readings
	"strings"
	"unicode"
)

// pinyinTable has a line for each syllable, and in it the characters that are mostly
// read so. It is text that is searched when a name is made, once for a person, and costs
// nothing before: a map of it would cost every start of the program milliseconds and
// every process megabytes.
//
//go:embed pinyin.txt
var pinyinTable string

// pinyin writes a name of the directory in Latin letters, for slug to clean: surname,
// then given name, in one word without tones (zhangsan). It writes ü as v, as names of
// accounts do (lvbu; a passport has LYU). What is not of the name, a department or a
// remark in brackets or after a dash, is left out, and so are characters that the table
// does not have.
func pinyin(name string) string {
	var b strings.Builder
	text := properName(name)
	begun := false // a surname can only be at the beginning
	for text != "" && b.Len() <= maxUsername {
		n := strings.IndexFunc(text, func(r rune) bool { return !unicode.Is(unicode.Han, r) })
		if n == 0 {
			n = strings.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		}
		if n < 0 {
			n = len(text)
		}
		run := text[:n]
		text = text[n:]
		if !unicode.Is(unicode.Han, firstRune(run)) {
			// "Tom张三": a separator between, for slug.
			if begun && isLetter(run[0]) {
				b.WriteByte('-')
			}
			b.WriteString(run)
			if text != "" && isLetter(run[len(run)-1]) {
				b.WriteByte('-')
			}
			continue
		}
		if !begun {
			surname, reading := surnameOf(run)
			b.WriteString(reading)
			run = run[len(surname):]
		}
		begun = true
		for _, r := range run {
			b.WriteString(readingOf(r))
		}
	}
	return b.String()
}

// surnameOf returns the surname that a run of characters begins with, if it is one of
// our table, and how it is read. The longest one counts: 单于 is not 单.
func surnameOf(run string) (surname, reading string) {
	characters := []rune(run)
	for n := min(len(characters), longestSurname); n > 0; n-- {
		surname := string(characters[:n])
		if reading := lineOf(surnames, surname); reading != "" {
			return surname, reading
		}
	}
	return "", ""
}

// readingOf returns how a character is read in a given name; nothing if we do not know.
func readingOf(r rune) string {
	if reading := lineOf(givenNames, string(r)); reading != "" {
		return reading
	}
	return opens(pinyinTable, string(r))
}

// lineOf returns what opens the line of a table that has the word.
func lineOf(table, word string) string {
	return cmp.Or(opens(table, " "+word+" "), opens(table, " "+word+"\n"))
}

// opens returns the first word of the line that has what is sought.
func opens(table, sought string) string {
	at := strings.Index(table, sought)
	if at < 0 {
		return ""
	}
	reading, _, _ := strings.Cut(table[strings.LastIndexByte(table[:at], '\n')+1:], " ")
	return reading
}

// Signs behind which, or between which, the directories of companies note what is not
// of the name: 张三(外包), 【实习】张三, 张三-产品, 张三/Tom.
const (
	opening = "([{<（［｛＜【〔「『《〈〖"
	closing = ")]}>）］｝＞】〕」』》〉〗"
	behind  = "-‐‑–—―_/\\|,;:@#+&~.*=，；：、。／｜＿－＋～＠…"
)

// properName cuts a name of the directory to the name of the person.
func properName(name string) string {
	name = strings.TrimSpace(cleanText(name))
	for name != "" && strings.ContainsRune(opening+closing, firstRune(name)) {
		rest := name[len(string(firstRune(name))):]
		if at := strings.IndexAny(name, closing); at > 0 {
			if after := strings.TrimLeft(name[at:], closing+" "); after != "" {
				rest = after // else the whole name is in brackets
			}
		}
		name = strings.TrimSpace(rest)
	}
	if at := strings.IndexAny(name, opening); at >= 0 {
		name = name[:at]
	}
	// In Latin letters a dash or a blank is of the name: Jean-Luc, Lee Wang.
	var b strings.Builder
	chinese := false
	for i, r := range name {
		if chinese && strings.ContainsRune(behind, r) || chinese && r == ' ' && !isSurname(b.String()) {
			break
		}
		// 张 三 is one name, for the look of it; 张三 产品 was not.
		if chinese && r == ' ' && unicode.Is(unicode.Han, firstRune(name[i+1:])) || unicode.Is(unicode.Variation_Selector, r) {
			continue
		}
		b.WriteRune(r)
		chinese = chinese || unicode.Is(unicode.Han, r)
	}
	return b.String()
}

// isSurname tells whether nothing but a surname is there: one character, or a compound
// one that we know.
func isSurname(s string) bool {
	return len(s) == len(string(firstRune(s))) || lineOf(surnames, s) != ""
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func isLetter(c byte) bool { return isAlphanumeric(c) && (c < '0' || c > '9') }
