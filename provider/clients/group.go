package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxGroups bounds how many groups have names.
const maxGroups = 1000

// reserved are names that apps, Kubernetes above all, or our own file take for
// something else; reservedStarts the same of how names begin (promise C16).
var (
	reserved       = []string{"everyone", "authenticated", "unauthenticated", "all", "dept", "role", "aliases", "departments", "roles"}
	reservedStarts = []string{"system", "kubeadm", "eks"}
)

// aliases are all groups that have names, by what puts a person into them. They are
// never changed once a client has them.
type aliases struct {
	of map[string]*members // by corpId; "" for the organisation that needs no name
}

// members are the aliases of one organisation.
type members struct {
	names        setOf[string]
	departmental setOf[string] // those of names that have departments
	byDepartment map[int64][]string
	byRole       map[int64][]string
	byPerson     map[string][]string
}

// newAliases checks the groups and tells every fault. Even with faults it knows all
// names, so that nothing else is said to be unknown because of one.
func newAliases(specs []GroupSpec, several bool) (*aliases, []Fault) {
	a := &aliases{of: make(map[string]*members)}
	var faults []Fault
	for i := range specs {
		s := &specs[i]
		check := checker{index: i, list: "groups", id: s.Name}
		check.group(s, several)
		check.doubled(specs[:i], s)
		if i == maxGroups {
			check.faultf("", "give names only to groups that a rule or an app needs", "there are more than %d groups", maxGroups)
		}
		a.add(s)
		faults = append(faults, check.faults...)
	}
	return a, faults
}

func (a *aliases) add(s *GroupSpec) {
	m := a.of[s.Organisation]
	if m == nil {
		m = &members{
			byDepartment: make(map[int64][]string), byRole: make(map[int64][]string), byPerson: make(map[string][]string),
		}
		a.of[s.Organisation] = m
	}
	m.names.put(s.Name)
	if len(s.Departments) > 0 {
		m.departmental.put(s.Name)
	}
	put(m.byDepartment, s.Departments, s.Name)
	put(m.byRole, s.Roles, s.Name)
	put(m.byPerson, s.People, s.Name)
}

func put[K comparable](by map[K][]string, keys []K, name string) {
	for _, key := range keys {
		by[key] = append(by[key], name)
	}
}

// holding are the aliases that a person has, sorted, each once.
func (a *aliases) holding(f Facts) []string {
	var all []string
	for _, m := range a.within(f.CorpID) {
		for _, id := range f.Departments {
			all = append(all, m.byDepartment[id]...)
		}
		for _, id := range f.Roles {
			all = append(all, m.byRole[id]...)
		}
		if f.UserID != "" {
			all = append(all, m.byPerson[f.UserID]...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// mayHold tells whether a parent that is not known could put the person into the alias.
func (a *aliases) mayHold(f Facts, name string) bool {
	return f.Partial && slices.ContainsFunc(a.within(f.CorpID), func(m *members) bool {
		return m.departmental.has(name)
	})
}

// within are the members of an organisation, those that name none included.
func (a *aliases) within(corpID string) []*members {
	if a == nil { // of the zero Client
		return nil
	}
	all := make([]*members, 0, 2)
	if m := a.of[corpID]; m != nil {
		all = append(all, m)
	}
	if m := a.of[""]; m != nil && corpID != "" {
		all = append(all, m)
	}
	return all
}

// known tells whether a client of these organisations can have people in the alias;
// none named is the only one there is.
func (a *aliases) known(name string, organisations []string) bool {
	for corpID, m := range a.of {
		if m.names.has(name) && (corpID == "" || len(organisations) == 0 || slices.Contains(organisations, corpID)) {
			return true
		}
	}
	return false
}

// names are all aliases, sorted, for a remedy.
func (a *aliases) names() []string {
	all := make(setOf[string])
	for _, m := range a.of {
		maps.Copy(all, m.names)
	}
	return slices.Sorted(maps.Keys(all))
}

func (k *checker) group(s *GroupSpec, several bool) {
	k.groupName(s.Name)
	switch {
	case s.Organisation == "" && several:
		k.faultf("organisation", "write the corp_id of the organisation whose departments, roles and people these are", "it is missing, and there are several")
	case s.Organisation != "" && !isCorpID(s.Organisation):
		k.faultf("organisation", "copy the CorpId from DingTalk's developer console, as in config.yaml", "it is not a corpId")
	}
	if len(s.Departments) == 0 && len(s.Roles) == 0 && len(s.People) == 0 {
		k.faultf("", "write departments, roles or people below it", "nobody can be in the group")
	}
	k.ids("departments", s.Departments)
	k.ids("roles", s.Roles)
	k.people("people", s.People)
}

func (k *checker) groupName(name string) {
	folded := strings.ToLower(name)
	taken := slices.ContainsFunc(reservedStarts, func(start string) bool { return strings.HasPrefix(folded, start) })
	switch {
	case name == "":
		k.faultf("name", "give the group a name", "the group has no name")
	case !isName(name):
		k.faultf("name", "write 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first", "the name has other characters or is too long")
	case taken || slices.Contains(reserved, folded):
		k.faultf("name", "choose another", "the name means something else to apps or in this file")
	}
}

func isName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, idAlphabet) == "" && !strings.ContainsAny(s[:1], "._-")
}

// doubled: an app that compares without regard to case must not take one group for
// another, and a name stands for one group of an organisation.
func (k *checker) doubled(before []GroupSpec, s *GroupSpec) {
	for i, other := range before {
		same := s.Organisation == other.Organisation || s.Organisation == "" || other.Organisation == ""
		if s.Name != "" && (s.Name == other.Name && same || s.Name != other.Name && strings.EqualFold(s.Name, other.Name)) {
			k.faultf("name", "give each group of an organisation its own name, different in more than letter case", "the name is that of groups[%d]", i)
			k.twin(i)
			return
		}
	}
}

// ids checks numbers of departments or roles.
func (k *checker) ids(field string, ids []int64) {
	for i, id := range ids {
		if id < 1 {
			k.faultf(fmt.Sprintf("%s[%d]", field, i), "write the number that DingTalk shows", "nothing can have this number")
		}
	}
}

func (k *checker) people(field string, people []string) {
	for i, person := range people {
		if person == "" || strings.TrimSpace(person) != person {
			k.faultf(fmt.Sprintf("%s[%d]", field, i), "write a DingTalk userId", "nobody can have this userId")
		}
	}
}
