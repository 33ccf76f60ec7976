package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxBody bounds what is read of an answer. DingTalk's script has some 300 KB.
const maxBody = 8 << 20

// A Fetcher asks for one address by GET and follows no redirect.
type Fetcher func(ctx context.Context, url string) (*Fetched, error)

// A Fetched is an answer.
type Fetched struct {
	Status   int
	Location string // where it sends on; empty if nowhere
	Body     []byte
	Expires  time.Time // end of the certificate; zero without TLS
}

// NewFetcher makes a Fetcher that trusts the authorities of pool, or the system's if it
// is nil. One question takes no longer than timeout.
func NewFetcher(pool *x509.CertPool, timeout time.Duration) Fetcher {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: timeout}).DialContext,
		TLSHandshakeTimeout: timeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool},
		DisableKeepAlives:   true,
	}
	return func(ctx context.Context, url string) (*Fetched, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, errors.New("not a URL")
		}
		req.Header.Set("User-Agent", "dingbridge-doctor")
		res, err := transport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
		switch {
		case err != nil:
			return nil, err
		case len(body) > maxBody:
			return nil, fmt.Errorf("the answer has more than %d MB", maxBody>>20)
		}
		f := &Fetched{Status: res.StatusCode, Body: body}
		if to, err := res.Location(); err == nil {
			f.Location = to.Redacted()
		}
		if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
			f.Expires = res.TLS.PeerCertificates[0].NotAfter
		}
		return f, nil
	}
}

// distrusted tells whether an error is about the certificate, or about TLS as such.
func distrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	_, alert := errors.AsType[tls.AlertError](err)
	return alert
}

// briefly is an error of the network in a few words.
func briefly(err error) string {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "no answer in time"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "no such host: " + dns.Name
	}
	if wrong, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return wrong.Err.Error()
	}
	return err.Error()
}
