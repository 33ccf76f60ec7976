package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// healthPatience bounds one question; what looks after containers asks again.
const healthPatience = 5 * time.Second

func healthCommand() *cobra.Command {
	var file string
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the server of this machine whether it serves",
		Long: `Ask the server of this machine, at the address that config.yaml has it listen on,
whether it serves (/healthz) or, with --ready, whether it should be sent requests
(/readyz). For containers, in which there is nothing else that could ask.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := context.WithTimeout(cmd.Context(), healthPatience)
			defer stop()
			return health(ctx, file, ready, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the `file` that the server was started with")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it should be sent requests")
	return cmd
}

func health(ctx context.Context, file string, ready bool, stdout io.Writer) error {
	doc, err := config.Load(file, os.Environ())
	if err != nil {
		return err
	}
	issuer, err := url.Parse(doc.Config.Issuer)
	if err != nil {
		return fmt.Errorf("reading the issuer: %w", err)
	}
	at := url.URL{Scheme: "http", Path: issuer.Path + "/healthz"}
	if ready {
		at.Path = issuer.Path + "/readyz"
	}
	if at.Host, err = dialable(doc.Config.Listen); err != nil {
		return config.Faults{doc.Fault("listen", err.Error(), "name a port")}
	}
	wires := &http.Transport{DisableKeepAlives: true} // and no proxy
	if t := doc.Config.TLS; t.CertFile != "" {
		at.Scheme = "https"
		if wires.TLSClientConfig, err = ownCertificate(doc.File(t.CertFile), issuer.Hostname()); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	answer, err := (&http.Client{Transport: wires}).Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return fmt.Errorf("no server answers at %s: %w", at.Host, listenCause(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s answers %s", at.Host, answer.Status)
	}
	_, err = fmt.Fprintln(stdout, "ok")
	return err
}

// dialable is where a server that listens at listen can be asked from this machine.
func dialable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return "", errors.New("has no port that could be asked")
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// ownCertificate trusts what the server's own file holds, whoever signed it, and
// nothing else.
func ownCertificate(file, name string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificate: %s holds none", file)
	}
	return &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}, nil
}
