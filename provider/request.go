package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
)

// call is what is known of one request beside the request itself.
type call struct {
	id      string // shown on pages, in logs and in X-Request-Id
	address string // of the browser or client
	client  *clients.Client
	locales string    // ui_locales of the request, or of the login it belongs to
	binding string    // of the browser, once it was asked for
	bound   bool      // the answer sets it
	way     login.Way // in, of the login it belongs to; empty while the person may choose
	corpID  string    // of the organisation by which it goes in; empty likewise
	subject string    // who it is, once DingTalk or a session has said so
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

// address returns the caller's. A forwarded one counts only from a listed proxy, and
// then it is the last that no listed proxy added.
func (p *Provider) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap()
	if len(p.TrustedProxies) == 0 {
		return addr.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func (p *Provider) trusted(addr netip.Addr) bool {
	for _, prefix := range p.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

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
