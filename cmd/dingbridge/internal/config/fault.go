package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing wrong with what the operator wrote.
type Fault struct {
	File   string // as given on the command line, or "environment"
	Line   int    // from 1; 0 when the fault has no line
	Path   string // of the value, such as dingtalk.organisations[0].corp_id; may be empty
	Text   string // what is wrong
	Remedy string // what to do about it; may be empty
}

// String is `file:line: path: text; remedy`.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Text)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

// Faults are all that is wrong. A nil or empty Faults is no error: return it
// through [Faults.Err].
type Faults []Fault

// Error has one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Err is f in the order of the file, or nil if there is no fault.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return sorted
}

// A position is where a value was written.
type position struct {
	file string
	line int
}

// positions tells where each value that was given was written, by its path. A
// path that is missing was not given.
type positions map[string]position

// given reports whether somebody wrote a value at path.
func (p positions) given(path string) bool {
	_, ok := p[path]
	return ok
}

// fault makes a fault at path: at its own line, else at the line of the nearest
// value around it, so that what is missing points at where it belongs.
func (p positions) fault(path, text, remedy string) Fault {
	at := path
	for {
		if pos, ok := p[at]; ok {
			return Fault{File: pos.file, Line: pos.line, Path: path, Text: text, Remedy: remedy}
		}
		if at == "" {
			return Fault{Path: path, Text: text, Remedy: remedy}
		}
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
}

// join is the path of the field called key in the value at path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// item is the path of the element i of the list at path.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
