package audit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes a foreign value fit for a line of a log: what could break, hide or
// reorder text is replaced by a blank, and the rest is capped at most bytes. The
// usual value is short and plain and comes back as it is.
func clean(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), most) + len("…"))
	for _, r := range s {
		if b.Len()+utf8.RuneLen(r) > most {
			b.WriteString("…")
			break
		}
		if r == utf8.RuneError || !printable(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain tells whether a value is nothing but printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func printable(r rune) bool {
	return r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) &&
		!unicode.Is(unicode.Variation_Selector, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// prefix cuts an id to what is enough to follow it through a log.
func prefix(id string) string {
	if len(id) > maxPrefix {
		id = id[:maxPrefix]
	}
	return clean(id, maxPrefix)
}

// scrub takes out of a free text what may be a secret, then cleans it: the query
// of every URL (DingTalk's old API carries tokens there), name and password
// before a host (Redis URLs), values of forms that are named like a secret, and
// every long word that looks random.
func scrub(s string, most int) string {
	// What is behind the cap is not looked at, save for a word that crosses it.
	if len(s) > 4*most {
		s = s[:4*most]
	}
	var b strings.Builder
	for len(s) > 0 {
		end := strings.IndexFunc(s, delimits)
		switch {
		case end == 0:
			_, size := utf8.DecodeRuneInString(s)
			b.WriteString(s[:size])
			s = s[size:]
			continue
		case end < 0:
			end = len(s)
		}
		b.WriteString(word(s[:end]))
		s = s[end:]
	}
	return clean(b.String(), most)
}

// delimits tells where a word of a text ends.
func delimits(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\"'`<>(){}[],;|", r)
}

// word hides the secret parts of one word.
func word(w string) string {
	if at := strings.Index(w, "://"); at >= 0 {
		rest := w[at+3:]
		host, path := rest, ""
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			host, path = rest[:i], rest[i:]
		}
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = "-@" + host[i+1:]
		}
		if i := strings.IndexAny(path, "?#"); i >= 0 {
			path = path[:i] + "?-"
		}
		return w[:at+3] + host + hideRandom(path)
	}
	if i := strings.IndexByte(w, '?'); i >= 0 && strings.Contains(w[i:], "=") {
		w = w[:i] + "?-"
	}
	if strings.IndexByte(w, '=') >= 0 {
		w = hideNamed(w)
	}
	return hideRandom(w)
}

// hideNamed hides the values of a form, "code=abc&x=1", that are named like a secret.
func hideNamed(w string) string {
	pairs := strings.Split(w, "&")
	for i, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" && secretive(name) {
			pairs[i] = name + "=-"
		}
	}
	return strings.Join(pairs, "&")
}

// hideRandom replaces every run of at least 32 token characters that has a digit
// by a dash. A UUID is left: DingTalk's request ids look so, and help; and a corpId, which
// is public.
func hideRandom(w string) string {
	if len(w) < 32 {
		return w
	}
	var b strings.Builder
	for len(w) > 0 {
		n := 0
		for n < len(w) && tokenChar(w[n]) {
			n++
		}
		run := w[:n]
		if n >= 32 && strings.ContainsAny(run, "0123456789") && !uuid(run) && !corpID(run) {
			run = "-"
		}
		b.WriteString(run)
		for w = w[n:]; len(w) > 0 && !tokenChar(w[0]); w = w[1:] {
			b.WriteByte(w[0])
		}
	}
	return b.String()
}

func tokenChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '+' || c == '%' || c == '~'
}

// corpID tells DingTalk's own form of one.
func corpID(s string) bool {
	hex, found := strings.CutPrefix(s, "ding")
	return found && len(s) <= 36 && strings.Trim(hex, "0123456789abcdef") == ""
}

func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash != (s[i] == '-'):
			return false
		case !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])):
			return false
		}
	}
	return true
}
