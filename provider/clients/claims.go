package clients

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what tables hold.
const (
	maxTables = 50
	maxRows   = 200
	maxValue  = 128 // characters
)

// A claimTable is a checked ClaimSpec.
type claimTable struct {
	name, fallback string
	list           bool
	rows           []claimRow
}

type claimRow struct {
	target
	value string
}

// TableClaims are the claims that the client's tables give a person, each a string or
// a []string; nil if there are none (promise C19).
func (c *Client) TableClaims(f Facts) map[string]any {
	if len(c.tables) == 0 {
		return nil
	}
	held, claims := c.aliases.holding(f), make(map[string]any, len(c.tables))
	for i := range c.tables {
		t := &c.tables[i]
		switch values, known := t.values(c.aliases, f, held); {
		case t.list:
			claims[t.name] = values
		case known && len(values) > 0:
			claims[t.name] = values[0]
		}
	}
	if len(claims) == 0 {
		return nil
	}
	return claims
}

// values are what the rows give, or the default. Not known: whether a row above, or
// any, fits hangs on a parent that is not known. A list is short of what it would give
// then; a single value could be one that a row above withholds.
func (t *claimTable) values(a *aliases, f Facts, held []string) (values []string, known bool) {
	values, known = []string{}, true
	for _, row := range t.rows {
		in, unknown := row.has(a, f, held)
		switch {
		case unknown && !t.list:
			return nil, false
		case unknown:
			known = false
		case in && !t.list:
			return []string{row.value}, true
		case in && !slices.Contains(values, row.value):
			values = append(values, row.value)
		}
	}
	if len(values) == 0 && known && t.fallback != "" {
		values = append(values, t.fallback)
	}
	return values, known
}

func (k *checker) claims(c *Client) {
	c.Claims = slices.Clone(k.spec.Claims)
	if len(k.spec.Claims) > maxTables {
		k.faultf("claims", "keep those that the app reads", "there are more than %d tables", maxTables)
	}
	seen := make(map[string]int)
	for i := range k.spec.Claims {
		s, at := &k.spec.Claims[i], fmt.Sprintf("claims[%d]", i)
		c.Claims[i].From = slices.Clone(s.From)
		k.claimName(at+".name", s.Name)
		if first, doubled := seen[plain(s.Name)]; doubled {
			k.faultf(at+".name", "write one table for a claim", "the claim is that of claims[%d]", first)
		} else {
			seen[plain(s.Name)] = i
		}
		c.tables = append(c.tables, k.table(at, s))
	}
}

func (k *checker) table(at string, s *ClaimSpec) claimTable {
	t := claimTable{name: s.Name, fallback: s.Default, list: s.List}
	if s.Default != "" {
		k.value(at+".default", s.Default)
	}
	switch {
	case len(s.From) > maxRows:
		k.faultf(at+".from", "give a group a name that holds several, and use that", "there are more than %d rows", maxRows)
	case len(s.From) == 0 && s.Default == "":
		k.faultf(at+".from", "write rows with group and value, or a default", "the table gives nobody anything")
	}
	for i, row := range s.From {
		here := fmt.Sprintf("%s.from[%d]", at, i)
		k.value(here+".value", row.Value)
		t.rows = append(t.rows, claimRow{k.target(here+".group", row.Group), row.Value})
		for j, above := range s.From[:i] {
			if above.Group == row.Group && (!s.List || above.Value == row.Value) {
				k.faultf(here, "take one of the two out", "the row never counts: from[%d] has its group", j)
				break
			}
		}
	}
	return t
}

// value checks what a table gives. Apps hold some values for rights that no company
// gives by a login: Kubernetes makes whoever is in system:masters its master.
func (k *checker) value(field, value string) {
	folded := strings.ToLower(value)
	switch {
	case value == "":
		k.faultf(field, "write the value that the app should see", "there is no value")
	case !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxValue || strings.ContainsFunc(value, invisible) || strings.TrimSpace(value) != value:
		k.faultf(field, fmt.Sprintf("write at most %d visible characters without blanks around them", maxValue),
			"the value has control or invisible characters or blanks around it, or is too long")
	case slices.ContainsFunc(reservedStarts, func(start string) bool { return strings.HasPrefix(folded, start+":") }):
		k.faultf(field, "have the app bind a value of your own to that right", "the value is one that Kubernetes keeps to itself")
	}
}
