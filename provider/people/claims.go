package people

import (
	"cmp"
	"slices"
	"strings"
)

// ClaimOptions say what may be told to a client.
type ClaimOptions struct {
	// Scopes granted; profile, email, phone and groups mean something here.
	Scopes []string
	// Names are claims asked for one by one, by the claims parameter (OpenID Connect
	// Core §5.5): given though their scope is not in Scopes. Unknown ones mean nothing.
	// Whether the client may have them is the caller's to decide, by [ScopeOf].
	Names []string
	// OmitNickname leaves out nickname, for apps that take it as the username.
	OmitNickname bool
	// PhoneNumber is the client's permission beside the scope or the name.
	PhoneNumber bool
	// Groups are what the claim groups carries, if it is given: whose they are and which of
	// them this client sees is decided by its own rules.
	Groups []string
	// Directory are those of [DirectoryClaims] that the client may have, without their mark.
	Directory []string
	// SubstituteEmail gives whoever has no address one that is made up and leads nowhere.
	SubstituteEmail bool
}

// Claims are what ID token and userinfo say about a person (OpenID Connect Core
// §5.1). They marshal by themselves or embedded. There is on purpose no field called
// login or username: some apps prefer those to what their operator configured.
type Claims struct {
	Subject           Subject `json:"sub"`
	Name              string  `json:"name,omitempty"`
	Nickname          string  `json:"nickname,omitempty"`
	Picture           string  `json:"picture,omitempty"`
	PreferredUsername string  `json:"preferred_username,omitempty"`
	Email             string  `json:"email,omitempty"`
	// EmailVerified is left out rather than false: some apps refuse false.
	EmailVerified bool   `json:"email_verified,omitempty"`
	PhoneNumber   string `json:"phone_number,omitempty"`
	// PhoneNumberVerified is false wherever there is a number: an administrator may have
	// written it, and DingTalk does not tell.
	PhoneNumberVerified *bool `json:"phone_number_verified,omitempty"`
	// Groups is nil unless asked for, else an array, possibly empty.
	Groups []string `json:"groups,omitzero"`
	DirectoryClaims
}

// DirectoryClaims are what the organisation itself says of a person, for clients that it trusts
// with that. The names are ours, so that no app takes them for anything else.
type DirectoryClaims struct {
	UserID      string       `json:"dingtalk_userid,omitempty"`
	CorpID      string       `json:"dingtalk_corp_id,omitempty"`
	JobNumber   string       `json:"dingtalk_job_number,omitempty"`
	Title       string       `json:"dingtalk_title,omitempty"`
	Departments []Department `json:"dingtalk_departments,omitzero"`
	Roles       []Role       `json:"dingtalk_roles,omitzero"`
	// Manager of at least one department.
	Manager *bool `json:"dingtalk_manager,omitempty"`
}

// A Department that a person is in, and those above it, the nearest first.
type Department struct {
	ID      int64   `json:"id"`
	Parents []int64 `json:"parents"`
}

// A Role that a person has. Its name is text to read, and no right follows from it.
type Role struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitempty"`
}

// directoryMark begins the name of each claim of [DirectoryClaims].
const directoryMark = "dingtalk_"

// scopeOf says by which scope a claim is given (OpenID Connect Core §5.4; groups is
// ours).
var scopeOf = map[string]string{
	"name": "profile", "nickname": "profile", "picture": "profile", "preferred_username": "profile",
	"email": "email", "email_verified": "email", "phone_number": "phone", "phone_number_verified": "phone", "groups": "groups",
	"dingtalk_userid": "profile", "dingtalk_corp_id": "profile", "dingtalk_job_number": "profile", "dingtalk_title": "profile",
	"dingtalk_departments": "profile", "dingtalk_roles": "profile", "dingtalk_manager": "profile",
}

// ScopeOf returns the scope under whose right a claim falls: a client that may not
// ask for the scope may not ask for the claim by its name either. Not ok: we have no
// such claim, or it is always given (sub).
func ScopeOf(claim string) (scope string, ok bool) {
	scope, ok = scopeOf[claim]
	return scope, ok
}

// Claims returns what scopes, names and the client's permissions let be told. The same
// options give the same claims (promise P12).
func (r *Registry) Claims(p Person, o ClaimOptions) Claims {
	c := Claims{Subject: p.Subject}
	asked := func(claim string) bool {
		return slices.Contains(o.Scopes, scopeOf[claim]) || slices.Contains(o.Names, claim)
	}
	if asked("name") {
		c.Name = cmp.Or(p.Profile.Name, p.Profile.Nick)
	}
	if asked("nickname") && !o.OmitNickname {
		c.Nickname = p.Profile.Nick
	}
	if asked("picture") {
		c.Picture = p.Profile.Avatar
	}
	if asked("preferred_username") {
		c.PreferredUsername = p.Username
	}
	email, verified := r.claimable(p)
	if email == "" && o.SubstituteEmail && r.substitute != "" {
		email = string(p.Subject) + "@" + r.substitute
	}
	if asked("email") {
		c.Email = email
	}
	if asked("email_verified") {
		c.EmailVerified = verified
	}
	if number := phoneNumber(p.Profile); number != "" && o.PhoneNumber {
		if asked("phone_number") {
			c.PhoneNumber = number
		}
		if asked("phone_number_verified") {
			c.PhoneNumberVerified = new(bool)
		}
	}
	if asked("groups") {
		c.Groups = slices.Clone(o.Groups)
		if c.Groups == nil {
			c.Groups = []string{}
		}
	}
	c.DirectoryClaims = p.directory(func(name string) bool { return slices.Contains(o.Directory, name) && asked(directoryMark+name) })
	return c
}

// directory returns what may be told of the organisation's own words.
func (p Person) directory(told func(name string) bool) (d DirectoryClaims) {
	if told("userid") {
		d.UserID = p.Profile.UserID
	}
	if told("corp_id") {
		d.CorpID = p.CorpID
	}
	if told("job_number") {
		d.JobNumber = p.Profile.JobNumber
	}
	if told("title") {
		d.Title = p.Profile.Title
	}
	if told("departments") {
		d.Departments = []Department{}
		for i, id := range p.Profile.Departments {
			parents := []int64{}
			if i < len(p.Profile.Paths) && len(p.Profile.Paths[i]) > 1 {
				parents = p.Profile.Paths[i][1:]
			}
			d.Departments = append(d.Departments, Department{id, parents})
		}
	}
	if told("roles") {
		d.Roles = []Role{}
		for i, id := range p.Profile.Roles {
			role := Role{ID: id}
			if i < len(p.Profile.RoleNames) {
				role.Name = p.Profile.RoleNames[i]
			}
			d.Roles = append(d.Roles, role)
		}
	}
	if told("manager") {
		leader := p.Profile.Leader
		d.Manager = &leader
	}
	return d
}

// phoneNumber returns the number in E.164 form, or nothing unless both parts are
// whole: DingTalk masks digits with asterisks where the app may not see them.
func phoneNumber(p Profile) string {
	code := strings.TrimPrefix(p.StateCode, "+")
	if n := len(code) + len(p.Mobile); n < 7 || n > 15 || len(code) < 1 || len(code) > 4 || code[0] == '0' ||
		len(p.Mobile) < 4 || strings.Trim(code+p.Mobile, "0123456789") != "" {
		return ""
	}
	return "+" + code + p.Mobile
}
