package limits

import (
	"net/netip"
	"strings"
)

// Address is who asks: the peer, as it is written in http.Request.RemoteAddr, or whom
// the listed proxies name. forwarded are the values of X-Forwarded-For in the order in
// which they came; each proxy adds its peer at the end, so they are walked from there,
// and what stands before the first address that is no listed proxy's, anybody may have
// written (promise T5). The zero address: not known.
//
// The header Forwarded (RFC 7239) is not read: proxies that do not know it pass on what
// a client wrote there.
func Address(peer string, forwarded []string, trusted []netip.Prefix) netip.Addr {
	from, err := netip.ParseAddrPort(peer)
	if err != nil {
		return netip.Addr{}
	}
	addr := from.Addr().Unmap().WithZone("")
	for i := len(forwarded) - 1; i >= 0; i-- {
		for list, more := forwarded[i], true; more; {
			if !Trusted(addr, trusted) {
				return addr
			}
			var hop string
			list, hop, more = lastOf(list)
			next, ok := parseHop(hop)
			if !ok {
				return addr // the proxy that passed it on is all that is known
			}
			addr = next
		}
	}
	return addr
}

// Trusted tells whether a proxy is listed.
func Trusted(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, network := range trusted {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// lastOf cuts the last item off a list with commas.
func lastOf(list string) (before, item string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// parseHop reads one item: an address, which some proxies write with a port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.Trim(text, " \t")
	addr, err := netip.ParseAddr(text)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	if addr.Zone() != "" { // of the proxy's own machine
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// network is what of an address has one budget: IPv4 whole, IPv6 without its last 64 bits,
// which whoever has one may choose.
func network(addr netip.Addr) (key [16]byte) {
	key = addr.Unmap().As16()
	if addr.Is6() && !addr.Is4In6() {
		clear(key[8:])
	}
	return key
}
