package people

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxTextRunes = 128

// cleanText makes a name from DingTalk harmless to show: no control, bidi,
// zero-width or private-use characters, nothing that was broken on the way (a lone
// surrogate arrives as U+FFFD), single spaces, at most 128 runes. What it means in
// HTML or a log is the business of whoever writes those.
func cleanText(s string) string {
	var b strings.Builder
	runes, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case !shown(r):
			continue
		}
		if space {
			if runes++; runes >= maxTextRunes {
				break
			}
			b.WriteByte(' ')
			space = false
		}
		if runes >= maxTextRunes {
			break
		}
		b.WriteRune(r)
		runes++
	}
	return b.String()
}

// shown tells letters, marks, numbers, signs and emoji from what has no picture of
// its own. Variation selectors stay: an emoji is written with one.
func shown(r rune) bool {
	const brailleBlank = 0x2800
	return r != utf8.RuneError && r != brailleBlank &&
		unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// cleanURL returns a picture's address if it is plain https, else nothing. It is
// passed on and never fetched: whoever sets it could name an address of ours.
func cleanURL(s string) string {
	if len(s) > 2048 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", r) }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return s
}
