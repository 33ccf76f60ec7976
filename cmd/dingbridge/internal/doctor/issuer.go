package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// certificateEnding is how long before its end a certificate is told of: renewal by
// itself happens a month before, as a rule.
const certificateEnding = 14 * 24 * time.Hour

// issuer looks at the provider as an app does: it reads the discovery document, goes
// to what is named there, and fetches the keys.
func (x *examination) issuer(ctx context.Context) {
	issuer := x.subject.Issuer
	if strings.HasPrefix(issuer, "http://") {
		x.find("issuer-plain", values{"issuer": issuer})
	}
	address := issuer + "/.well-known/openid-configuration" // OpenID Connect Discovery 1.0 §4
	got, err := x.subject.Fetch(ctx, address)
	if err != nil {
		kind := "issuer-unreachable"
		if distrusted(err) {
			kind = "certificate-refused"
		}
		x.find(kind, values{"issuer": issuer, "reason": briefly(err)})
		return
	}
	x.certificate(got)
	switch {
	case got.Location != "":
		x.find("issuer-redirects", values{"url": address, "location": got.Location})
		return
	case notServing(got.Status):
		x.find("issuer-not-serving", values{"issuer": issuer, "status": strconv.Itoa(got.Status)})
		return
	}
	document, reason := readDiscovery(got)
	if reason != "" {
		x.find("issuer-elsewhere", values{"url": address, "issuer": issuer, "reason": reason})
		return
	}
	if document["issuer"] != issuer {
		x.find("issuer-other", values{"url": address, "found": document["issuer"]})
		return
	}
	before := len(x.report.Findings)
	x.endpoints(ctx, document)
	if keys := x.keys(ctx, document["jwks_uri"]); len(x.report.Findings) == before {
		x.find("issuer-ok", values{"issuer": issuer, "keys": strconv.Itoa(keys)})
	}
}

// notServing tells whether a status is a proxy's, whose server does not answer it.
func notServing(status int) bool {
	return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

func (x *examination) certificate(got *Fetched) {
	if got.Expires.IsZero() {
		return
	}
	left := time.Until(got.Expires)
	val := values{"issuer": x.subject.Issuer, "days": strconv.Itoa(int(left / (24 * time.Hour)))}
	if left < certificateEnding {
		x.find("certificate-ending", val)
		return
	}
	x.find("certificate-ok", val)
}

// readDiscovery returns the members of a discovery document that are texts, or why it
// is none.
func readDiscovery(got *Fetched) (document map[string]string, reason string) {
	if got.Status != http.StatusOK {
		return nil, "status " + strconv.Itoa(got.Status)
	}
	var members map[string]any
	if json.Unmarshal(got.Body, &members) != nil || members == nil {
		if bytes.HasPrefix(bytes.TrimSpace(got.Body), []byte("<")) {
			return nil, "a web page instead of a discovery document"
		}
		return nil, "no discovery document"
	}
	document = map[string]string{}
	for name, value := range members {
		if text, ok := value.(string); ok {
			document[name] = text
		}
	}
	if document["issuer"] == "" || document["authorization_endpoint"] == "" || document["jwks_uri"] == "" {
		return nil, "no discovery document: issuer, authorization_endpoint or jwks_uri is missing"
	}
	return document, ""
}
