package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/provider/clients"
)

func clientRotateSecretCommand() *cobra.Command {
	var where whereClients
	var finish bool
	cmd := &cobra.Command{
		Use:   "rotate-secret ID",
		Short: "Give an app a new secret, beside the old one until --finish",
		Long: `Give an app a new secret. It is printed this once, and the old one stays valid beside
it. When the app has the new one, --finish takes the old one away. A running server
takes either up by itself. The newest secret is the first: secret_hash, then
secret_hashes.`,
		Example: `  dingbridge client rotate-secret grafana
  dingbridge client rotate-secret grafana --finish`,
		Args: oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := where.all()
			if err != nil {
				return err
			}
			if finish {
				file, err := files.DropSecret(args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "The older secret of %s is gone from %s.\n", args[0], file)
				return nil
			}
			secret, hash := clients.GenerateSecret()
			file, err := files.AddSecret(args[0], hash)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "client_id=%s\nclient_secret=%s\n", args[0], secret); err != nil {
				return fmt.Errorf("printing the secret, which is lost (take its hash, the first, out of %s and begin again): %w", file, err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "The secret is shown this once; %s has its hash. The one before it works too, until `dingbridge client rotate-secret %s --finish`.\n", file, args[0])
			return nil
		},
	}
	where.flags(cmd, "to change")
	cmd.Flags().BoolVar(&finish, "finish", false, "take the older secret away, which the app must not use any more")
	return cmd
}

func clientRemoveCommand() *cobra.Command {
	var where whereClients
	cmd := &cobra.Command{
		Use:   "remove ID",
		Short: "Take an app out: nobody can log in to it any more, and its tokens are refused",
		Args:  oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := where.all()
			if err != nil {
				return err
			}
			file, err := files.RemoveClient(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is gone from %s. Its own accounts and sessions are the app's to end.\n", args[0], file)
			return nil
		},
	}
	where.flags(cmd, "to change")
	return cmd
}
