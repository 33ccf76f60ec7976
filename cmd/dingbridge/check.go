package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// checkPatience bounds how long check waits for the storage.
const checkPatience = 10 * time.Second

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Do all that serve does short of listening, and print every fault with its line and the remedy",
		Long: `Do all that serve does short of listening, and print every fault with its line
and the remedy. Nothing is created: not the bolt file, and no signing keys.

Run it as the user that serve runs as: what that user may read and write is part of
what is looked at. DingTalk is not asked, nor is Redis about its persistence and
eviction.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return check(ctx, file, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the `file` to read")
	return cmd
}

func check(ctx context.Context, file string, stdout, stderr io.Writer) (err error) {
	doc, err := config.Load(file, os.Environ())
	if doc == nil {
		return err
	}
	log := slog.New(slog.DiscardHandler) // faults are told as such
	slog.SetDefault(log)
	missing, remove := trialFile(&doc.Config)
	m, faults := gather(ctx, doc, log)
	defer func() { err = errors.Join(err, m.close(), remove()) }()
	if err = config.Also(err, faults); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	if err := m.store.Ping(bounded); err != nil {
		return explain(doc, m.store, err)
	}
	opened := m.store
	dry := &trial{Store: opened}
	m.store = dry
	h, err := build(bounded, m, 0)
	if err != nil {
		return explain(doc, opened, err)
	}
	switch reason, err := h.sealedBeyond(bounded, m.secrets); {
	case reason == inUse:
		return config.Faults{doc.Fault("secret_file", err.Error(), "")}
	case err != nil:
		fmt.Fprintln(stderr, "note: whether a secret is missing from secret_file under which people's records are sealed could not be looked at in time")
	}
	unmade, err := tryAdmin(doc)
	if err != nil {
		return err
	}
	if unmade != "" {
		fmt.Fprintf(stderr, "note: %s\n", unmade)
	}
	taken, err := tryMetrics(ctx, doc)
	if err != nil {
		return err
	}
	if taken != "" {
		fmt.Fprintf(stderr, "note: %s\n", taken)
	}
	switch {
	case missing != "":
		fmt.Fprintf(stderr, "note: %s is not there yet; serve will make it\n", missing)
	case dry.spared:
		fmt.Fprintln(stderr, "note: the storage holds no signing keys yet; serve will make them")
	}
	if text, remedy := addressNote(doc.Config); text != "" {
		fmt.Fprintf(stderr, "note: %s; %s\n", text, remedy)
	}
	for _, n := range notes(m.clients) {
		fmt.Fprintf(stderr, "note: client %s %s; %s\n", n.client, n.text, n.remedy)
	}
	_, err = fmt.Fprintf(stdout, "ok: %s would be served as %s\n", file, doc.Config.Issuer)
	return err
}
