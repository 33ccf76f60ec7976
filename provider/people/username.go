package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// Sources of the readable part of a username, for [Config.UsernameSources], beside
// SourceOrgEmail, which gives the part before the "@". Whoever changes one of them gains
// nothing: the name is made once, and ends in a part of the sub.
const (
	SourceUserID    = "userid"
	SourceJobNumber = "job_number"
	// SourcePinyin is the name in the directory, in Latin letters: zhangsan.
	SourcePinyin = "pinyin"
)

var usernameSources = []string{SourceUserID, SourceJobNumber, SourceOrgEmail, SourcePinyin}

// maxUsername is what the strictest of the apps takes.
const maxUsername = 39

// suffixLengths are tried in turn. Six characters of the sub are 30 bits: a clash
// needs the same readable part as well. The last is the whole sub.
var suffixLengths = []int{6, 8, 10, 13, 16, 26}

// reservedUsernames mean something in some app, which knows its users by name; on a
// host; or to people who read mail (RFC 2142).
var reservedUsernames = strings.Fields(`
	about abuse account accounts actions adm admin administrator administrators admins airflow alert-bot all
	anonymous ansible any apache api app apps argocd artifactory assets attachments audit auth authenticated
	authentik autodiscover avatar avatars backup billing bin bind blog bot bounce bugzilla build cancel captcha
	ceph ci cluster cluster-admin cms commits config confluence console consul cron daemon dashboard dashboards
	data database db dba debug default default-user demo deploy dev devops devtest dex dingbridge dingding
	dingtalk dispatcher dns docker docs elastic elasticsearch email error etcd events everyone example
	example-user explore false favicon.ico files forgejo ftp games gerrit ghost git gitea gitea-actions gitlab
	gitlab-ci-token gitlab-runner global gpg grafana group groups guest guests hadoop harbor hdfs health help hive
	home host hostmaster hr http https images imap import index influxdb info internal invite irc issues jenkins
	jenkins-admin jira jumpserver jwt k8s kafka keycloak keys kibana kube-system kubeadmin kubelet kubernetes
	kubesphere ldap list local localhost login logout logs lp mail mailer-daemon main maintainer manager
	manifest.json marketing master me member members metrics migration-bot milestones minio minioadmin moderator
	mongo mongodb monitor monitoring mssql mysql nacos nagios namespace namespaces new news nextcloud nexus nginx
	no-reply nobody noc node none noreply notifications null oauth oidc operator ops oracle org organization
	organizations orgs owner owners packages password payments permission permissions ping policy pop portainer
	postgres postgresql postmaster power-user privacy private prod production profile project projects prometheus
	proxy public pulls rabbitmq rancher raw read-only readme readonly redis register registry release releases
	repo report reports repos robot robots.txt role roles root rss runner sa sales saml sample sandbox search
	secure security security-bot self server service service-account serviceaccount services serviceworker.js
	session sessions settings setup shared signin signup site sitemap.xml sites smtp snippets solr sonar sonarqube
	source spam spark sql ssh ssh_info sshd ssl sso staff stage staging static status store subscribe sudo
	superadmin superset superuser support support-bot svc svn swagger sync sys sysadmin syslog system system-admin
	systemd task tasks team teams temp template test testing tmp token tomcat tools trash true unauthenticated
	undefined unix unknown unsubscribe uploads usenet user username users uucp v1 v2 vault web webmaster wheel
	wiki windows wordpress wp-admin www www-data xml xmlrpc yarn you zabbix zookeeper`)

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
		if !slices.Contains(usernameSources, source) {
			return policy, fmt.Errorf("username source %q is none of %s", source, strings.Join(usernameSources, ", "))
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
		case SourcePinyin:
			raw = pinyin(member.Name)
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
func (r *Registry) registerUsername(ctx context.Context, s Subject, member dingtalk.Member, beside ...*storage.Op) (string, error) {
	stem := r.usernames.stem(member)
	for _, n := range suffixLengths {
		name := usernameOf(stem, s, n)
		if r.usernames.reserved[name] {
			continue
		}
		op := storage.Create("username/"+name, []byte(s), 0)
		_ = r.store.Together(ctx, append(beside, op)...)
		beside = nil
		err := op.Err
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
