package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/demoapp"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// demoSecret is the fixed secret of the fixed client demo, for checks and trials.
const demoSecret = "demo-secret"

// thisMachine is where notices of a logout may go: to the demo app, which listens on
// loopback only.
var thisMachine = []string{"127.0.0.0/8", "::1"}

// demoClients are the clients of the demo. second is the hash of the second client's
// secret. The web page of demo-spa has nobody who could take a notice of a logout.
func demoClients(app *demoapp.App, second string) []clients.Spec {
	callbacks, goodbyes, receivers := app.RedirectURIs(), app.PostLogoutURIs(), app.BackchannelURIs()
	return []clients.Spec{{
		ID:                        "demo",
		Name:                      "演示应用 Demo",
		SecretHash:                clients.HashSecret(demoSecret), // chosen, not random: for loopback only
		RedirectURIs:              callbacks[:1],
		PostLogoutRedirectURIs:    goodbyes[:1],
		BackchannelLogoutURI:      receivers[0],
		BackchannelLogoutNetworks: thisMachine,
		ExtraRedirect:             anyLoopback,
		ExtraPostLogoutRedirect:   anyLoopback,
		ExtraOrigin:               loopbackOrigin,
		DeviceAuthorization:       true,
		Allow:                     clients.Allow{Everyone: true},
		PhoneNumber:               true,
		ResourceServer:            false,
	}, {
		ID:                      "demo-spa",
		Name:                    "演示网页 Demo SPA",
		Public:                  true,
		RedirectURIs:            callbacks[:1],
		PostLogoutRedirectURIs:  goodbyes[:1],
		ExtraRedirect:           anyLoopback,
		ExtraPostLogoutRedirect: anyLoopback,
		ExtraOrigin:             loopbackOrigin,
		DeviceAuthorization:     true,
		Allow:                   clients.Allow{Everyone: true},
		PhoneNumber:             true,
	}, {
		ID:                        "demo-second",
		Name:                      "第二个应用 Second app",
		SecretHash:                second,
		RedirectURIs:              callbacks[1:],
		PostLogoutRedirectURIs:    goodbyes[1:],
		BackchannelLogoutURI:      receivers[1],
		BackchannelLogoutNetworks: thisMachine,
		Allow:                     clients.Allow{Everyone: true},
	}}
}

// anyLoopback admits any port and path on 127.0.0.1, after a login and after a logout,
// so that anybody's test can be a client of the demo. No configuration can ask for this.
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
