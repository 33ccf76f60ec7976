package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestHealthTrustsTheServersOwnCertificate, whoever signed it, and no other.
func TestHealthTrustsTheServersOwnCertificate(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, certFile, keyFile)
	served, err := loadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	l := local(t)
	write(t, filepath.Join(dir, "config.yaml"), "issuer: https://localhost\nlisten: "+l.Addr().String()+`
storage: bolt:///nowhere/state.db
secret_file: none
clients_file: none
tls: {cert_file: tls.crt, key_file: tls.key}
dingtalk: {organisations: [{corp_id: ding1, client_id: a, client_secret_file: none}]}
`)
	ctx, stop := context.WithCancel(t.Context())
	ended, began := make(chan error, 1), make(chan struct{})
	answers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	go func() {
		ended <- serveAll(ctx, []server{{listener: l, handler: answers, tls: served.config(), log: slog.New(slog.DiscardHandler)}},
			func() error { close(began); return nil }, nil)
	}()
	<-began
	ask := func(ready bool) (string, error) {
		var out bytes.Buffer
		err := health(t.Context(), filepath.Join(dir, "config.yaml"), ready, &out)
		return out.String(), err
	}
	if out, err := ask(false); err != nil || out != "ok\n" {
		t.Errorf("health: %q, %v", out, err)
	}
	if out, err := ask(true); err == nil || !strings.Contains(err.Error(), "503") || out != "" {
		t.Errorf("health --ready while it is not: %q, %v", out, err)
	}
	writePair(t, certFile, keyFile) // another, which is not served
	if _, err := ask(false); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another certificate is taken: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
