package dingtalk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isID reports whether s can name somebody: short, visible, exact. A replacement
// character would make different ids equal, and so would the word that stands for
// "no id" in some language.
func isID(s string) bool {
	if s == "null" || s == "undefined" {
		return false
	}
	if s == "" || len(s) > 256 || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isToken reports whether s can travel in a header and a URL: visible ASCII.
func isToken(s string) bool {
	if s == "" || len(s) > 4096 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
