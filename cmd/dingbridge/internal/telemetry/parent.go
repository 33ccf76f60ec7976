package telemetry

import (
	"encoding/hex"
	"net/http"
	"net/netip"
)

// A parent is the span of a caller (W3C Trace Context).
type parent struct {
	there   bool
	trace   [16]byte
	span    [8]byte
	sampled bool
}

// callerOf reads the traceparent of a request, if its peer is one of those that may send
// one: anybody else could make us keep every trace, or put spans into traces of others.
func (t *tracer) callerOf(r *http.Request) parent {
	sent := r.Header["Traceparent"]
	if len(sent) != 1 || !t.trusts(r.RemoteAddr) {
		return parent{}
	}
	return parseParent(sent[0])
}

func (t *tracer) trusts(peer string) bool {
	at, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	for _, proxy := range t.proxies {
		if proxy.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// parseParent reads version 00, and of a later one what all of them begin with (section
// 4.3). What is not well-formed is no parent.
func parseParent(text string) (p parent) {
	const length = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(text) < length || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return parent{}
	}
	version, flags := text[:2], [1]byte{}
	switch {
	case version == "ff", version == "00" && len(text) != length, len(text) > length && text[length] != '-':
		return parent{}
	}
	var read [1]byte
	for _, part := range []struct {
		text string
		into []byte
	}{{version, read[:]}, {text[3:35], p.trace[:]}, {text[36:52], p.span[:]}, {text[53:55], flags[:]}} {
		if !small(part.text) {
			return parent{}
		}
		if _, err := hex.Decode(part.into, []byte(part.text)); err != nil {
			return parent{}
		}
	}
	if p.trace == [16]byte{} || p.span == [8]byte{} {
		return parent{}
	}
	p.there, p.sampled = true, flags[0]&1 != 0
	return p
}

// small tells whether hexadecimal digits are written as section 3.2 wants them.
func small(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
