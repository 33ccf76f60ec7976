package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// commands is the table of what this program can do.
func commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "dingbridge",
		Short: "An OpenID Connect provider whose people log in with DingTalk",
	}
	root.Version = describe()
	root.SetVersionTemplate("{{.Version}}\n")
	client := &cobra.Command{Use: "client", Short: "The apps that may ask for a login", RunE: needsVerb}
	client.AddCommand(clientAddCommand(), clientListCommand(), clientShowCommand(), clientRotateSecretCommand(), clientRemoveCommand())
	ring := &cobra.Command{Use: "keys", Short: "The signing keys of the running server", RunE: needsVerb}
	ring.AddCommand(keysListCommand(), keysRotateCommand())
	users := &cobra.Command{Use: "users", Short: "The people whom the running server knows", RunE: needsVerb}
	users.AddCommand(usersListCommand(), usersShowCommand(), usersRenameCommand(), usersBlockCommand(), usersUnblockCommand(), usersMigrateCommand(), usersReleaseEmailCommand())
	sessions := &cobra.Command{Use: "sessions", Short: "The sessions of browsers at the running server", RunE: needsVerb}
	sessions.AddCommand(sessionsListCommand(), sessionsEndCommand())
	policy := &cobra.Command{Use: "policy", Short: "Who may enter which app", RunE: needsVerb}
	policy.AddCommand(policyTestCommand())
	brake := &cobra.Command{Use: "brake", Short: "The brake that stops too many removals at once", RunE: needsVerb}
	brake.AddCommand(brakeShowCommand(), brakeConfirmCommand(), brakeReleaseCommand())
	left := &cobra.Command{Use: "leavers", Short: "The people who have left", RunE: needsVerb}
	left.AddCommand(leaversSweepCommand())
	secrets := &cobra.Command{Use: "secret", Short: "The provider's own secrets", RunE: needsVerb}
	secrets.AddCommand(secretNewCommand())
	root.AddCommand(
		serveCommand(),
		checkCommand(),
		doctorCommand(),
		healthCommand(),
		demoCommand(),
		simulatorCommand(),
		directoryCommand(),
		statusCommand(),
		client,
		users,
		sessions,
		policy,
		brake,
		left,
		ring,
		secrets,
		versionCommand(),
	)
	return root
}
