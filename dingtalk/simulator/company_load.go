package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// CompanyFault is one thing wrong with a company file.
type CompanyFault struct {
	Line int // 0 when the company did not come from a file
	Text string
}

func (f CompanyFault) String() string {
	if f.Line == 0 {
		return f.Text
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Text)
}

// CompanyError holds all that is wrong with a company, in order of lines.
type CompanyError struct{ Faults []CompanyFault }

func (e *CompanyError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// LoadCompany reads a company file. Unknown and doubled keys, wrong types and
// broken references are errors, all reported at once as a [*CompanyError].
func LoadCompany(file []byte) (*Company, error) {
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(file))
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, &CompanyError{[]CompanyFault{{1, "the file is empty"}}}
	case err != nil:
		return nil, &CompanyError{[]CompanyFault{yamlFault(err.Error())}}
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &CompanyError{[]CompanyFault{{max(more.Line, 1), "one document is expected, and here begins another"}}}
	}

	var c Company
	strict := yaml.NewDecoder(bytes.NewReader(file))
	strict.KnownFields(true)
	var faults []CompanyFault
	if err := strict.Decode(&c); err != nil {
		var types *yaml.TypeError
		if !errors.As(err, &types) {
			return nil, &CompanyError{[]CompanyFault{yamlFault(err.Error())}}
		}
		for _, text := range types.Errors {
			faults = append(faults, yamlFault(text))
		}
	}
	// The rest is checked too, so that one run names every fault.
	var ce *CompanyError
	if err := c.check(&root); errors.As(err, &ce) {
		faults = append(faults, followUps(faults, ce.Faults)...)
	}
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b CompanyFault) int { return a.Line - b.Line })
		return nil, &CompanyError{faults}
	}
	return &c, nil
}

// followUps leaves out of found what only follows from the faults of
// decoding: a value of the wrong type is missing too, and of a mapping with a
// doubled key nothing was decoded at all.
func followUps(decoding, found []CompanyFault) []CompanyFault {
	lines := map[int]bool{}
	for _, f := range decoding {
		if strings.Contains(f.Text, "already defined") {
			return nil
		}
		lines[f.Line] = !strings.HasPrefix(f.Text, "unknown key")
	}
	return slices.DeleteFunc(found, func(f CompanyFault) bool { return lines[f.Line] })
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	yamlUnknown = regexp.MustCompile(`^field (\S+) not found in type .*$`)
	yamlType    = regexp.MustCompile(`into simulator\.(\w+)$`)
)

// yamlFault rewords a message of the YAML library without the names of our
// Go types, which mean nothing to the writer of a company file.
func yamlFault(text string) CompanyFault {
	f := CompanyFault{Line: 1, Text: strings.TrimPrefix(text, "yaml: ")}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		f.Text = m[2]
	}
	if m := yamlUnknown.FindStringSubmatch(f.Text); m != nil {
		f.Text = fmt.Sprintf("unknown key %q", m[1])
	}
	f.Text = yamlType.ReplaceAllString(f.Text, "into a mapping ($1)")
	return f
}

// lineOf walks from root along keys and indexes and returns the line of the
// deepest node that exists.
func lineOf(root *yaml.Node, path ...any) int {
	if root == nil {
		return 0
	}
	n := root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		var next *yaml.Node
		switch step := step.(type) {
		case string:
			for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					next = n.Content[i+1]
				}
			}
		case int:
			if n.Kind == yaml.SequenceNode && step < len(n.Content) {
				next = n.Content[step]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return n.Line
}
