package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/audit"
)

func serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve as config.yaml says",
		Args:  flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return serve(ctx, file, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the `file` to read")
	return cmd
}

func serve(ctx context.Context, file string, stdout, stderr io.Writer) (err error) {
	doc, err := config.Load(file, os.Environ())
	if err != nil {
		return err
	}
	log := newLog(stderr, doc.Config.Log)
	slog.SetDefault(audit.Library(log))
	hangups, unhang := onHangup()
	defer unhang()
	m, faults := gather(ctx, doc, log)
	defer func() { err = errors.Join(err, m.close()) }()
	m.hangups = hangups
	if len(faults) > 0 {
		return faults.Err()
	}
	if text, remedy := addressNote(doc.Config); text != "" {
		log.Warn(text, "remedy", remedy)
	}
	for _, n := range notes(m.clients) {
		log.Warn("a client "+n.text, "client_id", n.client, "remedy", n.remedy)
	}
	opened := m.store
	m.store = m.telemetry.Store(opened)
	h, err := build(ctx, m, storageWait)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return explain(doc, opened, err)
	}
	l, err := listen(ctx, doc.Config.Listen)
	if err != nil {
		return listenFault(doc, err)
	}
	front := h.front()
	front.listener, front.most = l, m.config.Limits.Connections
	servers := []server{front}
	metrics, err := h.listenMetrics(ctx, doc)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if metrics.listener != nil {
		servers = append(servers, metrics)
	}
	socket, err := listenAdmin(doc)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if socket != nil {
		servers = append(servers, server{listener: socket, log: log,
			handler: admin.Handler(h.administration())})
	}
	return h.serve(ctx, servers, stdout)
}

// serve runs the house behind its servers until ctx ends.
func (h *house) serve(ctx context.Context, servers []server, stdout io.Writer) error {
	tuneMemory()
	beside, end := context.WithCancel(context.WithoutCancel(ctx))
	hearing, deafen := context.WithCancel(beside)
	var running sync.WaitGroup
	running.Go(func() { h.run(beside) })
	running.Go(func() { h.hear(hearing) })
	begin := func() error {
		m := h.materials
		m.audit.Record(ctx, audit.Event{Name: audit.Started, Version: describe()})
		m.log.Info("serving", "address", servers[0].listener.Addr().String())
		return announce(stdout, m.config.Issuer)
	}
	// Events that come from then on are for another replica, while the hints that are here
	// are still looked into.
	err := serveAll(ctx, servers, begin, func() { h.provider.Drain(); deafen(); h.linger(ctx) })
	// Nobody is removed any more when the last notices are waited for, so that of those
	// who were, all apps are told.
	end()
	running.Wait()
	// Whoever has logged out was answered; the apps may not all have been told yet.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
	defer cancel()
	_ = h.provider.Finish(bounded) // what is given up is logged and audited
	h.materials.audit.Record(context.WithoutCancel(ctx), audit.Event{Name: audit.Stopped, Version: describe()})
	return err
}

// linger goes on serving until those who ask whether we are ready have had the time to
// hear that we no longer are. A server that failed has nothing to go on with.
func (h *house) linger(ctx context.Context) {
	if delay := duration(h.materials.config.DrainDelay); delay > 0 && ctx.Err() != nil && h.provider.Watched() {
		h.materials.log.Info("stopping; not ready any more", "drain_delay", delay.String())
		time.Sleep(delay)
	}
}

// announce says that the program can serve (promise M2).
func announce(stdout io.Writer, issuer string) error {
	if _, err := fmt.Fprintf(stdout, "ready issuer=%s\n", issuer); err != nil {
		return fmt.Errorf("saying that it is ready: %w", err)
	}
	return nil
}
