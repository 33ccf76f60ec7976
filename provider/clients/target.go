package clients

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A target is what a group's name in the file stands for. One of the three is set.
type target struct {
	alias            string
	department, role int64
}

// target reads the name of a group: an alias, dept:<id> or role:<id>. One that can mean
// nobody is a fault: what a rule does not mean must not look as if it did.
func (k *checker) target(field, name string) (t target) {
	kind, number, numbered := strings.Cut(name, ":")
	if numbered && (kind == "dept" || kind == "role") {
		id, err := strconv.ParseInt(number, 10, 64)
		switch {
		case err != nil || id < 1 || strconv.FormatInt(id, 10) != number:
			k.faultf(field, "write dept:<id> or role:<id>", "nobody can have this group")
		case len(k.spec.Organisations) > 1:
			k.faultf(field, "give the group a name under groups, once for each organisation, or register a client for each",
				"the client serves several organisations, in which the same id is another group")
		case kind == "dept":
			t.department = id
		default:
			t.role = id
		}
		return t
	}
	switch {
	case k.aliases.known(name, k.spec.Organisations):
		t.alias = name
	case k.aliases.known(name, nil):
		k.faultf(field, "define it for an organisation that the client serves too", "the group is of another organisation")
	case strings.EqualFold(name, "everyone") || strings.EqualFold(name, "all"):
		k.faultf(field, "write everyone in place of the lists of allow, or the value as the default of a claim", "everyone is no group")
	default:
		k.faultf(field, resembling(name, k.aliases.names()), "no group has this name")
	}
	return t
}

// resembling is the remedy for a name that no group has.
func resembling(name string, known []string) string {
	const remedy = "write dept:<id>, role:<id> or a name from groups"
	if id, err := strconv.ParseUint(name, 10, 63); err == nil && id > 0 {
		return fmt.Sprintf("write \"dept:%d\" or \"role:%d\"", id, id)
	}
	if i := slices.IndexFunc(known, func(other string) bool { return isName(other) && nearly(name, other) }); i >= 0 {
		return "did you mean " + known[i] + "?"
	}
	return remedy
}

// wordMeant is the word of groups_claim that a name is likely to be a slip of; "" if none.
func wordMeant(name string) string {
	words := []string{allAliases, allDepartments, allRoles}
	if i := slices.IndexFunc(words, func(word string) bool { return isName(name) && nearly(name, word) }); i >= 0 {
		return words[i]
	}
	return ""
}

// nearly: the same but for letter case, or for up to two letters in one place.
func nearly(a, b string) bool {
	if a, b = strings.ToLower(a), strings.ToLower(b); len(a) > len(b) {
		a, b = b, a
	}
	start := 0
	for start < len(a) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return len(b)-start-end <= 2 && start+end > 0
}

// has tells whether a person is in the group, and, where not, whether a parent that is
// not known could put them there. held are the person's aliases.
func (t target) has(a *aliases, f Facts, held []string) (in, unknown bool) {
	switch {
	case t.alias != "":
		_, in = slices.BinarySearch(held, t.alias)
		return in, !in && a.mayHold(f, t.alias)
	case t.department != 0:
		in = slices.Contains(f.Departments, t.department)
		return in, !in && f.Partial
	}
	return t.role != 0 && slices.Contains(f.Roles, t.role), false
}
