package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

const rootDept int64 = 1

// Names of permissions that the simulated calls ask for.
const (
	permBase         = "qyapi_base"
	permOpenApp      = "open_app_api_base"
	permUserRead     = "Contact.User.Read"
	permUserMobile   = "Contact.User.mobile"
	permMember       = "qyapi_get_member"
	permDepartments  = "qyapi_get_department_list"
	permDeptMembers  = "qyapi_get_department_member"
	permCommonRead   = "Contact.Common.Read"
	permSNS          = "snsapi_base"
	permMigration    = "Contact.OrgAccountMigration.Read"
	fieldCorpMobile  = "企业员工手机号信息"
	fieldCorpPrivate = "邮箱等个人信息"
)

var (
	knownPermissions = []string{permBase, permOpenApp, permUserRead, permUserMobile, permMember,
		permDepartments, permDeptMembers, permCommonRead, permSNS, permMigration}
	knownFields = []string{fieldCorpMobile, fieldCorpPrivate}

	corpIDForm   = regexp.MustCompile(`^ding[0-9a-f]{16,32}$`)
	clientIDForm = regexp.MustCompile(`^(ding|suite)[0-9a-z]{8,32}$`)
	scanIDForm   = regexp.MustCompile(`^dingoa[0-9a-z]{8,32}$`)
	secretForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{32,128}$`)
	userIDForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	unionIDForm  = regexp.MustCompile(`^[A-Za-z0-9]{8,64}$`)
	ipForm       = regexp.MustCompile(`^[0-9]{1,3}(\.([0-9]{1,3}|\*)){3}$`)
	digitsForm   = regexp.MustCompile(`^[0-9]*$`)
)

// checker collects faults with the lines that they stand on.
type checker struct {
	root   *yaml.Node
	faults []CompanyFault
}

func (k *checker) fault(path []any, format string, args ...any) {
	k.faults = append(k.faults, CompanyFault{lineOf(k.root, path...), fmt.Sprintf(format, args...)})
}

// check names everything wrong with c. root, if there is one, is the file
// that it came from. The error is a *CompanyError.
func (c *Company) check(root *yaml.Node) error {
	k := &checker{root: root}
	if !corpIDForm.MatchString(c.CorpID) {
		k.fault([]any{"corp_id"}, "corp_id %q is not ding and 16 to 32 lower-case hex digits", c.CorpID)
	}
	if c.Name == "" {
		k.fault([]any{"name"}, "name is missing")
	}
	depts := c.checkDepartments(k)
	roles := c.checkRoles(k)
	people := c.checkPeople(k, depts, roles)
	for i, d := range c.Departments {
		for _, m := range d.Managers {
			if !people[m] {
				k.fault([]any{"departments", i, "managers"}, "manager %q of department %d is not among people", m, d.ID)
			}
		}
	}
	for _, f := range c.App.check(depts, people) {
		k.fault([]any{"app", f.key}, "%s", f.text)
	}
	for _, f := range c.ScanApp.check(c.App.ClientID) {
		k.fault([]any{"scan_app", f.key}, "%s", f.text)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variants)) {
		if err := checkVariant(name, c.Variants[name]); err != nil {
			k.fault([]any{"variants", name}, "%v", err)
		}
	}
	if len(k.faults) > 0 {
		return &CompanyError{k.faults}
	}
	return nil
}

func (c *Company) checkDepartments(k *checker) map[int64]bool {
	parents := map[int64]int64{rootDept: 0}
	for i, d := range c.Departments {
		at := []any{"departments", i, "id"}
		if _, twice := parents[d.ID]; d.ID <= 0 || twice {
			k.fault(at, "department id %d is not positive, taken already, or the root's", d.ID)
			continue
		}
		if d.Name == "" {
			k.fault(at, "department %d has no name", d.ID)
		}
		parents[d.ID] = d.parent()
	}
	for i, d := range c.Departments {
		if _, ok := parents[d.parent()]; !ok {
			k.fault([]any{"departments", i, "parent"}, "parent %d of department %d does not exist", d.Parent, d.ID)
			continue
		}
		steps := 0
		for at := d.ID; at != 0 && steps <= len(parents); at = parents[at] {
			steps++
		}
		if steps > len(parents) {
			k.fault([]any{"departments", i, "parent"}, "department %d is its own ancestor", d.ID)
		}
	}
	known := make(map[int64]bool, len(parents))
	for id := range parents {
		known[id] = true
	}
	return known
}

func (d *Department) parent() int64 {
	if d.Parent == 0 {
		return rootDept
	}
	return d.Parent
}

func (c *Company) checkRoles(k *checker) map[int64]bool {
	groups, roles := map[int64]bool{}, map[int64]bool{}
	for i, g := range c.RoleGroups {
		if g.ID <= 0 || groups[g.ID] || g.Name == "" {
			k.fault([]any{"role_groups", i, "id"}, "role group %d needs an id of its own and a name", g.ID)
		}
		groups[g.ID] = true
		for j, r := range g.Roles {
			if r.ID <= 0 || roles[r.ID] || r.Name == "" {
				k.fault([]any{"role_groups", i, "roles", j, "id"}, "role %d needs an id of its own and a name", r.ID)
			}
			roles[r.ID] = true
		}
	}
	return roles
}

func (c *Company) checkPeople(k *checker, depts, roles map[int64]bool) map[string]bool {
	people, unions := map[string]bool{}, map[string]bool{}
	for i := range c.People {
		p := &c.People[i]
		if people[p.UserID] {
			k.fault([]any{"people", i, "userid"}, "userid %q is taken already", p.UserID)
		}
		people[p.UserID] = true
		if p.UnionID != "" && unions[p.UnionID] {
			k.fault([]any{"people", i, "unionid"}, "unionid %q is taken already", p.UnionID)
		}
		unions[p.UnionID] = true
		for _, f := range p.check(depts, roles) {
			k.fault([]any{"people", i, f.key}, "person %q: %s", p.UserID, f.text)
		}
	}
	for i, p := range c.People {
		if p.ManagerUserID != "" && !people[p.ManagerUserID] {
			k.fault([]any{"people", i, "manager_userid"}, "person %q: manager %q is not among people", p.UserID, p.ManagerUserID)
		}
	}
	return people
}

// keyFault is a fault and the key that it is found under.
type keyFault struct{ key, text string }

func faultAt(key, format string, args ...any) keyFault {
	return keyFault{key, fmt.Sprintf(format, args...)}
}

func (p *Person) check(depts, roles map[int64]bool) (faults []keyFault) {
	fault := func(key, format string, args ...any) { faults = append(faults, faultAt(key, format, args...)) }
	if !userIDForm.MatchString(p.UserID) || p.UserID == Anyone {
		fault("userid", "userid is not 1 to 64 characters of A-Z a-z 0-9 . _ @ -, or is the reserved %q", Anyone)
	}
	if p.UnionID != "" && !unionIDForm.MatchString(p.UnionID) {
		fault("unionid", "unionid %q is not 8 to 64 letters and digits", p.UnionID)
	}
	if p.OpenID != "" && !unionIDForm.MatchString(p.OpenID) {
		fault("openid", "openid %q is not 8 to 64 letters and digits", p.OpenID)
	}
	if p.Nick == "" {
		fault("nick", "every DingTalk account has a nick")
	}
	if p.ContactType != 0 && p.ContactType != 1 {
		fault("contact_type", "contact_type %d is neither 0 (employee) nor 1 (external contact)", p.ContactType)
	}
	if p.employed() && len(p.Departments) == 0 {
		fault("departments", "an employee is in at least one department")
	}
	for _, d := range p.Departments {
		if !depts[d] {
			fault("departments", "department %d does not exist", d)
		}
	}
	for _, d := range p.Leads {
		if !slices.Contains(p.Departments, d) {
			fault("leads", "leads department %d without being in it", d)
		}
	}
	for _, r := range p.Roles {
		if !roles[r] {
			fault("roles", "role %d does not exist", r)
		}
	}
	for key, digits := range map[string]string{"account_state_code": p.AccountStateCode, "state_code": p.StateCode} {
		if !digitsForm.MatchString(digits) {
			fault(key, "%s %q is not a country calling code in digits", key, digits)
		}
	}
	if p.Extension != "" && !json.Valid([]byte(p.Extension)) {
		fault("extension", "extension is not a JSON document")
	}
	if t := p.ExclusiveAccountType; t != "" && t != "dingtalk" && t != "sso" {
		fault("exclusive_account_type", "exclusive_account_type %q is neither dingtalk nor sso", t)
	}
	if p.DisableStatus && !p.ExclusiveAccount {
		fault("disable_status", "only an exclusive_account can be disabled")
	}
	return faults
}

func checkRedirects(urls []string) (faults []keyFault) {
	for _, u := range urls {
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			faults = append(faults, faultAt("redirect_urls", "redirect URL %q is not an absolute http or https URL", u))
		}
	}
	return faults
}

func (a *App) check(depts map[int64]bool, people map[string]bool) (faults []keyFault) {
	fault := func(key, format string, args ...any) { faults = append(faults, faultAt(key, format, args...)) }
	if !clientIDForm.MatchString(a.ClientID) {
		fault("client_id", "client_id %q is not ding (or suite) and lower-case letters and digits", a.ClientID)
	}
	if !secretForm.MatchString(a.ClientSecret) {
		fault("client_secret", "client_secret is not 32 to 128 characters of A-Z a-z 0-9 _ -")
	}
	faults = append(faults, checkRedirects(a.RedirectURLs)...)
	if a.RedirectPolicy != "" && a.RedirectPolicy != "prefix" && a.RedirectPolicy != "exact" {
		fault("redirect_policy", "redirect_policy %q is neither prefix nor exact", a.RedirectPolicy)
	}
	for _, p := range a.Permissions {
		if !slices.Contains(knownPermissions, p) {
			fault("permissions", "permission %q is unknown; known are %q", p, knownPermissions)
		}
	}
	for _, p := range a.FieldPermissions {
		if !slices.Contains(knownFields, p) {
			fault("field_permissions", "field permission %q is unknown; known are %q", p, knownFields)
		}
	}
	for _, ip := range a.IPAllowlist {
		if !ipForm.MatchString(ip) {
			fault("ip_allowlist", "%q is not an IPv4 address, one part of which may be *", ip)
		}
	}
	for _, d := range a.Range.Departments {
		if !depts[d] {
			fault("range", "department %d of the range does not exist", d)
		}
	}
	for _, p := range a.Range.People {
		if !people[p] {
			fault("range", "person %q of the range does not exist", p)
		}
	}
	if a.QPS < 0 {
		fault("qps", "qps %d is negative", a.QPS)
	}
	return faults
}
