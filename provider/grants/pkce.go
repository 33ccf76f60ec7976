package grants

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
)

// ValidChallenge tells whether s can be an S256 code_challenge: 43 characters of
// base64url that decode to 32 bytes (RFC 7636 section 4.2).
func ValidChallenge(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == sha256.Size && len(s) == 43
}

// checkPKCE compares a verifier with the challenge of the authorization request.
// The four combinations (RFC 7636 section 4.6, RFC 9700 section 2.1.1): both, and
// they fit; neither, where the client need not use PKCE; a challenge without
// verifier or a verifier without challenge never.
func checkPKCE(challenge, verifier string, required bool) error {
	switch {
	case challenge == "" && verifier == "":
		if required {
			return errors.New("no code_challenge was sent")
		}
		return nil
	case challenge == "":
		return errors.New("code_verifier without code_challenge")
	case verifier == "":
		return errors.New("code_verifier missing")
	case !validVerifier(verifier):
		return errors.New("code_verifier is not 43 to 128 unreserved characters")
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) != 1 {
		return errors.New("code_verifier does not fit")
	}
	return nil
}

// validVerifier: RFC 7636 section 4.1.
func validVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}
