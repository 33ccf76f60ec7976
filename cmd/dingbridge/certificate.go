package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// A certificate is a pair of files whose content serves new connections.
type certificate struct {
	certFile, keyFile string
	pair              atomic.Pointer[tls.Certificate]
}

// loadCertificate reads the pair. Errors never hold what is in the key file.
func loadCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	if err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) reload() error {
	var pair tls.Certificate
	var err error
	if !config.Settled(c.look, func() { pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile) }) {
		err = errors.New("the files change all the time")
	}
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.pair.Store(&pair)
	return nil
}

func (c *certificate) look() config.Look { return config.LookAt(c.certFile, c.keyFile) }

// config makes the TLS side of a server.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil },
	}
}

// certificateChanged takes a new pair up. One that does not fit, as when only one of the
// files has been written yet, leaves the old in use (promise M5).
func (m *materials) certificateChanged() {
	if err := m.certificate.reload(); err != nil {
		m.log.Error("the certificate changed and cannot be used; the old one stays", "error", err)
		m.audit.Record(context.Background(), audit.Event{Name: audit.CertificateRejected, Err: err})
		return
	}
	left := time.Until(m.certificate.pair.Load().Leaf.NotAfter)
	m.audit.Record(context.Background(), audit.Event{Name: audit.CertificateReplaced, Duration: left})
}
