package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/demoapp"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// demonstration is what the demo command is told.
type demonstration struct {
	listen, simulatorListen, appListen string
	storage                            string
	logLevel                           string
	way                                string
	adminSocket                        string
	simulation                         simulation
}

func demoCommand() *cobra.Command {
	var d demonstration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Serve a provider, a DingTalk simulator and a small app on this machine: needs nothing but this program",
		Long: `Serve a provider, a DingTalk simulator and a small app on this machine: needs
nothing but this program.

--way says how people reach DingTalk:
  oauth2   on its own page
  sns      on its signed QR page of 2020, with an app that was made for it
  frame    by its QR code inside the provider's page, with its own page beside it
  inapp    at once, inside DingTalk's client: any browser is treated as that client`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, known := demoWays[d.way]; !known {
				return fmt.Errorf("%w: --way %q is none of oauth2, sns, frame, inapp", errUsage, d.way)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return d.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.listen, "listen", "127.0.0.1:8080", "the provider's `address`, on loopback; port 0 takes a free one")
	f.StringVar(&d.simulatorListen, "simulator-listen", "127.0.0.1:8081", "the simulator's `address`, on loopback")
	f.StringVar(&d.appListen, "app-listen", "127.0.0.1:8082", "the app's `address`, on loopback")
	f.StringVar(&d.way, "way", "oauth2", "the `way` to DingTalk: oauth2, sns, frame or inapp")
	f.StringVar(&d.storage, "storage", "", "where to keep state, as in config.yaml; a temporary file if left out")
	f.StringVar(&d.simulation.as, "as", "", "the `userid` that approves every login at once, or any for one after the other; empty asks")
	f.IntVar(&d.simulation.extra, "extra", 0, "how many invented people to add to the company")
	f.StringVar(&d.adminSocket, "admin-socket", "", "the `path` of the socket for commands such as users show; a temporary one if left out")
	f.StringVar(&d.logLevel, "log-level", "info", "debug, info, warn or error")
	return cmd
}

// sharedSecret is the provider's secret when the demo keeps its state: the state
// must still open at the next start. Everybody can read it here, and that is no loss
// beside client secrets that the manual prints. Nothing but a demo on loopback uses it.
const sharedSecret = "dingbridge-demo-only-this-secret-is-public-0000000000000000"

// demoWays are the ways of the demo's organisation, by what --way says.
var demoWays = map[string][]string{
	"oauth2": {"oauth2"},
	"sns":    {"sns"},
	"frame":  {"frame", "oauth2"},
	"inapp":  {"inapp", "oauth2"},
}

// run opens the three addresses first: with port 0, each part must be told the others'
// real ones.
func (d *demonstration) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	log := newLog(stderr, config.Log{Level: d.logLevel, Format: "json"})
	slog.SetDefault(audit.Library(log))
	var listeners [3]net.Listener
	var urls [3]string
	for i, address := range []string{d.listen, d.simulatorListen, d.appListen} {
		if listeners[i], err = listenLoopback(ctx, address); err != nil {
			return err
		}
		defer listeners[i].Close()
		urls[i] = baseURL(listeners[i], address)
	}
	issuer, upstream, appURL := urls[0], urls[1], urls[2]
	d.simulation.anyBrowserIsClient = d.way == "inapp"
	sim, err := newSimulator(d.simulation, log)
	if err != nil {
		return err
	}
	defer sim.Close()
	if err := sim.AddRedirectURLs(issuer); err != nil {
		return fmt.Errorf("registering the provider at the simulator: %w", err)
	}
	app, second, err := newDemoApp(appURL, issuer, log)
	if err != nil {
		return err
	}
	m, cleanUp, err := d.materials(ctx, issuer, upstream, sim, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close(), cleanUp()) }()
	var faults []clients.Fault
	if m.clients, faults = clients.NewSet(demoClients(app, second)); len(faults) > 0 {
		return faults[0] // a test builds them: cannot be
	}
	h, err := build(ctx, m, storageWait)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	servers := []server{
		{listener: listeners[0], handler: h.provider.Handler(), log: log},
		{listener: listeners[1], handler: sim.Handler(), log: log},
		{listener: listeners[2], handler: app.Handler(), log: log},
	}
	socket, removeSocket, err := d.listenAdmin(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeSocket()) }()
	if socket != nil {
		servers = append(servers, server{listener: socket, log: log,
			handler: admin.Handler(h.administration())})
	}
	log.Info("the demo is built", "app", appURL, "provider", issuer, "simulator", upstream, "admin_socket", d.adminSocket)
	fmt.Fprintln(stderr, d.hint(appURL))
	return h.serve(ctx, servers, stdout)
}

// listenAdmin makes the admin socket, in a folder of this run alone unless another was named.
// The one that nobody asked for may fail: l is nil then.
func (d *demonstration) listenAdmin(log *slog.Logger) (l net.Listener, cleanUp func() error, err error) {
	cleanUp = func() error { return nil }
	asked := d.adminSocket != ""
	if !asked {
		folder, err := os.MkdirTemp("", "dingbridge-demo-")
		if err != nil {
			return nil, nil, fmt.Errorf("making a folder for the admin socket: %w", err)
		}
		cleanUp = func() error { return os.RemoveAll(folder) }
		d.adminSocket = filepath.Join(folder, "admin.sock")
	}
	if l, err = admin.Listen(d.adminSocket); err != nil {
		err = fmt.Errorf("%w; name another with --admin-socket", err)
		if asked {
			return nil, nil, errors.Join(err, cleanUp())
		}
		log.Warn("the demo has no admin socket", "error", err)
		d.adminSocket = ""
		return nil, cleanUp, nil
	}
	return l, cleanUp, nil
}

// hint is for the person who started the demo.
func (d *demonstration) hint(appURL string) string {
	hint := "Open " + appURL + " in a browser and log in."
	if d.way == "inapp" {
		hint += " Any browser is treated as DingTalk's client here."
	}
	if d.adminSocket != "" {
		hint += "\nThen ask about people: dingbridge users show zhangsan --socket " + d.adminSocket
	}
	return hint
}

// listenLoopback refuses addresses that others can reach (promise M6).
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !config.Loopback(host) {
		return nil, fmt.Errorf("%w: the demo listens on loopback only, such as 127.0.0.1:8080, not on %q", errUsage, address)
	}
	return listen(ctx, address)
}

// materials are those of a provider that speaks to the simulator. cleanUp takes
// away what was made for this run alone.
func (d *demonstration) materials(ctx context.Context, issuer, upstream string, sim *simulator.Simulator, log *slog.Logger) (
	m *materials, cleanUp func() error, err error) {
	c := config.Defaults()
	c.Issuer, c.Storage = issuer, config.StorageURL(d.storage)
	c.DingTalk.Endpoints = config.Endpoints{Login: upstream, API: upstream, OAPI: upstream, Script: upstream}
	organisation := config.Organisation{
		CorpID: sim.CorpID(), Name: simulator.DefaultCompany().Name, ClientID: sim.App().ClientID, Ways: demoWays[d.way],
	}
	secrets := appSecrets{app: sim.App().ClientSecret}
	if d.way == "sns" {
		organisation.ScanApp.AppID, secrets.scanApp = sim.ScanApp().AppID, sim.ScanApp().AppSecret
	}
	c.DingTalk.Organisations = []config.Organisation{organisation}
	c.Claims.EmailDomains = demoDomains(sim)
	c.Claims.VerifiedEmailDomains = c.Claims.EmailDomains
	// Load comes from this machine alone, and is meant; so are leavers.
	c.Limits.LoginsPerSecond, c.Limits.DingTalkLoginsPerSecond, c.Limits.DingTalkCallsPerSecond = 10_000, 10_000, 100_000
	c.Leavers.MostPeople, c.Leavers.MostPercent = 1000, 100
	c.DrainDelay = 0 // nothing stands in front

	cleanUp = func() error { return nil }
	line := sharedSecret
	if d.storage == "" {
		folder, err := os.MkdirTemp("", "dingbridge-demo-")
		if err != nil {
			return nil, nil, fmt.Errorf("making a folder for the state: %w", err)
		}
		cleanUp = func() error { return os.RemoveAll(folder) }
		c.Storage = config.StorageURL((&url.URL{Scheme: "bolt", Path: filepath.ToSlash(filepath.Join(folder, "state.db"))}).String())
		line = secret.Generate()
	}
	m = &materials{config: c, log: log, audit: audit.NewLog(log), alwaysInApp: d.way == "inapp"}
	if m.secrets, err = secret.Parse([]byte(line)); err == nil {
		m.upstreams = make([]*dingtalk.Client, 1)
		m.upstreams[0], err = newUpstream(c.DingTalk, organisation, secrets, log, nil)
		m.ears = []ear{newEar(c.DingTalk, organisation, secrets.app, log)}
	}
	if err == nil {
		m.pages, err = pages.New(pagesOf(c, nil))
	}
	if err == nil {
		m.store, err = openStore(ctx, c.Storage)
	}
	if err != nil {
		return nil, nil, errors.Join(err, cleanUp())
	}
	return m, cleanUp, nil
}

// newDemoApp makes the relying party, and the secret of its second client.
func newDemoApp(appURL, issuer string, log *slog.Logger) (app *demoapp.App, hash string, err error) {
	second, hash := clients.GenerateSecret()
	app, err = demoapp.New(demoapp.Config{
		URL:    appURL,
		Issuer: issuer,
		First:  demoapp.Client{ID: "demo", Secret: demoSecret, Name: "演示应用 Demo"},
		Second: demoapp.Client{ID: "demo-second", Secret: second, Name: "第二个应用 Second app"},
		Log:    log,
	})
	return app, hash, err
}
