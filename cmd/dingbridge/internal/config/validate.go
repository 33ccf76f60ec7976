package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A validator collects faults. It changes nothing and opens nothing.
type validator struct {
	at     positions
	faults Faults
}

func validate(c *Config, at positions) Faults {
	v := &validator{at: at}
	v.issuer(c)
	v.listen(c)
	v.tls(c.TLS)
	v.storage(c.Storage)
	v.required("secret_file", c.SecretFile, "make one with `dingbridge secret new FILE` and name it here")
	if c.ClientsDir == "" {
		v.required("clients_file", c.ClientsFile, "name the file that `dingbridge client add` writes to")
	}
	v.dingtalk(c.DingTalk)
	v.durations(c)
	v.claims(c)
	v.proxies(c.TrustedProxies)
	v.telemetry(c)
	if strings.HasSuffix(c.AdminSocket, "/") || strings.ContainsRune(c.AdminSocket, 0) {
		v.fault("admin_socket", "is not the path of a file", "write it like /run/dingbridge/admin.sock")
	}
	v.limits(c.Limits)
	if c.Leavers.MostPeople < 1 {
		v.fault("leavers.most_people", "is less than 1", "write how many people may leave within an hour")
	}
	if c.Leavers.MostPercent < 1 || c.Leavers.MostPercent > 100 {
		v.fault("leavers.most_percent", "is not from 1 to 100", "write a whole number of per cent")
	}
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "json", "text")
	return v.faults
}

func (v *validator) fault(path, text, remedy string) {
	v.faults = append(v.faults, v.at.fault(path, text, remedy))
}

func (v *validator) required(path, value, remedy string) bool {
	if value == "" {
		v.fault(path, "is missing", remedy)
	}
	return value != ""
}

func (v *validator) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.fault(path, "is none of "+strings.Join(allowed, ", "), "write one of them")
	}
}

func (v *validator) issuer(c *Config) {
	const at = "issuer"
	if !v.required(at, c.Issuer, "write the address where browsers reach this provider, such as https://sso.example.com") {
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		v.fault(at, "is not an https address", "write it like https://sso.example.com")
	case u.User != nil:
		v.fault(at, "has a user name", "take out all up to the @")
	case strings.ContainsAny(c.Issuer, "?#"):
		v.fault(at, "has a query or fragment", "take out all from the ? or #")
	case strings.HasSuffix(c.Issuer, "/"):
		v.fault(at, "ends in a slash", "take it out: apps compare the issuer letter by letter")
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		v.fault(at, "is plain http", "write https; http is for loopback addresses only")
	case u.Host != strings.ToLower(u.Host):
		v.fault(at, "has capitals in its host", "write the host in small letters, as browsers send it")
	case !asSent(u.Hostname()):
		// Else no form and no message of our own pages would count as ours.
		v.fault(at, "has a host that browsers send otherwise", "write a name in ASCII (xn--...), an address in its shortest form")
	case u.Path != "" && (path.Clean(u.Path) != u.Path || u.RawPath != "" || strings.ContainsAny(u.Path, " \\;%")):
		v.fault(at, "has a path with empty or dotted parts or escapes", "write a plain path such as /sso")
	case u.Port() != "" && !port(u.Port()):
		v.fault(at, "has a port that is none", "write a number from 1 to 65535 or none")
	}
}

// asSent reports whether browsers send a host in small letters as it is written here: not
// a name with letters beyond ASCII, nor an IPv6 address that could be shorter.
func asSent(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return ip.String() == host
	}
	return !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' })
}

func port(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

// Loopback reports whether host is this machine as it names itself.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (v *validator) listen(c *Config) {
	host, number, err := net.SplitHostPort(c.Listen)
	if err != nil || (number != "0" && !port(number)) {
		v.fault("listen", "is not host:port", "write it like 127.0.0.1:8080, or :8080 for every address")
		return
	}
	if strings.HasPrefix(c.Issuer, "http://") && !Loopback(host) {
		v.fault("listen", "is open to the network while the issuer is plain http",
			"listen on 127.0.0.1, or make the issuer https")
	}
}

func (v *validator) tls(t TLS) {
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		v.fault("tls.key_file", "is missing", "name the key of the certificate")
	case t.KeyFile != "" && t.CertFile == "":
		v.fault("tls.cert_file", "is missing", "name the certificate of the key")
	case t == TLS{} && v.at.given("tls"):
		v.fault("tls", "is empty", "name cert_file and key_file, or take it out")
	}
}

func (v *validator) storage(s StorageURL) {
	const kinds = "redis://, rediss://, redis+sentinel://, redis+cluster:// or bolt:///path"
	if !v.required("storage", string(s), "write "+kinds) {
		return
	}
	switch s.Scheme() {
	case "redis", "rediss", "redis+sentinel", "redis+cluster":
		// The back end reads the rest; `check` opens it.
	case "bolt":
		if p, err := s.BoltPath(); err != nil || p == "" {
			v.fault("storage", "names no file", "write three slashes and the whole path: bolt:///var/lib/dingbridge/state.db")
		}
	default:
		v.fault("storage", "is of no kind that we know", "write "+kinds)
	}
}

// BoltPath is the file that a bolt URL names.
func (s StorageURL) BoltPath() (string, error) {
	u, err := url.Parse(string(s))
	if err != nil || u.Scheme != "bolt" || u.Host != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		!path.IsAbs(u.Path) || strings.HasSuffix(u.Path, "/") {
		return "", fmt.Errorf("not of the form bolt:///path")
	}
	return u.Path, nil
}

func (v *validator) claims(c *Config) {
	for i, s := range c.Claims.EmailSources {
		v.oneOf(item("claims.email_sources", i), s, "org_email", "email")
	}
	for i, s := range c.Claims.UsernameSources {
		v.oneOf(item("claims.username_sources", i), s, "job_number", "userid", "org_email", "pinyin")
	}
	v.domains("claims", c.Claims.EmailDomains, c.Claims.VerifiedEmailDomains)
	v.ownDomains(c)
	v.substituteDomain(c)
}

// domainName is a name that every app takes in an address: labels as RFC 1123 §2.1 has
// them, in small letters.
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// substituteDomain: an app must never take an address that we made up for one that
// belongs to somebody.
func (v *validator) substituteDomain(c *Config) {
	const at = "claims.substitute_email_domain"
	domain := c.Claims.SubstituteEmailDomain
	if domain == "" {
		return
	}
	if len(domain) > 200 || !domainName.MatchString(domain) {
		v.fault(at, "is not a domain", "write it like users.example.com, in small letters, without @")
	}
	real := slices.Clone(c.Claims.EmailDomains)
	for _, o := range c.DingTalk.Organisations {
		real = append(real, o.EmailDomains...)
	}
	if slices.Contains(real, domain) {
		v.fault(at, "is among the email_domains", "take one at which nobody has a mailbox, such as users."+domain)
	}
}

// domains checks the two lists of domains in the value at path.
func (v *validator) domains(path string, all, verified []string) {
	for i, d := range all {
		v.domain(item(join(path, "email_domains"), i), d)
	}
	for i, d := range verified {
		at := item(join(path, "verified_email_domains"), i)
		v.domain(at, d)
		if !slices.Contains(all, d) {
			v.fault(at, "is not among "+join(path, "email_domains"), "add it there too")
		}
	}
}

func (v *validator) domain(path, d string) {
	if d != strings.ToLower(d) || !strings.Contains(d, ".") || strings.ContainsAny(d, "@/:* \t") ||
		strings.HasPrefix(d, ".") || strings.HasSuffix(d, ".") {
		v.fault(path, "is not a domain", "write it like example.com, in small letters, without @")
	}
}

func (v *validator) proxies(list []string) {
	for i, text := range list {
		switch network, err := ParseNetwork(text); {
		case err != nil:
			v.fault(item("trusted_proxies", i), "is not a network", "write it like 10.0.0.0/8 or 192.0.2.7")
		case network.Bits() == 0:
			v.fault(item("trusted_proxies", i), "is everybody", "write the network of the proxy alone: else anybody may name any address as theirs")
		case network.Addr().Is4In6():
			v.fault(item("trusted_proxies", i), "is IPv4 in IPv6", "write it as IPv4, like 10.0.0.0/8")
		}
	}
}

// limits: what is less than the least here would turn people away who do nothing wrong.
func (v *validator) limits(l Limits) {
	for _, n := range []struct {
		key               string
		value, least, top int
		what              string
	}{
		{"logins_per_second", l.LoginsPerSecond, 1, 1_000_000, ""},
		{"dingtalk_logins_per_second", l.DingTalkLoginsPerSecond, 1, 1_000_000, ""},
		{"dingtalk_calls_per_second", l.DingTalkCallsPerSecond, 1, 1_000_000, ": what DingTalk grants the app, 20, or 60 with an add-on package"},
		{"logins_per_address", l.LoginsPerAddress, 10, 10_000_000, ", more than people of one office may be logging in at one time"},
		{"failures_per_minute", l.FailuresPerMinute, 10, 1_000_000, ""},
		{"requests_per_client", l.RequestsPerClient, 10, 1_000_000, ""},
		{"requests_at_once", l.RequestsAtOnce, 16, 100_000, ""},
		{"connections", l.Connections, 64, 1_000_000, ", and let the process open as many files"},
	} {
		if n.value < n.least || n.value > n.top {
			text := fmt.Sprintf("is not from %d to %d", n.least, n.top)
			if n.value < 1 {
				text = "is less than 1"
			}
			v.fault("limits."+n.key, text, fmt.Sprintf("write a whole number from %d on%s", n.least, n.what))
		}
	}
}

// ParseNetwork reads a CIDR network or one address. Bits below the mask are a
// fault: they mean that somebody mistook one for the other.
func ParseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		if ip.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("zone in %q", text)
		}
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Masked() != p {
		return netip.Prefix{}, fmt.Errorf("bits below the mask in %q", text)
	}
	return p, nil
}

// durations checks each life by itself and those that must not pass another.
func (v *validator) durations(c *Config) {
	const day = 24 * time.Hour
	for _, r := range []struct {
		path        string
		value       Duration
		least, most time.Duration
	}{
		{"dingtalk.timeout", c.DingTalk.Timeout, 100 * time.Millisecond, time.Minute},
		{"drain_delay", c.DrainDelay, 0, time.Minute},
		{"lives.code", c.Lives.Code, time.Second, 10 * time.Minute},
		{"lives.id_token", c.Lives.IDToken, time.Second, day},
		{"lives.access_token", c.Lives.AccessToken, time.Second, day},
		{"lives.refresh_idle", c.Lives.RefreshIdle, time.Second, 10 * 365 * day},
		{"lives.refresh_absolute", c.Lives.RefreshAbsolute, time.Second, 10 * 365 * day},
		{"lives.session_idle", c.Lives.SessionIdle, time.Second, 365 * day},
		{"lives.session_absolute", c.Lives.SessionAbsolute, time.Second, 365 * day},
		{"lives.refresh_leeway", c.Lives.RefreshLeeway, time.Second, 10 * time.Minute},
		{"freshness.recheck_after", c.Freshness.RecheckAfter, time.Second, day},
		{"freshness.max_stale", c.Freshness.MaxStale, time.Second, 7 * day},
		{"leavers.sweep_every", c.Leavers.SweepEvery, time.Minute, 30 * day},
		{"keys.rotate_every", c.Keys.RotateEvery, 10 * time.Minute, 10 * 365 * day},
		{"keys.publish_lead", c.Keys.PublishLead, 5 * time.Minute, 365 * day},
	} {
		if got := time.Duration(r.value); got < r.least || got > r.most {
			v.fault(r.path, "is out of bounds", fmt.Sprintf("write a duration from %s to %s", Duration(r.least), Duration(r.most)))
		}
	}
	for _, r := range []struct {
		path, other  string
		value, limit Duration
	}{
		{"lives.refresh_idle", "lives.refresh_absolute", c.Lives.RefreshIdle, c.Lives.RefreshAbsolute},
		{"lives.access_token", "lives.refresh_idle", c.Lives.AccessToken, c.Lives.RefreshIdle},
		{"lives.access_token", "freshness.max_stale", c.Lives.AccessToken, c.Freshness.MaxStale},
		{"lives.session_idle", "lives.session_absolute", c.Lives.SessionIdle, c.Lives.SessionAbsolute},
		{"freshness.recheck_after", "freshness.max_stale", c.Freshness.RecheckAfter, c.Freshness.MaxStale},
		{"keys.publish_lead", "half of keys.rotate_every", c.Keys.PublishLead, c.Keys.RotateEvery / 2},
	} {
		if r.value > r.limit {
			v.fault(r.path, "is longer than "+r.other, "make it no longer than "+r.limit.String())
		}
	}
}
