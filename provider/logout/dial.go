package logout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// errForbidden: the receiver's name leads to an address that the operator did not
// allow.
var errForbidden = errors.New("not a public address, and not in backchannel_logout_networks")

// maxHeader bounds the header of an answer.
const maxHeader = 16 << 10

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// dialTo makes connections to where a notice may go. The address is looked at when it
// is dialled, not when the name is looked up: a second answer of the name server,
// which differs from the first, changes nothing.
func (n *Notifier) dialTo(networks []netip.Prefix) dialer {
	if n.dial != nil {
		return n.dial
	}
	d := &net.Dialer{
		Timeout:  n.Timeout,
		Resolver: n.resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return mayDial(network, address, networks)
		},
	}
	return d.DialContext
}

// mayDial judges what is about to be dialled, as the net package names it: "tcp4" and
// "192.0.2.1:443".
func mayDial(network, address string, networks []netip.Prefix) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !permitted(to.Addr(), networks) {
		return fmt.Errorf("%s: %w", address, errForbidden)
	}
	return nil
}

// transport makes what carries one try. It is used without an http.Client: a
// RoundTripper follows no redirect and puts no URL into its errors. Connections are
// not kept, so that each try is held to the networks of its own client: notices are
// few, and a handshake is cheap beside a connection that somebody else was allowed.
func (n *Notifier) transport(networks []netip.Prefix) *http.Transport {
	return &http.Transport{
		DialContext:            n.dialTo(networks),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.roots},
		TLSHandshakeTimeout:    n.Timeout,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}
