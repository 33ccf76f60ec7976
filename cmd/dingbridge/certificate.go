package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
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
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.pair.Store(&pair)
	return nil
}

// config makes the TLS side of a server.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil },
	}
}

// changed takes a new pair up. One that does not fit, as when only one of the files
// has been written yet, leaves the old in use.
func (c *certificate) changed(log *slog.Logger) {
	if err := c.reload(); err != nil {
		log.Error("the certificate changed and cannot be used; the old one stays", "error", err)
		return
	}
	log.Info("took up a new certificate")
}
