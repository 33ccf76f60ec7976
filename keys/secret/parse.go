package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Bounds of a secret file.
const (
	// MinLength is the least number of characters of a secret.
	MinLength = 32
	// MaxSecrets is how many secrets a file may hold.
	MaxSecrets = 8

	maxLength = 1024     // characters of a secret
	maxFile   = 64 << 10 // bytes of a file

	// minDistinct is the least number of different characters. Not more than 8,
	// because a good secret may be written in hexadecimal, where 32 characters
	// show about 14 different ones and rarely only 10.
	minDistinct = 8
)

const remedy = "make one with `dingbridge secret new` or `openssl rand -base64 32`"

// Generate returns a fresh line for the file: 256 random bits in base64url.
func Generate() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Parse reads a secret file: one secret a line, the first of which issues; lines
// that are blank or begin with '#' say nothing. It reports all faults at once,
// joined, each with its line and a remedy and none with a secret. The texts say
// nothing of which file it is.
func Parse(file []byte) (*List, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("is longer than %d kB: it is to hold one secret a line; %s", maxFile>>10, remedy)
	}
	var (
		lines  []string
		faults []error
		seenAt = map[string]int{}
		idAt   = map[ID]int{}
	)
	number := 0
	for raw := range bytes.Lines(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))) {
		number++
		line := strings.Trim(string(raw), " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if weak := weakness(line); weak != "" {
			faults = append(faults, fmt.Errorf("line %d: %s; %s", number, weak, remedy))
			continue
		}
		if first, ok := seenAt[line]; ok {
			faults = append(faults, fmt.Errorf("line %d: same secret as on line %d; remove one of them", number, first))
			continue
		}
		seenAt[line] = number
		id := newEntry(line).id
		if first, ok := idAt[id]; ok {
			faults = append(faults, fmt.Errorf("line %d: cannot be told apart from the secret on line %d by its ID; %s", number, first, remedy))
			continue
		}
		idAt[id] = number
		if lines = append(lines, line); len(lines) > MaxSecrets {
			faults = append(faults, fmt.Errorf("line %d: more than %d secrets; remove the oldest, which nothing uses any more", number, MaxSecrets))
			break
		}
	}
	if len(lines) == 0 && len(faults) == 0 {
		faults = append(faults, fmt.Errorf("holds no secret; %s", remedy))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return newList(lines), nil
}

// weakness says, without quoting it, why a line cannot be a secret, or nothing.
func weakness(line string) string {
	distinct := map[byte]bool{}
	for i := range len(line) {
		// A space inside is most often a remark behind the secret, which must not
		// silently become a part of it on one replica and not on another.
		if line[i] <= ' ' || line[i] > '~' {
			return "a secret has no spaces and only printable ASCII characters"
		}
		distinct[line[i]] = true
	}
	switch {
	case len(line) < MinLength:
		return fmt.Sprintf("the secret is shorter than %d characters", MinLength)
	case len(line) > maxLength:
		return fmt.Sprintf("the secret is longer than %d characters", maxLength)
	case len(distinct) < minDistinct:
		return fmt.Sprintf("the secret has fewer than %d different characters", minDistinct)
	case strings.Contains((line + line)[1:2*len(line)-1], line):
		return "the secret repeats itself"
	}
	return ""
}
