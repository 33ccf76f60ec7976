package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// logTo makes a logger whose lines the test can look at.
func logTo(w io.Writer) *slog.Logger { return newLog(w, config.Log{Level: "debug", Format: "json"}) }

func local(t *testing.T) net.Listener {
	t.Helper()
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestM3_WhatIsUnderWayFinishes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	l := local(t)
	arrived, draining := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-draining
		fmt.Fprint(w, "finished")
	})
	ended := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		ended <- serveAll(ctx, []server{{listener: l, handler: slow, log: slog.New(slog.DiscardHandler)}},
			func() error { close(began); return nil }, func() { close(draining) })
	}()
	<-began
	answered := make(chan string, 1)
	go func() {
		answer, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		answered <- string(body)
	}()
	<-arrived
	stop()
	if got := <-answered; got != "finished" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("serveAll: %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still accepts")
	}
}

func TestM3_AFailingServerEndsTheProgram(t *testing.T) {
	l := local(t)
	err := serveAll(t.Context(), []server{{listener: l, handler: http.NotFoundHandler(), log: slog.New(slog.DiscardHandler)}},
		func() error { return l.Close() }, nil)
	if err == nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	l := local(t)
	ended := make(chan error, 1)
	go func() {
		ended <- serveAll(ctx, []server{{listener: l, handler: http.NotFoundHandler(), log: slog.New(slog.DiscardHandler)}},
			func() error { return nil }, nil)
	}()
	for size, want := range map[int]int{8 << 10: http.StatusNotFound, 32 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
		r.Header.Set("X-Long", strings.Repeat("a", size))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("a header of %d bytes: %s", size, answer.Status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// writePair writes a new certificate for localhost, and returns it.
func writePair(t *testing.T, certFile, keyFile string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestM5_CertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	first := writePair(t, certFile, keyFile)
	var log bytes.Buffer
	m := &materials{log: logTo(&log)}
	m.audit = audit.NewLog(m.log)
	if err := m.readCertificate(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	l := local(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serveAll(ctx, []server{{listener: l, handler: http.NotFoundHandler(), tls: m.certificate.config(), log: m.log}},
			func() error { return nil }, nil)
	}()
	serves := func(want *x509.Certificate) {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AddCert(want)
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "localhost"})
		if err != nil {
			t.Errorf("it does not serve the certificate: %v", err)
			return
		}
		c.Close()
	}
	serves(first)
	write(t, keyFile, "half a key") // between the two files of a renewal
	m.certificateChanged()
	serves(first)
	second := writePair(t, certFile, keyFile)
	m.certificateChanged()
	serves(second)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "the old one stays") || !strings.Contains(log.String(), "certificate.replaced") || !strings.Contains(log.String(), "certificate.rejected") {
		t.Errorf("the log tells neither: %s", log.String())
	}
}

func TestM5_ClientsAreTakenUpWholeOrNotAtAll(t *testing.T) {
	const app = "  - {id: %s, public: true, redirect_uris: [\"https://a.example.com/cb\"], allow: everyone}\n"
	file := filepath.Join(t.TempDir(), "clients.yaml")
	files := config.ClientFiles{File: file}
	write(t, file, "clients:\n"+fmt.Sprintf(app, "a"))
	var log bytes.Buffer
	m := &materials{log: logTo(&log)}
	m.audit = audit.NewLog(m.log)
	if faults := m.readClients(files); faults != nil {
		t.Fatal(faults)
	}
	has := func(id string) bool { _, ok := m.clients.Lookup(id); return ok }
	write(t, file, "clients:\n"+fmt.Sprintf(app, "b")+"  - {id: c, secret_hash: hunter2}\n")
	m.clientsChanged(files)
	if !has("a") || has("b") {
		t.Error("a faulty file was taken up, in part or whole")
	}
	if !strings.Contains(log.String(), "clients.rejected") || !strings.Contains(log.String(), "clients.yaml:3: clients[1].secret_hash") ||
		strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log says %s", log.String())
	}
	write(t, file, "clients:\n"+fmt.Sprintf(app, "b"))
	m.clientsChanged(files)
	if has("a") || !has("b") {
		t.Error("a good file was not taken up")
	}
	if !strings.Contains(log.String(), "clients.replaced") {
		t.Errorf("the log says %s", log.String())
	}
}

// TestM5_ClientsKeepToTheOrganisations: a new clients.yaml is held against config.yaml.
func TestM5_ClientsKeepToTheOrganisations(t *testing.T) {
	const app = "clients:\n  - {id: %s, public: true, redirect_uris: [\"https://a.example.com/cb\"], allow: everyone%s}\n"
	file := filepath.Join(t.TempDir(), "clients.yaml")
	files := config.ClientFiles{File: file}
	write(t, file, fmt.Sprintf(app, "a", ", organisations: [ding2]"))
	var log bytes.Buffer
	m := &materials{log: logTo(&log), config: config.Config{DingTalk: config.DingTalk{
		Organisations: []config.Organisation{{CorpID: "ding1"}, {CorpID: "ding2"}}}}}
	m.audit = audit.NewLog(m.log)
	if faults := m.readClients(files); faults != nil {
		t.Fatal(faults)
	}
	for more, want := range map[string]string{
		"":                                ":2: clients[0].organisations: is missing, ",
		", organisations: [ding1, ding3]": ":2: clients[0].organisations[1]: is the corp_id of no organisation",
	} {
		log.Reset()
		write(t, file, fmt.Sprintf(app, "b", more))
		m.clientsChanged(files)
		if _, old := m.clients.Lookup("a"); !old || !strings.Contains(log.String(), "clients.rejected") || !strings.Contains(log.String(), want) {
			t.Errorf("%q: the old client is there: %v; the log says %s", more, old, log.String())
		}
	}
	write(t, file, fmt.Sprintf(app, "b", ", organisations: [ding1, ding2]"))
	m.clientsChanged(files)
	if _, there := m.clients.Lookup("b"); !there {
		t.Errorf("a good file was not taken up: %s", log.String())
	}
}

func TestM5_AWatchSeesEveryKindOfChange(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data", "clients.yaml")
	link := filepath.Join(dir, "clients.yaml")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, file, "a")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int64
		r := &reloader{log: slog.New(slog.DiscardHandler), watches: []*watch{
			newWatch(func() config.Look { return config.LookAt(link) }, func(context.Context) bool { seen.Add(1); return false })}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.run(ctx); close(ended) }()
		step := func(what string, want int64) {
			t.Helper()
			time.Sleep(lookEvery + time.Second)
			synctest.Wait()
			if got := seen.Load(); got != want {
				t.Errorf("%s: called %d times, not %d", what, got, want)
			}
		}
		step("nothing", 0)
		write(t, file, "ab")
		step("another length", 1)
		if err := os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
		step("another time", 2)
		step("nothing", 2)
		other := filepath.Join(dir, "other.yaml") // as Kubernetes swaps a volume
		write(t, other, "abc")
		if err := errors.Join(os.Symlink(other, link+".new"), os.Rename(link+".new", link)); err != nil {
			t.Fatal(err)
		}
		step("another target", 3)
		if err := os.Remove(other); err != nil {
			t.Fatal(err)
		}
		step("gone", 4)
		stop()
		<-ended
	})
}
