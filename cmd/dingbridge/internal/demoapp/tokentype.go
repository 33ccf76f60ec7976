package demoapp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// tokenType is the typ in the header of a JWS in compact form, in lower case and without
// the prefix that may be left out (RFC 7515 section 4.1.9). The library does not tell it,
// and without it a token of another kind might pass for this one (RFC 8725 section 3.11).
func tokenType(raw string) (string, error) {
	header, _, compact := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil || !compact || strings.ContainsAny(header, "\r\n") { // which the decoder skips
		return "", errors.New("not a JWS in compact form")
	}
	var fields struct {
		Type string `json:"typ"`
	}
	if err := json.Unmarshal(decoded, &fields); err != nil {
		return "", errors.New("the JWS has no header of its form")
	}
	return strings.TrimPrefix(strings.ToLower(fields.Type), "application/"), nil
}
