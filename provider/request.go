package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
)

// call is what is known of one request beside the request itself.
type call struct {
	id      string // shown on pages, in logs and in X-Request-Id
	address string // of the browser or client
	from    netip.Addr
	client  *clients.Client
	work    atWork       // while it takes one of the replica's places
	shown   limits.Purse // of the code or token that it showed
	locales string       // ui_locales of the request, or of the login it belongs to
	binding string       // of the browser, once it was asked for
	bound   bool         // the answer sets it
	way     login.Way    // in, of the login it belongs to; empty while the person may choose
	corpID  string       // of the organisation by which it goes in; empty likewise
	subject string       // who it is, once DingTalk or a session has said so
}

type callKey struct{}

// callOf returns the request's call; the routes put it there.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func newCallID() string {
	var b [9]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// address returns who asks. A forwarded address counts only from a listed proxy.
func (p *Provider) address(r *http.Request) netip.Addr {
	forwarded := r.Header["X-Forwarded-For"]
	addr := limits.Address(r.RemoteAddr, forwarded, p.TrustedProxies)
	if len(forwarded) > 0 && nearby(addr) && !limits.Trusted(addr, p.TrustedProxies) && isPeer(r, addr) {
		p.strangers.Do(func() { p.unlisted(r.Context(), addr) })
	}
	return addr
}

func isPeer(r *http.Request, addr netip.Addr) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap() == addr
}

// unlisted tells the operator, once, of what looks like a proxy that is not listed: then
// all who come through it are one address to the limits and in the audit log.
func (p *Provider) unlisted(ctx context.Context, addr netip.Addr) {
	p.Log.WarnContext(ctx, "X-Forwarded-For came from an address that is not among trusted_proxies, and was not believed",
		"address", addr.String(), "remedy", "if that is your proxy, add it to trusted_proxies: until then everybody behind it shares one address in the limits and in the audit log")
}

// nearby tells whether an address is one that proxies in front of us have.
func nearby(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || shared.Contains(addr)
}

// shared are addresses of carriers and clouds (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// record writes an audit event with what is known of the request.
func (p *Provider) record(ctx context.Context, e audit.Event) {
	c := callOf(ctx)
	e.RequestID, e.Address = c.id, c.address
	switch e.Name {
	case audit.LoginBegun, audit.LoginSucceeded, audit.LoginRefused, audit.LoginRetried:
		e.Way, e.CorpID = string(c.way), c.corpID
	case audit.UpstreamTrouble:
		e.CorpID = cmp.Or(e.CorpID, c.corpID)
	}
	if e.Name == audit.LoginRefused || e.Name == audit.AuthorizeRefused {
		e.Subject = cmp.Or(e.Subject, c.subject)
	}
	if e.ClientID == "" && c.client != nil {
		e.ClientID = c.client.ID
	}
	p.Audit.Record(ctx, e)
}
