package dingtalk

import (
	"net/netip"
	"net/url"
	"strings"
)

// What a refusal tells the operator about putting it right.

// RequestIP is the address that DingTalk saw and does not let in, as it names it when
// it refuses for the app's list of addresses ("request ip=203.0.113.24"). It is
// empty if there is none in the message.
func (e *Error) RequestIP() string {
	_, after, ok := strings.Cut(e.Message, "request ip=")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(after, " ")
	addr, err := netip.ParseAddr(strings.TrimRight(text, ",;."))
	if err != nil || addr.Zone() != "" {
		return ""
	}
	return addr.String()
}

// OutsideAllowlist tells whether DingTalk refused because of the address that the call
// came from, which the app's list of addresses lacks.
func (e *Error) OutsideAllowlist() bool {
	return e.Code == "60020" || e.Code == "Forbidden.AccessDenied.IpNotInWhiteList"
}

// ApplyURL is the page of DingTalk's console on which a missing permission is applied
// for, as a refusal names it. It is empty if the message has none, or one that is not
// DingTalk's.
func (e *Error) ApplyURL() string {
	i := strings.Index(e.Message, "https://open-dev.dingtalk.")
	if i < 0 {
		return ""
	}
	text := e.Message[i:]
	if end := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>[]{},;`, r) }); end >= 0 {
		text = text[:end]
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Host != "open-dev.dingtalk.com" && u.Host != "open-dev.dingtalk.io" {
		return ""
	}
	return u.String()
}
