package dingtalk

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// unquote returns the value of a JSON string already found valid. Bytes that are
// no UTF-8 and lone surrogates become replacement characters.
func unquote(quoted []byte) string {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside)
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return "" // cannot be: the JSON is valid
	}
	return s
}

// The skip functions walk over valid JSON and return the index after what they skip.

func skipSpace(raw []byte, i int) int {
	for raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n' {
		i++
	}
	return i
}

func skipString(raw []byte, i int) int {
	i++
	end := i + bytes.IndexByte(raw[i:], '"')
	if bytes.IndexByte(raw[i:end], '\\') < 0 { // nearly always
		return end + 1
	}
	for ; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipValue(raw []byte, i int) int {
	depth := 0
	for {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default: // a number or a word
			for i < len(raw) && bytes.IndexByte(ends, raw[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

var ends = []byte(",]} \t\r\n")
