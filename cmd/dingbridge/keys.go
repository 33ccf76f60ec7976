package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
)

func keysListCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the signing keys of the running server: which sign, which will, which are still published",
		Args:  flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := target.client()
			if err != nil {
				return err
			}
			list, err := server.Keys(cmd.Context())
			if err != nil {
				return adminTrouble(err)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), admin.KeyList{Keys: list})
			}
			return writeKeys(cmd.OutOrStdout(), list)
		},
	}
	target.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func keysRotateCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Publish new signing keys now; they sign after keys.publish_lead",
		Long: `Let the running server publish a new signing key of each algorithm, now and for all
replicas. It begins to sign when every app has had time to fetch it
(keys.publish_lead), so that no login fails. Where a new key is waiting already,
there is no second one.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := target.client()
			if err != nil {
				return err
			}
			done, err := server.Rotate(cmd.Context())
			if err != nil {
				return adminTrouble(err)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), admin.Rotations{Rotations: done})
			}
			return writeRotations(cmd.OutOrStdout(), done, time.Now())
		},
	}
	target.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}

func writeKeys(w io.Writer, list []admin.Key) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KID\tALG\tSTATE\tCREATED\tSIGNS FROM\tPUBLISHED UNTIL")
	for _, k := range list {
		fmt.Fprintln(table, strings.Join([]string{k.KID, k.Alg, string(k.State), moment(k.Created), moment(k.SignsFrom), moment(k.PublishedUntil)}, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the keys: %w", err)
	}
	return nil
}

// writeRotations says for each algorithm which key comes next, and when.
func writeRotations(w io.Writer, done []admin.Rotation, now time.Time) error {
	var all error
	for _, r := range done {
		text := "was waiting already, so none was added; it"
		if r.New {
			text = "is published now and"
		}
		_, err := fmt.Fprintf(w, "%s: key %s %s signs from %s (in %s)\n", r.Alg, r.KID, text, moment(r.SignsFrom), r.SignsFrom.Sub(now).Round(time.Minute))
		all = errors.Join(all, err)
	}
	if all != nil {
		return fmt.Errorf("printing the keys: %w", all)
	}
	return nil
}

// moment is a time as a table shows it; a dash for one that is not known yet.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
