package people

import (
	"fmt"
	"slices"
	"strings"
)

// Sources of an e-mail address, for [Config.EmailSources].
const (
	// SourceOrgEmail is the mailbox that the organisation runs in DingTalk.
	SourceOrgEmail = "org_email"
	// SourceEmail is typed by an administrator: any address, unproven.
	SourceEmail = "email"
)

// emailPolicy decides which address a person of one organisation may claim (promise P8).
type emailPolicy struct {
	sources           []string
	domains, verified map[string]bool
}

// newEmailPolicies makes one for each organisation. A domain that is vouched for in one
// is in no other's: there it is an administrator of the other who says whose the
// address is (promise P13).
func newEmailPolicies(c Config) (map[string]emailPolicy, error) {
	sources := c.EmailSources
	if len(sources) == 0 {
		sources = []string{SourceOrgEmail}
	}
	for _, source := range sources {
		if source != SourceOrgEmail && source != SourceEmail {
			return nil, fmt.Errorf("e-mail source %q is neither %s nor %s", source, SourceOrgEmail, SourceEmail)
		}
	}
	policies := make(map[string]emailPolicy, len(c.Organisations))
	for corpID, o := range c.Organisations {
		policy := emailPolicy{sources: sources, domains: map[string]bool{}, verified: map[string]bool{}}
		for _, domain := range slices.Concat(o.EmailDomains, o.VerifiedEmailDomains) {
			if cleanEmail("a@"+domain) != "a@"+domain {
				return nil, fmt.Errorf("e-mail domain %q is not a lower-case domain name", domain)
			}
			policy.domains[domain] = true
		}
		for _, domain := range o.VerifiedEmailDomains {
			policy.verified[domain] = true
		}
		policies[corpID] = policy
	}
	for owner, policy := range policies {
		for other := range policies {
			for domain := range policy.verified {
				if other != owner && policies[other].domains[domain] {
					return nil, fmt.Errorf("e-mail domain %q is verified for organisation %s, so organisation %s cannot have it too", domain, owner, other)
				}
			}
		}
	}
	return policies, nil
}

// choose returns the first source's address that may be claimed, and whether the
// operator vouches for it.
func (e emailPolicy) choose(p Profile) (address string, verified bool) {
	for _, source := range e.sources {
		raw := p.OrgEmail
		if source == SourceEmail {
			raw = p.Email
		}
		address := cleanEmail(raw)
		_, domain, _ := strings.Cut(address, "@")
		if address != "" && e.domains[domain] {
			return address, source == SourceOrgEmail && e.verified[domain]
		}
	}
	return "", false
}

// cleanEmail returns s in lower case if it is an address that every app reads in
// the same way, else nothing: ASCII, one "@", a dot-atom of letters, digits and
// ._+- before it, a domain name after it. Much that RFC 5322 permits is refused:
// quoting, comments and routes are where apps disagree about the domain.
func cleanEmail(s string) string {
	local, domain, found := strings.Cut(s, "@")
	if !found || len(s) > 254 || len(local) > 64 || !dotted(local, "._+-") || !dotted(domain, ".-") {
		return ""
	}
	if !strings.Contains(domain, ".") {
		return ""
	}
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return ""
		}
	}
	return lowerASCII(s)
}

// dotted: not empty, of letters, digits and the others, no dot first, last or doubled.
func dotted(s, others string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// lowerASCII leaves all but A-Z alone: the Unicode rules would fold the Kelvin sign
// into a k.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
