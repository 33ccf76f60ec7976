package logout

import "net/netip"

// special are the addresses that are not public, or not a receiver's, although they
// look it. IPv4: the registry of RFC 6890. IPv6 needs no more than the exceptions
// inside 2000::/3, because nothing else is public there.
var special = prefixes(
	"0.0.0.0/8",        // this network
	"10.0.0.0/8",       // private (RFC 1918)
	"100.64.0.0/10",    // shared by carriers (RFC 6598); Alibaba Cloud's metadata, 100.100.100.200
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // Azure's host, seen from a machine on it
	"169.254.0.0/16",   // link-local; most clouds' metadata
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments; Oracle's metadata
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // 6to4 relays (RFC 7526)
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, and the broadcast address
	"2001::/23",        // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4: an IPv4 address in disguise, by a relay nobody knows
	"3fff::/20",        // documentation (RFC 9637)
)

var (
	unicast = netip.MustParsePrefix("2000::/3")     // all that is public in IPv6
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address at the end (RFC 6052)
)

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, text := range list {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// permitted tells whether a notice may go to the address: to a public one, and to
// those in the client's own networks. An IPv4 address written as an IPv6 one
// (::ffff:0:0/96, or through a NAT64) is judged as what it is.
func permitted(addr netip.Addr, networks []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	if within(addr, networks) {
		return true
	}
	if nat64.Contains(addr) {
		b := addr.As16()
		return permitted(netip.AddrFrom4([4]byte(b[12:])), networks)
	}
	if !addr.IsValid() || addr.Is6() && !unicast.Contains(addr) {
		return false
	}
	return !within(addr, special)
}

func within(addr netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}
