package dingtalk

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const (
	maxMessage = 512 // bytes of Error.Message and of a cause's text
	maxLabel   = 128 // bytes of Error.Code, RequestID, Permission
)

// scrub makes all texts of the Error fit for a log and a page: nothing of the
// secrets, no control or direction characters, no endless lines.
func (e *Error) scrub(secrets ...string) {
	e.Code = clean(e.Code, maxLabel, secrets)
	e.Message = clean(e.Message, maxMessage, secrets)
	e.RequestID = clean(e.RequestID, maxLabel, secrets)
	e.Permission = clean(e.Permission, maxLabel, secrets)
	switch e.Err {
	case nil, context.Canceled, context.DeadlineExceeded, ErrNotMigrated: // fixed texts that callers compare with
	default:
		e.Err = errors.New(clean(e.Err.Error(), maxMessage, secrets))
	}
}

// clean removes what cannot be printed, then the secrets (so that no secret hides
// behind an invisible character), then cuts (so that no cut leaves half a secret).
func clean(s string, limit int, secrets []string) string {
	if s == "" {
		return ""
	}
	s = strings.TrimSpace(strings.Map(printable, s))
	var forms []string
	for _, secret := range secrets {
		if secret != "" {
			forms = append(forms, secret, url.QueryEscape(secret))
		}
	}
	// Longest first: a secret that is part of another must not leave the rest of it.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range forms {
		pairs = append(pairs, form, "[secret]")
	}
	s = strings.NewReplacer(pairs...).Replace(s)
	if len(s) <= limit {
		return s
	}
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
