package config

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Ways are the ways by which people reach DingTalk, as organisations list them.
var Ways = []string{"oauth2", "sns", "password", "frame", "inapp"}

// wholePages are those of [Ways] that need nothing but a browser which follows
// redirects. They serve whom a frame or DingTalk's script fails.
var wholePages = []string{"oauth2", "sns", "password"}

// signed are those of [Ways] whose exchange is signed with the secret of the scan app.
var signed = []string{"sns", "password"}

// corpID is what DingTalk issues ("ding" and hexadecimal digits) and what simulators
// do; clients.yaml takes the same.
var corpID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CorpIDs are those of all organisations. It is nil if one of them has none, so that
// nothing else is said to be unknown because of that.
func (d DingTalk) CorpIDs() []string {
	var all []string
	for _, o := range d.Organisations {
		if o.CorpID == "" {
			return nil
		}
		all = append(all, o.CorpID)
	}
	return all
}

// EndpointsOf are the hosts of o: its own where it has some, else those of all.
func (d DingTalk) EndpointsOf(o Organisation) Endpoints {
	own := d.Endpoints
	for _, e := range []struct {
		value string
		into  *string
	}{{o.Endpoints.Login, &own.Login}, {o.Endpoints.API, &own.API}, {o.Endpoints.OAPI, &own.OAPI}} {
		if e.value != "" {
			*e.into = e.value
		}
	}
	return own
}

// EmailDomainsOf are the domains that an e-mail claim may have for people of o, and
// those among them for which it is verified: its own, or those of claims if it is the
// only organisation.
func (c Config) EmailDomainsOf(o Organisation) (all, verified []string) {
	if len(c.DingTalk.Organisations) == 1 && len(o.EmailDomains) == 0 {
		return c.Claims.EmailDomains, c.Claims.VerifiedEmailDomains
	}
	return o.EmailDomains, o.VerifiedEmailDomains
}

func (v *validator) dingtalk(d DingTalk) {
	if len(d.Organisations) == 0 {
		v.fault("dingtalk.organisations", "is missing", "give one, with corp_id, client_id and client_secret_file")
	}
	first := map[string]int{} // which organisation has a value that tells it from others
	for i, o := range d.Organisations {
		at := item("dingtalk.organisations", i)
		v.required(at+".corp_id", o.CorpID, "copy the CorpId from DingTalk's developer console")
		if o.CorpID != "" && !corpID.MatchString(o.CorpID) {
			v.fault(at+".corp_id", "is not a CorpId", "copy it from DingTalk's developer console, at the top")
		}
		v.required(at+".client_id", o.ClientID, "copy the app's Client ID from DingTalk's developer console")
		v.required(at+".client_secret_file", o.ClientSecretFile, "put the app's client secret into a file and name it here")
		if len(d.Organisations) > 1 {
			v.required(at+".name", o.Name, "give each organisation a name: people choose by it")
		}
		for _, own := range []struct{ key, value, remedy string }{
			{"corp_id", o.CorpID, "give each organisation once"},
			{"client_id", o.ClientID, "copy this organisation's own app from its developer console"},
			{"name", o.Name, "give each its own name: people choose by it"},
		} {
			id := own.key + " " + own.value
			if j, twice := first[id]; twice && own.value != "" {
				v.fault(join(at, own.key), "is that of "+item("dingtalk.organisations", j), own.remedy)
			} else {
				first[id] = i
			}
		}
		v.ways(at, o)
		v.scanApp(at, o)
		v.endpoints(at, Endpoints{Login: o.Endpoints.Login, API: o.Endpoints.API, OAPI: o.Endpoints.OAPI})
	}
	v.endpoints("dingtalk", d.Endpoints)
	if s := d.ScriptIntegrity; s != "" && !integrity(s) {
		v.fault("dingtalk.script_integrity", "is not a hash for browsers",
			"write sha256-, sha384- or sha512- and the hash of the script in Base64")
	}
}

// ways checks how people of the organisation at path reach DingTalk.
func (v *validator) ways(path string, o Organisation) {
	at := join(path, "ways")
	if len(o.Ways) == 0 {
		v.fault(at, "names no way", "write some of "+strings.Join(Ways, ", ")+", or take it out")
	}
	whole, needy := false, -1
	for i, way := range o.Ways {
		switch {
		case !slices.Contains(Ways, way):
			v.fault(item(at, i), "is not a known way", suggest(way, Ways))
			whole = true // who knows
		case slices.Index(o.Ways, way) < i:
			v.fault(item(at, i), "is given twice", "keep one of them")
		case slices.Contains(wholePages, way):
			whole = true
		case needy < 0:
			needy = i
		}
	}
	if needy >= 0 && !whole {
		v.fault(item(at, needy), "has no full page beside it, for browsers in which it fails", "add oauth2")
	}
}

func (v *validator) scanApp(path string, o Organisation) {
	at := join(path, "scan_app")
	switch {
	case o.ScanApp == ScanApp{}:
		if v.at.given(at) {
			v.fault(at, "is empty", "give app_id and app_secret_file, or take it out: the internal app is used then")
		}
		return
	case o.ScanApp.AppID == "":
		v.fault(at+".app_id", "is missing", "copy the app's id from DingTalk's developer console; it begins with dingoa")
	case o.ScanApp.AppSecretFile == "":
		v.fault(at+".app_secret_file", "is missing", "put the app's secret into a file and name it here")
	}
	if !slices.ContainsFunc(o.Ways, func(way string) bool { return slices.Contains(signed, way) }) {
		v.fault(at, "is for the ways sns and password, and neither is among the ways", "add sns to ways, or take scan_app out")
	}
}

// endpoints checks those of e that are not empty: addresses of the value at path.
func (v *validator) endpoints(path string, e Endpoints) {
	for _, host := range []struct{ key, value string }{
		{"login", e.Login}, {"api", e.API}, {"oapi", e.OAPI}, {"script", e.Script},
	} {
		if host.value == "" {
			continue
		}
		at := path + ".endpoints." + host.key
		u, err := url.Parse(host.value)
		switch {
		case err != nil || u.Hostname() == "" || u.User != nil || strings.HasSuffix(host.value, "/") ||
			strings.ContainsFunc(host.value, func(r rune) bool { return r <= ' ' || r > '~' }) ||
			strings.ContainsAny(host.value, "?#;,'\"<>\\"): // some of these would end a source in a policy (CSP 3, §2.3.1)
			v.fault(at, "is not the address of a host", "write it like https://api.dingtalk.com")
		case u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname())):
			v.fault(at, "is not https", "write https; http is for the simulator on loopback only")
		}
	}
}

// integrity tells whether text is one hash as Subresource Integrity writes it
// (W3C SRI, §3.5), whole.
func integrity(text string) bool {
	algorithm, hash, _ := strings.Cut(text, "-")
	sum, err := base64.StdEncoding.Strict().DecodeString(hash)
	size := map[string]int{"sha256": sha256.Size, "sha384": sha512.Size384, "sha512": sha512.Size}[algorithm]
	return err == nil && size > 0 && len(sum) == size && !strings.ContainsAny(hash, "\r\n")
}

// ownDomains checks the e-mail domains of each organisation against the others'. A
// domain for which one vouches is no other's: apps take its addresses for the person,
// and the other's administrators would say whose they are.
func (v *validator) ownDomains(c *Config) {
	several := len(c.DingTalk.Organisations) > 1
	for _, list := range []struct {
		path  string
		given []string
	}{{"claims.email_domains", c.Claims.EmailDomains}, {"claims.verified_email_domains", c.Claims.VerifiedEmailDomains}} {
		if several && len(list.given) > 0 {
			v.fault(list.path, "is for one organisation, and there are several", "move it to the organisation whose domains these are")
		}
	}
	for i, o := range c.DingTalk.Organisations {
		at := item("dingtalk.organisations", i)
		v.domains(at, o.EmailDomains, o.VerifiedEmailDomains)
		if !several && len(o.EmailDomains) > 0 && len(c.Claims.EmailDomains) > 0 {
			v.fault(at+".email_domains", "stands beside claims.email_domains", "keep one of the two")
		}
		for k, d := range o.EmailDomains {
			for j, other := range c.DingTalk.Organisations {
				if j != i && slices.Contains(other.VerifiedEmailDomains, d) {
					v.fault(item(at+".email_domains", k), "is among the verified_email_domains of "+item("dingtalk.organisations", j),
						"leave it with the one that alone gives out its addresses, or have neither verify it")
				}
			}
		}
	}
}
