package pages

import (
	"strings"
)

// The languages that the pages are written in, as BCP 47 tags.
const (
	Chinese = "zh-CN"
	English = "en"
)

// Longer wishes than this are cut: nobody reads that many languages.
const (
	maxLocales = 256
	maxAccept  = 1024
)

// Language picks the language of a page: the first of ui_locales (OpenID Connect
// Core 1.0 section 3.1.2.1, space-separated, best first) that we have, else the
// best of Accept-Language (RFC 9110 section 12.5.4), else English. Any Chinese
// is Chinese, any English is English. Malformed parts count for nothing.
func Language(uiLocales, acceptLanguage string) string {
	for tag := range strings.FieldsSeq(cut(uiLocales, maxLocales)) {
		if lang := ours(tag); lang != "" {
			return lang
		}
	}
	best, bestQ := English, 0
	for item := range strings.SplitSeq(cut(acceptLanguage, maxAccept), ",") {
		tag, params, weighted := strings.Cut(item, ";")
		q := 1000
		if weighted {
			q = quality(params)
		}
		tag = strings.Trim(tag, " \t")
		lang := ours(tag)
		if tag == "*" {
			lang = English
		}
		if lang != "" && q > bestQ {
			best, bestQ = lang, q
		}
	}
	return best
}

// ours maps a language tag to one of our languages, or to nothing.
func ours(tag string) string {
	primary := tag
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		primary = tag[:i]
	}
	switch strings.ToLower(primary) {
	case "zh":
		return Chinese
	case "en":
		return English
	}
	return ""
}

// quality reads "q=0.8" as thousandths. What is no quality value of RFC 9110
// section 12.4.2 is 0: not wanted.
func quality(param string) int {
	name, value, ok := strings.Cut(strings.Trim(param, " \t"), "=")
	if !ok || !strings.EqualFold(name, "q") {
		return 0
	}
	whole, decimals, _ := strings.Cut(value, ".")
	if whole != "0" && whole != "1" || len(decimals) > 3 {
		return 0
	}
	thousandths := 0
	for i := range 3 {
		digit := 0
		if i < len(decimals) {
			if decimals[i] < '0' || decimals[i] > '9' {
				return 0
			}
			digit = int(decimals[i] - '0')
		}
		thousandths = thousandths*10 + digit
	}
	if whole == "1" {
		if thousandths != 0 {
			return 0
		}
		return 1000
	}
	return thousandths
}

func cut(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}
