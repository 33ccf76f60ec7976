package device

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// letters are those of a user code: no vowels, so that it spells no word, and none
// that is taken for a digit (RFC 8628 section 6.1). Eight of them are 34 bits.
const letters = "BCDFGHJKLMNPQRSTVWXZ"

const codeLength = 8

// maxTyped bounds what a person may have typed for a code, in bytes.
const maxTyped = 64

// newUserCode makes a code in its stored spelling.
func newUserCode() string {
	var code [codeLength]byte
	for i := 0; i < len(code); {
		var b [1]byte
		rand.Read(b[:])                                        // never fails: it ends the program instead
		if n := int(b[0]); n < 256/len(letters)*len(letters) { // each letter equally likely
			code[i] = letters[n%len(letters)]
			i++
		}
	}
	return string(code[:])
}

// FormatUserCode writes a code as it is shown: XXXX-XXXX. code is in the spelling
// that NormalizeUserCode gives.
func FormatUserCode(code string) string {
	return code[:codeLength/2] + "-" + code[codeLength/2:]
}

// NormalizeUserCode reads what a person typed: eight letters, in either case, among
// dashes and spaces of any kind, full width as an input method for Chinese may write
// them. ok is false for what cannot be a code.
func NormalizeUserCode(typed string) (code string, ok bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	var b strings.Builder
	for _, r := range typed {
		if r >= '！' && r <= '～' { // full width
			r -= '！' - '!'
		}
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch {
		case strings.ContainsRune("-_‐‑‒–—―−\u3000\u00a0 \t\r\n", r):
		case strings.ContainsRune(letters, r):
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == codeLength
}

// userKeys names the record of a code under each secret, first the one that issues. A
// code is short enough to be tried out, so it is not the code's hash but its MAC.
func (s *Steps) userKeys(code string) []string {
	macs := s.secrets.DeriveAll("user code", []byte(code))
	keys := make([]string, len(macs))
	for i, mac := range macs {
		keys[i] = "usercode/" + base64.RawURLEncoding.EncodeToString(mac)
	}
	return keys
}
