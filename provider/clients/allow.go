package clients

import (
	"fmt"
	"slices"
	"strconv"
)

// Nobody reports whether a admits no one at all, which deserves a warning.
func (a Allow) Nobody() bool { return !a.Everyone && !a.listed() }

func (a Allow) listed() bool {
	return len(a.Groups) > 0 || len(a.Departments) > 0 || len(a.Roles) > 0 || len(a.People) > 0
}

func (a Allow) clone() Allow {
	return Allow{a.Everyone, slices.Clone(a.Groups), slices.Clone(a.Departments), slices.Clone(a.Roles), slices.Clone(a.People)}
}

// rules are an Allow made ready: what admits.
type rules struct {
	aliases            setOf[string]
	departments, roles setOf[int64]
	people             setOf[string]
}

// Admits decides whether a person may enter by the client (promise C15). That the
// client serves the person's organisation, where it names none, is the caller's to know.
func (c *Client) Admits(f Facts) Decision {
	if len(c.Organisations) > 0 && !c.Serves(f.CorpID) {
		return Decision{}
	}
	if c.Allow.Everyone {
		return Decision{Admitted: true, Rule: "everyone"}
	}
	r := &c.rules
	if f.UserID != "" && r.people.has(f.UserID) {
		return Decision{Admitted: true, Rule: "person " + f.UserID}
	}
	if len(r.aliases) > 0 {
		for _, name := range c.aliases.holding(f) {
			if r.aliases.has(name) {
				return Decision{Admitted: true, Rule: "alias " + name}
			}
		}
	}
	for _, id := range f.Departments {
		if r.departments.has(id) {
			return Decision{Admitted: true, Rule: "department " + strconv.FormatInt(id, 10)}
		}
	}
	for _, id := range f.Roles {
		if r.roles.has(id) {
			return Decision{Admitted: true, Rule: "role " + strconv.FormatInt(id, 10)}
		}
	}
	return Decision{Undecided: f.Partial && c.couldAdmit(f)}
}

// Barred are those of several organisations that the client serves of which its allow
// admits nobody: no group that it names is one of theirs.
func (c *Client) Barred() (corpIDs []string) {
	if len(c.Organisations) < 2 || c.Allow.Everyone {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Organisations), func(corpID string) bool {
		return slices.ContainsFunc(c.Allow.Groups, func(name string) bool { return c.aliases.known(name, []string{corpID}) })
	})
}

// couldAdmit tells whether a parent that is not known could admit.
func (c *Client) couldAdmit(f Facts) bool {
	if len(c.rules.departments) > 0 {
		return true
	}
	for name := range c.rules.aliases {
		if c.aliases.mayHold(f, name) {
			return true
		}
	}
	return false
}

func (k *checker) allow(c *Client) {
	a := k.spec.Allow
	c.Allow = a.clone()
	if a.Everyone && a.listed() {
		k.faultf("allow", "keep everyone, or the lists", "everyone makes the lists pointless")
	}
	for i, name := range a.Groups {
		switch t := k.target(fmt.Sprintf("allow.groups[%d]", i), name); {
		case t.alias != "":
			c.rules.aliases.put(t.alias)
		case t.department != 0:
			c.rules.departments.put(t.department)
		case t.role != 0:
			c.rules.roles.put(t.role)
		}
	}
	k.ids("allow.departments", a.Departments)
	k.ids("allow.roles", a.Roles)
	k.people("allow.people", a.People)
	c.rules.departments.put(a.Departments...)
	c.rules.roles.put(a.Roles...)
	c.rules.people.put(a.People...)
	if len(k.spec.Organisations) < 2 {
		return
	}
	const remedy = "give the group a name under groups, once for each organisation, or register a client for each, or write allow: everyone"
	for _, list := range []struct {
		field string
		n     int
		what  string
	}{{"allow.departments", len(a.Departments), "the same id is another department"}, {"allow.roles", len(a.Roles), "the same id is another role"}, {"allow.people", len(a.People), "the same userId is another person"}} {
		if list.n > 0 {
			k.faultf(list.field, remedy, "the client serves several organisations, in which %s", list.what)
		}
	}
}
