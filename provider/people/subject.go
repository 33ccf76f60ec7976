package people

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// A Subject is a person's sub: 26 characters of lower-case base32 (RFC 4648 §6,
// without padding).
type Subject string

var subjectEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// SubjectOf makes the sub of a unionId in an organisation. It needs no state and no
// key, so that it survives the loss of both; the hash keeps it from telling the
// unionId. NUL cannot be part of either id.
func SubjectOf(corpID, unionID string) Subject {
	sum := sha256.Sum256([]byte("dingbridge/sub/1\x00" + corpID + "\x00" + unionID))
	return SubjectFromRaw([16]byte(sum[:16]))
}

// SubjectFromRaw is the inverse of [Subject.Raw].
func SubjectFromRaw(raw [16]byte) Subject { return Subject(subjectEncoding.EncodeToString(raw[:])) }

// Raw returns the 16 bytes that tokens carry; false if s is not a sub in its one
// spelling.
func (s Subject) Raw() (raw [16]byte, ok bool) {
	bytes, err := subjectEncoding.DecodeString(string(s))
	if err != nil || len(bytes) != len(raw) {
		return raw, false
	}
	raw = [16]byte(bytes)
	return raw, SubjectFromRaw(raw) == s
}

// plausibleIDs refuses ids that could not come from DingTalk and would make
// SubjectOf ambiguous.
func plausibleIDs(ids ...string) bool {
	for _, id := range ids {
		if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return false
		}
	}
	return true
}
