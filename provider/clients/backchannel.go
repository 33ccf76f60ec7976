package clients

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// backchannel checks where the client is told of logouts. The request goes out from
// our side of the company's firewall, so the operator says beside the URI which
// addresses that are not public it may reach (promise C10).
func (k *checker) backchannel(c *Client) {
	const uriField, networksField = "backchannel_logout_uri", "backchannel_logout_networks"
	c.BackchannelLogoutURI = k.spec.BackchannelLogoutURI
	switch err := checkURI(c.BackchannelLogoutURI, false, k.spec.InsecureHTTPRedirects); {
	case c.BackchannelLogoutURI == "":
		if len(k.spec.BackchannelLogoutNetworks) > 0 {
			k.faultf(networksField, "write backchannel_logout_uri too, or remove the networks", "there is no notice that could go there")
		}
	case err != nil:
		k.faultf(uriField, "write the absolute https URL at which the app takes notices of a logout "+
			"(http only for 127.0.0.1, [::1] and localhost, or with insecure_http_redirects: true)", "%v", err)
	case c.Public && strings.HasPrefix(c.BackchannelLogoutURI, "http:"):
		k.faultf(uriField, "write an https URL", "it is plain http, which a public client may not have")
	}
	for i, text := range k.spec.BackchannelLogoutNetworks {
		network, err := parseNetwork(text)
		at := fmt.Sprintf("%s[%d]", networksField, i)
		switch {
		case err != nil:
			k.faultf(at, "write it like 10.1.0.0/16 or 10.1.2.3", "%v", err)
		case slices.Contains(c.BackchannelLogoutNetworks, network):
			k.faultf(at, "keep it once", "the network is there twice")
		}
		c.BackchannelLogoutNetworks = append(c.BackchannelLogoutNetworks, network)
	}
}

// parseNetwork reads a CIDR network (RFC 4632 §3.1) or one address. What is written
// is what an address is compared with, so it has one spelling and says one thing.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if address, single := netip.ParseAddr(text); single == nil && address.Zone() == "" {
		network, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	switch {
	case err != nil:
		return network, errors.New("it is not a network")
	case network.Addr().Is4In6():
		return network, errors.New("it is an IPv4 network in IPv6 notation")
	case network.Masked() != network:
		return network, errors.New("it has bits below the mask, so it is either an address or another network")
	case network.Bits() == 0:
		return network, errors.New("it is every address there is")
	}
	return network, nil
}
