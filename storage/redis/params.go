package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"
)

// params reads query parameters and remembers the first fault.
type params struct {
	values url.Values
	err    error
}

func (p *params) fail(name, what string) {
	if p.err == nil {
		p.err = fmt.Errorf("parameter %s: %s", name, what)
	}
}

func (p *params) text(name string) string {
	v := p.values[name]
	delete(p.values, name)
	switch {
	case len(v) > 1:
		p.fail(name, "given more than once")
		return ""
	case len(v) == 0:
		return ""
	}
	return v[0]
}

func (p *params) count(name string, into *int, least, most int) {
	v := p.text(name)
	if v == "" {
		return
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		p.fail(name, fmt.Sprintf("want a number from %d to %d", least, most))
		return
	}
	*into = n
}

func (p *params) duration(name string, into *time.Duration) {
	v := p.text(name)
	if v == "" {
		return
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Millisecond {
		p.fail(name, "want a duration of at least 1ms, as in 500ms or 2s")
		return
	}
	*into = d
}

func (p *params) flag(name string, into *bool) {
	switch p.text(name) {
	case "", "false":
	case "true":
		*into = true
	default:
		p.fail(name, "want true or false")
	}
}

// tls makes the TLS configuration, nil for none.
func (p *params) tls(always bool) *tls.Config {
	on := always
	switch v := p.text("tls"); v {
	case "":
	case "true":
		on = true
	case "false":
		if always {
			p.fail("tls", "rediss:// is TLS; use redis:// for plain text")
		}
	default:
		p.fail("tls", "want true or false")
	}
	ca, name := p.text("tls_ca_file"), p.text("tls_server_name")
	cert, key := p.text("tls_cert_file"), p.text("tls_key_file")
	if !on {
		if ca != "" || name != "" || cert != "" || key != "" {
			p.fail("tls", "tls_ parameters need tls=true or rediss://")
		}
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		c.RootCAs = x509.NewCertPool()
		if err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			p.fail("tls_ca_file", "cannot be read, or holds no PEM certificate")
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			p.fail("tls_cert_file", "it and tls_key_file cannot be read, or are no PEM pair")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// done refuses what nobody asked for: a typing error must not become a default.
func (p *params) done() error {
	if p.err == nil && len(p.values) > 0 {
		p.err = fmt.Errorf("%d unknown parameter(s); known are prefix, pool_size, min_idle_conns, max_retries, "+
			"dial_timeout, read_timeout, write_timeout, pool_timeout, conn_max_idle_time, conn_max_lifetime, tls, "+
			"tls_ca_file, tls_server_name, tls_cert_file, tls_key_file; with redis+sentinel:// also master, "+
			"sentinel_username, sentinel_password; with it and redis+cluster:// also wait, wait_timeout, wait_strict", len(p.values))
	}
	return p.err
}
