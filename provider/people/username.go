package people

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// Sources of the readable part of a username, for [Config.UsernameSources], beside
// SourceOrgEmail, which gives the part before the "@".
const (
	SourceUserID    = "userid"
	SourceJobNumber = "job_number"
)

// maxUsername is what the strictest of the apps takes.
const maxUsername = 39

// suffixLengths are tried in turn. Six characters of the sub are 30 bits: a clash
// needs the same readable part as well. The last is the whole sub.
var suffixLengths = []int{6, 8, 10, 13, 16, 26}

// reservedUsernames mean something in some app, which knows its users by name.
var reservedUsernames = strings.Fields(`
	about abuse account accounts actions admin administrator anonymous api app apps argocd assets audit auth
	autodiscover avatars backup billing bin blog bot build cancel captcha ceph cluster-admin config console
	daemon dashboard debug default default-user deploy dev devops dex dingbridge dingtalk docs everyone explore
	favicon.ico ftp ghost git gitea gitlab grafana groups guest harbor health help host hostmaster info
	internal invite issues jenkins jira kubernetes ldap local localhost login logout mail main manager me
	metrics milestones minio monitoring nacos new nobody noc none null oauth oidc operator org organizations
	owner postgres postmaster privacy project projects prometheus proxy public pulls rancher raw redis repo
	robot robots.txt root saml search secure security service settings setup shared signin signup
	sonar ssh ssl sso staff static status superadmin superuser support sys sysadmin system team teams template
	test token tools undefined unknown user username users v1 v2 vault web webmaster wiki www`)

// usernamePolicy makes the readable part of a username.
type usernamePolicy struct {
	sources  []string
	reserved map[string]bool
}

func newUsernamePolicy(c Config) (usernamePolicy, error) {
	policy := usernamePolicy{sources: c.UsernameSources, reserved: map[string]bool{}}
	if len(policy.sources) == 0 {
		policy.sources = []string{SourceUserID}
	}
	for _, source := range policy.sources {
		if source != SourceUserID && source != SourceJobNumber && source != SourceOrgEmail {
			return policy, fmt.Errorf("username source %q is none of %s, %s, %s", source, SourceUserID, SourceJobNumber, SourceOrgEmail)
		}
	}
	for _, word := range reservedUsernames {
		policy.reserved[word] = true
	}
	for _, word := range c.ReservedUsernames {
		policy.reserved[lowerASCII(word)] = true
	}
	return policy, nil
}

// stem returns the readable part: the first source that leaves something that is
// not reserved, else "u".
func (u usernamePolicy) stem(member dingtalk.Member) string {
	for _, source := range u.sources {
		raw := member.UserID
		switch source {
		case SourceJobNumber:
			raw = member.JobNumber
		case SourceOrgEmail:
			raw, _, _ = strings.Cut(cleanEmail(member.OrgEmail), "@")
		}
		if stem := slug(raw); stem != "" && !u.reserved[stem] {
			return stem
		}
	}
	return "u"
}

// usernameOf joins a stem and n characters of the sub. Because of them a name is
// different for different people even after the loss of all state.
func usernameOf(stem string, s Subject, n int) string {
	room := maxUsername - 1 - n
	return strings.TrimRight(stem[:min(len(stem), room)], separators) + "-" + string(s[:n])
}

// registerUsername makes and registers the name of a person who has none yet: one
// storage trip, unless the name is another's. The person's own name found there
// (the person record was lost) is taken up again.
func (r *Registry) registerUsername(ctx context.Context, s Subject, member dingtalk.Member) (string, error) {
	stem := r.usernames.stem(member)
	for _, n := range suffixLengths {
		name := usernameOf(stem, s, n)
		if r.usernames.reserved[name] {
			continue
		}
		op := storage.Create("username/"+name, []byte(s), 0)
		err := r.store.Together(ctx, op)
		if err == nil || errors.Is(err, storage.ErrConflict) && string(op.Value) == string(s) {
			return name, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return "", fmt.Errorf("register username: %w", err)
		}
		r.log.WarnContext(ctx, "username is another person's, taking a longer one", "sub", string(s), "length", n)
	}
	return "", errors.New("register username: every form of it is another person's or reserved")
}

const separators = "._-"

// slug makes the readable part of a username of any text: lower-case ASCII letters
// and digits with single separators between, at most 33 bytes. What is not ASCII is left
// out rather than folded, so no two scripts meet in one name.
func slug(s string) string {
	var b strings.Builder
	var separator byte
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if isAlphanumeric(c) {
			if separator != 0 && b.Len() > 0 {
				b.WriteByte(separator)
			}
			b.WriteByte(c)
			separator = 0
		} else if separator == 0 {
			separator = '-'
			if strings.IndexByte(separators, c) >= 0 {
				separator = c
			}
		}
		if b.Len() >= 32 {
			break
		}
	}
	return b.String()
}

// isUsername accepts what usernameOf makes.
func isUsername(s string) bool {
	if len(s) < 2 || len(s) > maxUsername || strings.Contains(s, "..") || strings.HasSuffix(s, ".git") || strings.HasSuffix(s, ".atom") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' || !isAlphanumeric(c) && (i == 0 || strings.IndexByte(separators, c) < 0) {
			return false
		}
	}
	return true
}
