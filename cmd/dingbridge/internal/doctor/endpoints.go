package doctor

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// endpointNames are the members of a discovery document that are asked for: those that
// apps go to. A foreign server at the issuer's address does not get to say how many.
var endpointNames = []string{
	"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
	"end_session_endpoint", "device_authorization_endpoint", "pushed_authorization_request_endpoint",
	"registration_endpoint", "check_session_iframe",
}

// endpoints asks each of these addresses that the discovery document names, and the one to
// which DingTalk sends people back. A bare GET starts nothing there: it is refused for what
// it lacks, and that it is refused by us is enough.
func (x *examination) endpoints(ctx context.Context, document map[string]string) {
	asked := map[string]string{"callback": x.subject.callback()}
	for _, name := range endpointNames {
		if address := document[name]; address != "" {
			asked[name] = address
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		address := asked[name]
		if !x.ours(address) {
			x.find("endpoint-elsewhere", values{"endpoint": name, "found": address, "issuer": x.subject.Issuer})
			continue
		}
		got, err := x.subject.Fetch(ctx, address)
		if reason := silent(got, err); reason != "" {
			x.find("endpoint-silent", values{"endpoint": name, "url": address, "issuer": x.subject.Issuer, "reason": reason})
		}
	}
}

// ours tells whether an address is at the issuer.
func (x *examination) ours(address string) bool {
	return strings.HasPrefix(address, x.subject.Issuer+"/")
}

// silent says why an endpoint cannot be used, empty if it can.
func silent(got *Fetched, err error) string {
	switch {
	case err != nil:
		return briefly(err)
	case got.Location != "":
		return "sent on to " + got.Location
	case got.Status == http.StatusNotFound, got.Status >= 500:
		return "status " + strconv.Itoa(got.Status)
	}
	return ""
}

// keys fetches the key set and counts the keys that an app could use.
func (x *examination) keys(ctx context.Context, address string) int {
	if !x.ours(address) {
		x.find("endpoint-elsewhere", values{"endpoint": "jwks_uri", "found": address, "issuer": x.subject.Issuer})
		return 0
	}
	got, err := x.subject.Fetch(ctx, address)
	reason := silent(got, err)
	if reason == "" && got.Status != http.StatusOK {
		reason = "status " + strconv.Itoa(got.Status)
	}
	n := 0
	if reason == "" {
		if n = countKeys(got.Body); n == 0 {
			reason = "no public key is in it"
		}
	}
	if reason != "" {
		x.find("keys-none", values{"url": address, "reason": reason})
	}
	return n
}

// countKeys counts the keys of a set (RFC 7517 §5) that have a kind and an id.
func countKeys(set []byte) int {
	var jwks struct {
		Keys []struct {
			Kty string `json:"kty"`
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	if json.Unmarshal(set, &jwks) != nil {
		return 0
	}
	n := 0
	for _, k := range jwks.Keys {
		if k.Kty != "" && k.Kty != "oct" && k.Kid != "" {
			n++
		}
	}
	return n
}
