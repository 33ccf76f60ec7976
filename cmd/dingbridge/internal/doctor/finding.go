package doctor

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// A Severity says what a finding means for logins.
type Severity string

// The severities.
const (
	OK      Severity = "ok"      // in order
	Unknown Severity = "unknown" // cannot be seen from here: look yourself
	Warning Severity = "warning" // logins work, but not for all, or not for ever
	Fault   Severity = "fault"   // logins fail, or what was granted is not safe
)

// A Text is what a kind of finding says, with {values} to be put in, and what to do.
type Text struct {
	Says   string
	Remedy string // empty where nothing is to be done
}

// A Kind is a row of the catalogue.
type Kind struct {
	ID       string // stable: scripts may go by it
	Severity Severity
	English  Text
	Chinese  Text
}

// A Finding is one thing that was found.
type Finding struct {
	Kind   Kind
	Values map[string]string // by the names in the texts' braces; free of secrets

	// CorpID and Organisation are whose app it is about; empty if about none.
	CorpID, Organisation string
	// DingTalk is the refusal that it was concluded from, nil if none.
	DingTalk *dingtalk.Error
}

// In returns the texts in a language, "zh" or "en", with the values in them.
func (f Finding) In(language string) Text {
	t := f.Kind.English
	if language == Chinese {
		t = f.Kind.Chinese
	}
	return Text{Says: f.fill(t.Says), Remedy: f.fill(t.Remedy)}
}

func (f Finding) fill(text string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		pairs = append(pairs, "{"+name+"}", f.Values[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// longestValue is how much of a value is shown, in bytes.
const longestValue = 600

// shown makes a value fit for a terminal: without control and direction characters, and
// not endless. Much of what is shown was said by others.
func shown(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, value)
	if len(value) <= longestValue {
		return value
	}
	return strings.ToValidUTF8(value[:longestValue], "") + "…"
}

// same tells whether two findings say the same of the same organisation.
func same(a, b Finding) bool {
	return a.Kind.ID == b.Kind.ID && a.CorpID == b.CorpID && maps.Equal(a.Values, b.Values)
}
