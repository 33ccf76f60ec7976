package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// A Script is what browsers inside DingTalk's client load.
type Script struct {
	URL       string
	Integrity string // as in config.yaml; empty: any
}

// script loads it as a browser would.
func (x *examination) script(ctx context.Context) {
	s := x.subject.Script
	got, err := x.subject.Fetch(ctx, s.URL)
	switch {
	case err != nil:
		x.find("script-missing", values{"url": s.URL, "reason": briefly(err)})
		return
	case got.Status != http.StatusOK:
		x.find("script-missing", values{"url": s.URL, "reason": "status " + strconv.Itoa(got.Status)})
		return
	case len(got.Body) == 0:
		x.find("script-missing", values{"url": s.URL, "reason": "it is empty"})
		return
	}
	algorithm, _, _ := strings.Cut(s.Integrity, "-")
	hash := integrity(algorithm, got.Body)
	switch s.Integrity {
	case "":
		x.find("script-unpinned", values{"url": s.URL, "hash": hash})
	case hash:
		x.find("script-ok", values{"url": s.URL})
	default:
		x.find("script-changed", values{"url": s.URL, "hash": hash})
	}
}

// integrity is the hash of a script as browsers are told it (W3C Subresource
// Integrity, §3.1); by SHA-384 unless another algorithm is asked for.
func integrity(algorithm string, script []byte) string {
	switch algorithm {
	case "sha256":
		sum := sha256.Sum256(script)
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	case "sha512":
		sum := sha512.Sum512(script)
		return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	sum := sha512.Sum384(script)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
