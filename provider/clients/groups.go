package clients

import (
	"fmt"
	"slices"
	"strconv"
)

// UsualGroups is how many groups a token carries unless the client says otherwise:
// cookies and headers of apps that keep tokens there break beyond.
const UsualGroups = 50

// groupsLimit bounds what a client may say.
const groupsLimit = 500

// The words of groups_claim.
const (
	allAliases     = "aliases"
	allDepartments = "departments"
	allRoles       = "roles"
)

// seen is which groups a client sees; the zero seen is all.
type seen struct {
	some                        bool
	aliases, departments, roles bool
	names                       setOf[string]
	departmentIDs, roleIDs      setOf[int64]
}

// Groups are a person's groups as the claim carries them, and how many there were no
// room for (promise C17): aliases, then departments, the person's own before their
// parents, then roles.
func (c *Client) Groups(f Facts) (names []string, dropped int) {
	s, prefix := &c.sees, ""
	if len(c.Organisations) > 1 {
		prefix = f.CorpID + ":"
	}
	names = []string{}
	for _, alias := range c.aliases.holding(f) {
		if !s.some || s.aliases || s.names.has(alias) {
			names = append(names, alias)
		}
	}
	add := func(kind string, ids []int64, all bool, single setOf[int64], except []int64) {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if (!s.some || all || single.has(id)) && !slices.Contains(except, id) {
				names = append(names, prefix+kind+strconv.FormatInt(id, 10))
			}
		}
	}
	add("dept:", f.Direct, s.departments, s.departmentIDs, nil)
	add("dept:", f.Departments, s.departments, s.departmentIDs, f.Direct)
	add("role:", f.Roles, s.roles, s.roleIDs, nil)
	kept := min(len(names), c.GroupsMax)
	return slices.Clip(names[:kept]), len(names) - kept
}

func (k *checker) groups(c *Client) {
	c.GroupsClaim, c.GroupsMax = slices.Clone(k.spec.GroupsClaim), UsualGroups
	if most := k.spec.GroupsMax; most != nil {
		c.GroupsMax = *most
		if *most < 1 || *most > groupsLimit {
			k.faultf("groups_max", fmt.Sprintf("write a number from 1 to %d, or leave it out", groupsLimit), "the client cannot be told that many groups")
		}
	}
	if k.spec.GroupsClaim == nil {
		return
	}
	if len(k.spec.GroupsClaim) == 0 {
		k.faultf("groups_claim", "name what it sees; leave the line out for all groups, or groups out of scopes for none", "the list is empty")
	}
	s := &c.sees
	s.some = true
	for i, name := range k.spec.GroupsClaim {
		at := fmt.Sprintf("groups_claim[%d]", i)
		if slices.Contains(k.spec.GroupsClaim[:i], name) {
			k.faultf(at, "keep it once", "it is there twice")
			continue
		}
		switch name {
		case allAliases:
			s.aliases = true
		case allDepartments:
			s.departments = true
		case allRoles:
			s.roles = true
		default:
			if word := wordMeant(name); word != "" && !k.aliases.known(name, nil) {
				k.faultf(at, "did you mean "+word+"?", "no group has this name")
				continue
			}
			switch t := k.target(at, name); {
			case t.alias != "":
				s.names.put(t.alias)
			case t.department != 0:
				s.departmentIDs.put(t.department)
			case t.role != 0:
				s.roleIDs.put(t.role)
			}
		}
	}
}
