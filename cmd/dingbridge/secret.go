package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/keys/secret"
)

func secretNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new [FILE]",
		Short: "Make a line for secret_file: print it, or write it to a new FILE that only its owner can read",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			line := secret.Generate() + "\n"
			if len(args) == 0 {
				_, err := fmt.Fprint(cmd.OutOrStdout(), line)
				return err
			}
			return writeNew(args[0], line)
		},
	}
}

// writeNew never overwrites: losing the secrets ends every login.
func writeNew(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is left as it is; add the output of `dingbridge secret new` to it by hand", file)
	}
	if err != nil {
		return fmt.Errorf("making the secret file: %w", err)
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(fmt.Errorf("writing the secret file: %w", err), f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("writing the secret file: %w", err), f.Close())
	}
	return f.Close()
}
