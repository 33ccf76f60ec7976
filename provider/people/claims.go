package people

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxGroups is how many groups a token carries: cookies and headers of apps that
// keep tokens there break beyond.
const maxGroups = 50

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
	// QualifyGroups puts "<corpId>:" before each group, for a client that serves several
	// organisations: the same number is another department in another organisation.
	QualifyGroups bool
}

// groupMark stands after the corpId in a qualified group; no corpId contains it.
const groupMark = ":"

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
}

// scopeOf says by which scope a claim is given (OpenID Connect Core §5.4; groups is
// ours).
var scopeOf = map[string]string{
	"name": "profile", "nickname": "profile", "picture": "profile", "preferred_username": "profile",
	"email": "email", "email_verified": "email", "phone_number": "phone", "phone_number_verified": "phone", "groups": "groups",
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
	email, verified := r.emails[p.CorpID].choose(p.Profile)
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
		c.Groups = p.Groups()
		c.Groups = slices.Clip(c.Groups[:min(len(c.Groups), maxGroups)])
		if o.QualifyGroups {
			for i, group := range c.Groups {
				c.Groups[i] = p.CorpID + groupMark + group
			}
		}
	}
	return c
}

// Groups returns all of a person's groups, sorted: "dept:<id>" and "role:<id>".
// Numbers survive a rename, and no name given in DingTalk ("system:masters") can
// pass for a right. Access rules want these; claims carry the first 50.
func (p Person) Groups() []string {
	groups := make([]string, 0, len(p.Profile.Departments)+len(p.Profile.Roles))
	for _, id := range p.Profile.Departments {
		groups = append(groups, "dept:"+strconv.FormatInt(id, 10))
	}
	for _, id := range p.Profile.Roles {
		groups = append(groups, "role:"+strconv.FormatInt(id, 10))
	}
	slices.Sort(groups)
	return groups
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
