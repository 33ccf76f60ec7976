package stream

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const maxWords = 256 // bytes of what another said, in an error or a log

// clean makes words of the server fit for a log: without what cannot be printed, then
// without the secrets (so that none hides behind an invisible character), then cut (so
// that no cut leaves half a secret).
func clean(s string, secrets ...string) string {
	s = strings.TrimSpace(strings.Map(printable, s))
	var forms []string
	for _, secret := range secrets {
		if secret != "" {
			forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret))
		}
	}
	// Longest first: a secret that is part of another must not leave the rest of it.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range forms {
		pairs = append(pairs, form, "[secret]")
	}
	s = strings.NewReplacer(pairs...).Replace(s)
	if len(s) <= maxWords {
		return s
	}
	limit := maxWords
	for limit > 0 && s[limit]&0xC0 == 0x80 { // not inside a character
		limit--
	}
	return s[:limit] + "…"
}

// printable maps what has no visible form to nothing, and line breaks to spaces.
func printable(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
		return -1
	}
	return r
}
