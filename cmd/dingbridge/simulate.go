package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// simulation is what the simulator command is told.
type simulation struct {
	listen    string
	company   string
	as        string
	extra     int
	redirects []string

	anyBrowserIsClient bool // for the demo of a login inside DingTalk's client
}

func simulatorCommand() *cobra.Command {
	var s simulation
	cmd := &cobra.Command{
		Use:   "simulator --listen ADDR",
		Short: "Serve DingTalk alone, for an invented company, for anybody's tests",
		Long: `Serve DingTalk alone, for an invented company, for anybody's tests. All three of
DingTalk's hosts are on the one address: a provider's config.yaml names it three
times below dingtalk.endpoints. Under /control/ a test steers it.

Without --company and --redirect-url every redirect URL and every page on this
machine counts as registered.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return simulate(ctx, s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:8081", "the `address` to serve on; port 0 takes a free one")
	f.StringVar(&s.company, "company", "", "a `file` that describes the company; the built-in one if left out")
	f.StringVar(&s.as, "as", "", "the `userid` that approves every login at once, or any for one after the other; empty asks")
	f.IntVar(&s.extra, "extra", 0, "how many invented people to add")
	f.StringArrayVar(&s.redirects, "redirect-url", nil, "a redirect `URL` registered with the app; may be given again")
	return cmd
}

func simulate(ctx context.Context, s simulation, stdout, stderr io.Writer) error {
	log := newLog(stderr, config.Defaults().Log)
	sim, err := newSimulator(s, log)
	if err != nil {
		return err
	}
	l, err := listen(ctx, s.listen)
	if err != nil {
		return err
	}
	if len(sim.App().RedirectURLs) == 0 {
		sim.RegisterLoopback()
	}
	begin := func() error {
		// For whoever writes a config.yaml, so past our log, which leaves out what looks
		// like a secret: these open nothing but this simulator.
		slog.New(slog.NewJSONHandler(stderr, nil)).Info("simulating DingTalk",
			"corp_id", sim.CorpID(), "client_id", sim.App().ClientID, "client_secret", sim.App().ClientSecret,
			"scan_app_id", sim.ScanApp().AppID, "scan_app_secret", sim.ScanApp().AppSecret)
		return announce(stdout, baseURL(l, s.listen))
	}
	return serveAll(ctx, []server{{listener: l, handler: sim.Handler(), log: log}}, begin, sim.Close)
}

func newSimulator(s simulation, log *slog.Logger) (*simulator.Simulator, error) {
	c := simulator.Config{As: s.as, Extra: s.extra, AnyBrowserIsClient: s.anyBrowserIsClient, Log: log}
	if s.company != "" {
		data, err := os.ReadFile(s.company)
		if err != nil {
			return nil, fmt.Errorf("reading the company: %w", err)
		}
		if c.Company, err = simulator.LoadCompany(data); err != nil {
			return nil, companyFaults(s.company, err)
		}
	}
	sim, err := simulator.New(c)
	if err != nil {
		return nil, err
	}
	if err := sim.AddRedirectURLs(s.redirects...); err != nil {
		return nil, fmt.Errorf("--redirect-url: %w", err)
	}
	return sim, nil
}

// companyFaults gives the faults of a company file the form of all others.
func companyFaults(file string, err error) error {
	wrong, ok := errors.AsType[*simulator.CompanyError](err)
	if !ok {
		return fmt.Errorf("%s: %w", file, err)
	}
	var faults config.Faults
	for _, f := range wrong.Faults {
		faults = append(faults, config.Fault{File: file, Line: f.Line, Text: f.Text})
	}
	return faults.Err()
}
