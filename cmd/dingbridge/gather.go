package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/telemetry"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/redis"
)

// materials are what a provider is built of: all that config.yaml names, read and
// open, but nothing begun.
type materials struct {
	doc         *config.Document // nil in the demo, where nothing was read
	config      config.Config
	store       storage.Store
	secrets     *secret.List
	clients     *clients.Set
	upstreams   []*dingtalk.Client // of each organisation, in the order of config.yaml
	ears        []ear              // of those whose events are heard
	pages       *pages.Pages
	proxies     []netip.Prefix
	certificate *certificate // nil: plain http
	alwaysInApp bool         // for the demo alone: every browser counts as DingTalk's client
	watches     []*watch
	secretLook  config.Look      // at secret_file, before it was read
	appLooks    []config.Look    // at the secrets of each organisation's apps, likewise
	hangups     <-chan os.Signal // each: read everything again
	log         *slog.Logger
	audit       audit.Sink
	telemetry   *telemetry.Telemetry // nil: nothing is measured
}

// gather reads and opens what the document names, and tells every fault that it
// meets. What it opened before a fault is closed again.
func gather(ctx context.Context, doc *config.Document, log *slog.Logger) (*materials, config.Faults) {
	c := doc.Config
	m := &materials{doc: doc, config: c, log: log, audit: audit.NewLog(log)}
	m.measure()
	var faults config.Faults
	tell := func(path string, err error, remedy string) {
		faults = append(faults, doc.Fault(path, err.Error(), remedy))
	}
	var err error
	if c.TLS.CertFile != "" && c.TLS.KeyFile != "" {
		if err = m.readCertificate(doc.File(c.TLS.CertFile), doc.File(c.TLS.KeyFile)); err != nil {
			tell("tls", err, "name a PEM certificate and its key that this program may read")
		}
	}
	if c.SecretFile != "" {
		m.secretLook = reread(doc, c.SecretFile)()
		data, wrong := doc.ReadSecret("secret_file", c.SecretFile)
		if faults = append(faults, wrong...); wrong == nil {
			if m.secrets, err = secret.Parse(data); err != nil {
				for fault := range strings.SplitSeq(err.Error(), "\n") { // each has its remedy
					tell("secret_file", errors.New(fault), "")
				}
			}
		}
	}
	if c.ClientsFile != "" || c.ClientsDir != "" {
		faults = append(faults, m.readClients(doc.ClientFiles())...)
	}
	faults = append(faults, m.readOrganisations(doc)...)
	faults = append(faults, m.readPages(doc)...)
	for _, text := range c.TrustedProxies {
		if network, err := config.ParseNetwork(text); err == nil {
			m.proxies = append(m.proxies, network)
		}
	}
	if c.Storage != "" {
		if m.store, err = openStore(ctx, c.Storage); err != nil {
			tell("storage", err, "")
		}
	}
	return m, faults
}

// maxLogo is the size of the picture that every page carries, in bytes.
const maxLogo = 32 << 10

// readPages reads the operator's picture and makes the pages, which know what a
// picture is.
func (m *materials) readPages(doc *config.Document) (faults config.Faults) {
	var logo []byte
	if name := m.config.Operator.LogoFile; name != "" {
		if logo, faults = doc.ReadPicture("operator.logo_file", name, maxLogo); faults != nil {
			return faults
		}
	}
	var err error
	if m.pages, err = pages.New(pagesOf(m.config, logo)); err != nil {
		return config.Faults{doc.Fault("operator.logo_file", err.Error(), "name a PNG, JPEG, WebP or SVG file, or take it out")}
	}
	return nil
}

// close is safe on materials that are not complete.
func (m *materials) close() error {
	if m.store == nil {
		return nil
	}
	if err := m.store.Close(); err != nil {
		return fmt.Errorf("closing the storage: %w", err)
	}
	return nil
}

func (m *materials) readCertificate(certFile, keyFile string) (err error) {
	w := newWatch(func() config.Look { return config.LookAt(certFile, keyFile) }, func(context.Context) bool { m.certificateChanged(); return false })
	m.certificate, err = loadCertificate(certFile, keyFile)
	m.watches = append(m.watches, w)
	return err
}

func (m *materials) readClients(files config.ClientFiles) config.Faults {
	w := newWatch(files.Look, func(context.Context) bool { m.clientsChanged(files); return false })
	set, err := files.Load(&m.config)
	if err != nil {
		faults, _ := errors.AsType[config.Faults](err)
		return faults
	}
	m.clients, m.watches = set, append(m.watches, w)
	return nil
}

// clientsChanged takes the clients up as they are written now, whole or not at all
// (promise M5).
func (m *materials) clientsChanged(files config.ClientFiles) {
	began := time.Now()
	set, err := files.Load(&m.config)
	if err != nil {
		faults, _ := errors.AsType[config.Faults](err)
		m.audit.Record(context.Background(), audit.Event{Name: audit.ClientsRejected, Count: len(faults), Err: err})
		for fault := range strings.SplitSeq(err.Error(), "\n") {
			m.log.Error("the clients have a fault; the old ones stay", "fault", fault)
		}
		return
	}
	m.clients.Replace(set)
	debug.FreeOSMemory() // reading many clients takes far more than keeping them
	count := 0
	for range set.All() {
		count++
	}
	m.audit.Record(context.Background(), audit.Event{Name: audit.ClientsReplaced, Count: count, Duration: time.Since(began)})
	for _, n := range notes(set) {
		m.log.Warn("a client "+n.text, "client_id", n.client, "remedy", n.remedy)
	}
}

func openStore(ctx context.Context, u config.StorageURL) (storage.Store, error) {
	if u.Scheme() != "bolt" {
		s, err := redis.Open(ctx, string(u))
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	path, err := u.BoltPath()
	if err != nil {
		return nil, err
	}
	s, err := bolt.Open(path)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// newLog makes the process log.
func newLog(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	var lines slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	if c.Format == "text" {
		lines = slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})
	}
	return slog.New(audit.Redact(telemetry.Lines(lines)))
}
