package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// demoSecret is the fixed secret of the fixed client demo, for checks and trials.
const demoSecret = "demo-secret"

// demoClients are the clients of the demo. callbacks are the app's own, second is
// the hash of the second client's secret.
func demoClients(callbacks [2]string, second string) []clients.Spec {
	return []clients.Spec{{
		ID:             "demo",
		Name:           "演示应用 Demo",
		SecretHash:     clients.HashSecret(demoSecret), // chosen, not random: for loopback only
		RedirectURIs:   callbacks[:1],
		ExtraRedirect:  anyLoopback,
		ExtraOrigin:    loopbackOrigin,
		Allow:          clients.Allow{Everyone: true},
		PhoneNumber:    true,
		ResourceServer: false,
	}, {
		ID:            "demo-spa",
		Name:          "演示网页 Demo SPA",
		Public:        true,
		RedirectURIs:  callbacks[:1],
		ExtraRedirect: anyLoopback,
		ExtraOrigin:   loopbackOrigin,
		Allow:         clients.Allow{Everyone: true},
		PhoneNumber:   true,
	}, {
		ID:           "demo-second",
		Name:         "第二个应用 Second app",
		SecretHash:   second,
		RedirectURIs: callbacks[1:],
		Allow:        clients.Allow{Everyone: true},
	}}
}

// anyLoopback admits any port and path on 127.0.0.1, so that anybody's test can be
// a client of the demo. No configuration can ask for this.
func anyLoopback(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "http" && u.Hostname() == "127.0.0.1" && u.User == nil && u.Opaque == "" &&
		!strings.ContainsAny(uri, "#\\ \t\r\n") && strings.HasPrefix(uri, "http://127.0.0.1")
}

// loopbackOrigin admits the scripts of web pages on this machine.
func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost") &&
		origin == "http://"+u.Host
}

// demoDomains are the domains of the company's mailboxes: the demo vouches for them.
func demoDomains(sim *simulator.Simulator) []string {
	var domains []string
	for _, id := range sim.People() {
		p, _ := sim.Person(id)
		_, domain, ok := strings.Cut(p.OrgEmail, "@")
		if domain = strings.ToLower(domain); ok && domain != "" && !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return domains
}
