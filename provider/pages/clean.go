package pages

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Caps of what a page is given, in characters.
const (
	maxName       = 60
	maxContact    = 120
	maxPermission = 120
	maxRequestID  = 64
	maxUserCode   = 24
	maxEmail      = 254
	maxScheme     = 255      // bytes
	maxURL        = 17 << 10 // bytes; what a request may have
)

// clean makes foreign text fit to stand in one line among ours: white space
// becomes a single space, and what could hide, reorder or break a line is taken
// out. The rest is cut to most characters, with an ellipsis.
func clean(s string, most int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if r == utf8.RuneError || !visible(r) {
			continue
		}
		if n >= most || space && n+1 >= most {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// visible tells whether a rune may stand in a line. Controls (Cc), formats (Cf:
// bidirectional marks, zero-width characters, tags), private use and surrogates
// are not; nor are variation selectors and fillers that show nothing. A zero
// width joiner goes too, so that a joined emoji falls into its parts.
func visible(r rune) bool {
	switch {
	case unicode.Is(unicode.C, r), unicode.Is(unicode.Variation_Selector, r):
		return false
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), r == 0x2800:
		return false
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		// Heaps of combining marks leave their line. Names in the languages that
		// need them are rare here, and legible without.
		return false
	}
	return unicode.IsGraphic(r)
}

// token keeps what a machine's name may have: no blanks, so no sentences.
func token(s string, most int) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case strings.ContainsRune("._-:/,", r):
			return r
		}
		return -1
	}, s)
	return cut(kept, most)
}

// link gives back a URL that a button may lead to, or nothing: a path of ours,
// or an absolute http or https URL without a name and password in it.
func link(s string) string {
	if s == "" || len(s) > maxURL || strings.ContainsAny(s, "\\\x00\t\r\n") {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return ""
	}
	switch {
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Opaque == "":
		return u.String()
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//"):
		return u.String()
	}
	return ""
}

// reach gives the link behind a contact: an e-mail address or an https page.
func reach(contact string) string {
	if strings.ContainsAny(contact, " ") {
		return ""
	}
	if local, domain, ok := strings.Cut(contact, "@"); ok && local != "" &&
		strings.Contains(domain, ".") && token(local+domain, maxContact) == local+domain {
		return "mailto:" + contact
	}
	if strings.HasPrefix(contact, "https://") {
		return link(contact)
	}
	return ""
}
