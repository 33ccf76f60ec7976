package stream

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// members returns the members of a JSON object that have one of the names, in whatever
// letters, by the name as it is given here. It reports false if raw is no object, or if
// a name comes twice with different values: then it would hang on chance which counts.
func members(raw []byte, names ...string) (map[string]json.RawMessage, bool) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	found := map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		written, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || dec.Decode(&value) != nil {
			return nil, false // cannot be: the JSON is valid
		}
		for _, name := range names {
			if !strings.EqualFold(written, name) {
				continue
			}
			if old, twice := found[name]; twice && !bytes.Equal(old, value) {
				return nil, false
			}
			found[name] = value
		}
	}
	return found, true
}

// text returns a string, or a number as it is written, and nothing for all else. For
// numbers come where strings are documented.
func text(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch first := raw[0]; {
	case first == '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case first >= '0' && first <= '9':
		return string(raw)
	}
	return ""
}
