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
	"github.com/dingbridge/dingbridge/keys"
)

// checkPatience bounds how long check waits for the storage.
const checkPatience = 10 * time.Second

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Do all that serve does short of listening, and print every fault with its line and the remedy",
		Args:  cobra.NoArgs,
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
	m, faults := gather(ctx, doc, log)
	defer func() { err = errors.Join(err, m.close()) }()
	if err = config.Also(err, faults); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	if err := m.store.Ping(bounded); err != nil {
		return config.Faults{doc.Fault("storage", "does not answer: "+err.Error(), "start it, or name the one that runs")}
	}
	switch _, err := build(bounded, m, 0); {
	case errors.Is(err, keys.ErrUnreadable):
		return config.Faults{doc.Fault("secret_file", err.Error(), "")}
	case err != nil:
		return err
	}
	for _, id := range locked(m.clients) {
		fmt.Fprintf(stderr, "note: client %s admits nobody; write `allow: everyone` below it, or groups\n", id)
	}
	_, err = fmt.Fprintf(stdout, "ok: %s would be served as %s\n", file, doc.Config.Issuer)
	return err
}
