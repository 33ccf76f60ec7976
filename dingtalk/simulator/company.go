package simulator

import (
	_ "embed"
	"maps"
	"slices"
	"sync"
)

//go:embed company.yaml
var companyYAML []byte

//go:embed company2.yaml
var secondYAML []byte

var (
	defaultCompany = embedded("company.yaml", &companyYAML)
	secondCompany  = embedded("company2.yaml", &secondYAML)
)

func embedded(name string, file *[]byte) func() *Company {
	return sync.OnceValue(func() *Company {
		c, err := LoadCompany(*file)
		if err != nil {
			panic("simulator: embedded " + name + ": " + err.Error())
		}
		return c
	})
}

// DefaultCompany returns a copy of the company of the embedded company.yaml.
func DefaultCompany() *Company { return defaultCompany().clone() }

// SecondCompany returns a copy of another organisation, that of the embedded
// company2.yaml, for a second simulator beside the first. It has people of the
// same userids, one of whom looks exactly like his namesake.
func SecondCompany() *Company { return secondCompany().clone() }

// Company is one corp with one internal app and, if it has one, a scan-login
// app, as company.yaml writes it.
type Company struct {
	CorpID      string       `yaml:"corp_id"`
	Name        string       `yaml:"name"` // also the name of department 1
	App         App          `yaml:"app"`
	ScanApp     ScanApp      `yaml:"scan_app"`    // the zero value: there is none
	Departments []Department `yaml:"departments"` // without the root
	RoleGroups  []RoleGroup  `yaml:"role_groups"`
	People      []Person     `yaml:"people"`
	// Variants chooses where sources contradict: see doc.go.
	Variants map[string]string `yaml:"variants"`
}

// App is the internal app (企业内部应用) that the relying party logs in with.
type App struct {
	ClientID     string   `yaml:"client_id" json:"client_id"`
	ClientSecret string   `yaml:"client_secret" json:"client_secret"`
	RedirectURLs []string `yaml:"redirect_urls" json:"redirect_urls"`
	// RedirectPolicy is "prefix" (also when empty): scheme, host and port
	// equal a registered URL, whose path, if any, is a prefix by whole
	// segments; or "exact". DingTalk's own rule is not documented.
	RedirectPolicy string `yaml:"redirect_policy" json:"redirect_policy"`
	// Permissions (权限点) by code, such as qyapi_get_member.
	Permissions []string `yaml:"permissions" json:"permissions"`
	// FieldPermissions by their console names: 企业员工手机号信息 and 邮箱等个人信息.
	FieldPermissions []string `yaml:"field_permissions" json:"field_permissions"`
	// IPAllowlist of IPv4 addresses with at most one * each; empty allows all.
	IPAllowlist []string `yaml:"ip_allowlist" json:"ip_allowlist"`
	Range       Range    `yaml:"range" json:"range"`
	// QPS is how many calls a second each API takes; 0 means no limit.
	QPS int `yaml:"qps" json:"qps"`
}

// Range is the app's visibility: departments with all below them, and people.
type Range struct {
	Departments []int64  `yaml:"departments" json:"departments"`
	People      []string `yaml:"people" json:"people"`
}

// Department is a node of the tree whose root is department 1.
type Department struct {
	ID       int64    `yaml:"id" json:"id"`
	Name     string   `yaml:"name" json:"name"`
	Parent   int64    `yaml:"parent" json:"parent"` // 0 means the root
	Managers []string `yaml:"managers" json:"managers"`
}

// RoleGroup is a group of roles; events call roles labels.
type RoleGroup struct {
	ID    int64  `yaml:"id"`
	Name  string `yaml:"name"`
	Roles []Role `yaml:"roles"`
}

// Role is a role inside its group.
type Role struct {
	ID   int64  `yaml:"id"`
	Name string `yaml:"name"`
}

// Person is a DingTalk account and, unless Outsider, its record in the corp.
// Members of the record bear the names of /topapi/v2/user/get.
type Person struct {
	// UserID names the person in the corp, and for the controls (of an
	// outsider it is only that).
	UserID string `yaml:"userid" json:"userid"`

	// The account, as contact/users/me tells it.
	UnionID          string `yaml:"unionid" json:"unionid"` // derived when empty
	OpenID           string `yaml:"openid" json:"openid"`   // derived when empty
	Nick             string `yaml:"nick" json:"nick"`
	AvatarURL        string `yaml:"avatar_url" json:"avatar_url"`
	AccountMobile    string `yaml:"account_mobile" json:"account_mobile"`
	AccountStateCode string `yaml:"account_state_code" json:"account_state_code"`
	AccountEmail     string `yaml:"account_email" json:"account_email"` // set by the person; proves nothing

	// Standing in the corp.
	Outsider    bool `yaml:"outsider" json:"outsider"`         // an account of another organisation
	ContactType int  `yaml:"contact_type" json:"contact_type"` // 0 employee, 1 external contact
	Left        bool `yaml:"left" json:"left"`                 // has left the corp

	// The corp's record.
	Name                 string  `yaml:"name" json:"name"`
	Avatar               string  `yaml:"avatar" json:"avatar"`
	StateCode            string  `yaml:"state_code" json:"state_code"`
	Mobile               string  `yaml:"mobile" json:"mobile"`
	HideMobile           bool    `yaml:"hide_mobile" json:"hide_mobile"`
	Telephone            string  `yaml:"telephone" json:"telephone"`
	JobNumber            string  `yaml:"job_number" json:"job_number"`
	Title                string  `yaml:"title" json:"title"`
	Email                string  `yaml:"email" json:"email"`
	OrgEmail             string  `yaml:"org_email" json:"org_email"`
	OrgEmailType         string  `yaml:"org_email_type" json:"org_email_type"`
	WorkPlace            string  `yaml:"work_place" json:"work_place"`
	Remark               string  `yaml:"remark" json:"remark"`
	Extension            string  `yaml:"extension" json:"extension"`   // a JSON document in a string
	HiredDate            int64   `yaml:"hired_date" json:"hired_date"` // Unix milliseconds
	Departments          []int64 `yaml:"departments" json:"departments"`
	Leads                []int64 `yaml:"leads" json:"leads"` // departments led
	Roles                []int64 `yaml:"roles" json:"roles"`
	ManagerUserID        string  `yaml:"manager_userid" json:"manager_userid"`
	Inactive             bool    `yaml:"inactive" json:"inactive"` // never activated DingTalk
	Unverified           bool    `yaml:"unverified" json:"unverified"`
	Senior               bool    `yaml:"senior" json:"senior"`
	Admin                bool    `yaml:"admin" json:"admin"`
	Boss                 bool    `yaml:"boss" json:"boss"`
	ExclusiveAccount     bool    `yaml:"exclusive_account" json:"exclusive_account"`
	ExclusiveAccountType string  `yaml:"exclusive_account_type" json:"exclusive_account_type"` // dingtalk or sso
	LoginID              string  `yaml:"login_id" json:"login_id"`
	DisableStatus        bool    `yaml:"disable_status" json:"disable_status"`
}

// employed reports whether the corp counts p among its employees.
func (p *Person) employed() bool { return !p.Outsider && !p.Left && p.ContactType == 0 }

func (p *Person) clone() Person {
	c := *p
	c.Departments = slices.Clone(p.Departments)
	c.Leads = slices.Clone(p.Leads)
	c.Roles = slices.Clone(p.Roles)
	return c
}

func (a *App) clone() App {
	c := *a
	c.RedirectURLs = slices.Clone(a.RedirectURLs)
	c.Permissions = slices.Clone(a.Permissions)
	c.FieldPermissions = slices.Clone(a.FieldPermissions)
	c.IPAllowlist = slices.Clone(a.IPAllowlist)
	c.Range.Departments = slices.Clone(a.Range.Departments)
	c.Range.People = slices.Clone(a.Range.People)
	return c
}

func (c *Company) clone() *Company {
	d := *c
	d.App = c.App.clone()
	d.ScanApp = c.ScanApp.clone()
	d.Variants = maps.Clone(c.Variants)
	d.Departments = slices.Clone(c.Departments)
	for i := range d.Departments {
		d.Departments[i].Managers = slices.Clone(d.Departments[i].Managers)
	}
	d.RoleGroups = slices.Clone(c.RoleGroups)
	for i := range d.RoleGroups {
		d.RoleGroups[i].Roles = slices.Clone(d.RoleGroups[i].Roles)
	}
	d.People = make([]Person, len(c.People))
	for i := range c.People {
		d.People[i] = c.People[i].clone()
	}
	return &d
}
