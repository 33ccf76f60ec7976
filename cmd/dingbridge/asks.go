package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
)

// words lets a command take exactly the words that its use names.
func words(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%w: %s is missing", errUsage, names[len(args)])
		case len(args) > len(names):
			return fmt.Errorf("%w: %q does not belong here", errUsage, args[len(names)])
		}
		for i, arg := range args {
			if strings.TrimSpace(arg) == "" {
				return fmt.Errorf("%w: %s is empty", errUsage, names[i])
			}
		}
		return nil
	}
}

// asking makes what a command does that asks the running server one thing: prints the answer,
// or JSON where that is wanted.
func asking[Out any](target *adminTarget, asJSON *bool, ask func(*cobra.Command, *admin.Client, []string) (Out, error),
	show func(io.Writer, Out) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		server, err := target.client()
		if err != nil {
			return err
		}
		answer, err := ask(cmd, server, args)
		if err != nil {
			return adminTrouble(err)
		}
		if asJSON != nil && *asJSON {
			return writeJSON(cmd.OutOrStdout(), answer)
		}
		return show(cmd.OutOrStdout(), answer)
	}
}

// rows prints pairs of a word and what belongs to it, one below the other. Pairs without the
// second are left out.
func rows(w io.Writer, pairs ...[2]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, pair := range pairs {
		if pair[1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", pair[0], pair[1])
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}
