package main

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// A note is something about a client that is no fault, and most likely not meant so.
type note struct{ client, text, remedy string }

// notes says of each client, in the order of the file, what check should point out.
func notes(set *clients.Set) []note {
	var all []note
	for c := range set.All() {
		if c.Allow.Nobody() && !c.ResourceServer {
			all = append(all, note{c.ID, "admits nobody", "write `allow: everyone` below it, or groups"})
		} else if barred := c.Barred(); len(barred) > 0 {
			all = append(all, note{c.ID, "admits nobody of " + strings.Join(barred, ", "), "define one of the groups of its allow there too, or take the organisation out"})
		}
		for _, table := range c.Claims {
			if len(table.From) == 0 {
				all = append(all, note{c.ID, "gives everybody the same claim " + table.Name, "write rows for it below from, unless the app wants it so"})
			}
		}
		if (c.GroupsClaim != nil || c.GroupsMax != clients.UsualGroups) && !slices.Contains(c.Scopes, "groups") {
			all = append(all, note{c.ID, "says which groups it sees, and may not ask for any", "add groups to scopes"})
		}
		if c.BackchannelLogoutURI != "" && shutOut(c.BackchannelLogoutURI, c.BackchannelLogoutNetworks) {
			all = append(all, note{c.ID, "has its backchannel_logout_uri in a private network, as it seems, where no notice goes by itself",
				"write below backchannel_logout_networks which network that is"})
		}
		if c.ResourceServer && !isAudience(set, c.ID) {
			all = append(all, note{c.ID, "is a resource server that no client names, so it may introspect no other's tokens",
				"write its id under audiences of the clients that call it"})
		}
	}
	return all
}

// addressNote says what is most likely not meant so: https is left to a proxy, and no proxy
// is listed.
func addressNote(c config.Config) (text, remedy string) {
	if strings.HasPrefix(c.Issuer, "https://") && c.TLS == (config.TLS{}) && len(c.TrustedProxies) == 0 {
		return "trusted_proxies is empty, though a proxy has to speak https for the issuer: everybody behind it shares one address, in the limits and in the audit log",
			"name the proxy's address there"
	}
	return "", ""
}

// isAudience tells whether any client names id among its audiences.
func isAudience(set *clients.Set, id string) bool {
	for c := range set.All() {
		if slices.Contains(c.Audiences, id) {
			return true
		}
	}
	return false
}

// privateDomains end names that public name servers do not have (RFC 6761, RFC 6762,
// RFC 8375, and what companies use beside them).
var privateDomains = []string{".internal", ".local", ".localhost", ".localdomain", ".lan", ".intranet", ".private", ".corp", ".home", ".home.arpa"}

// shared are addresses of carriers and clouds, which netip does not count as private.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// shutOut guesses whether notices to uri will be refused. What a name means is found
// out when a notice is sent; here nobody is asked.
func shutOut(uri string, networks []netip.Prefix) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false // the registration says so
	}
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		inside := slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
		return !inside && (!addr.IsGlobalUnicast() || addr.IsPrivate() || shared.Contains(addr))
	}
	return len(networks) == 0 && (!strings.Contains(host, ".") ||
		slices.ContainsFunc(privateDomains, func(end string) bool { return strings.HasSuffix(host, end) }))
}
