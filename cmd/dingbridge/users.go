package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider"
)

// whoIs tells how a person is named.
const whoIs = `WHO is a sub, a username (a former one too) or a userid in its own capital and small
letters; with several organisations corpId/userid.`

func usersShowCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.ShowUsers
	cmd := &cobra.Command{
		Use:   "show WHO",
		Short: "Show who somebody is, as the record has them",
		Long: `Show who somebody is, as the record has them: ids and names, departments and
roles, e-mail, when DingTalk was last asked; with --client which groups an app sees
and whether it lets them in. A userid that was given on shows all who had it.

` + whoIs,
		Args: words("WHO"),
		RunE: asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, args []string) ([]provider.PersonView, error) {
			o.Who = args[0]
			return server.Users(cmd.Context(), o)
		}, writePeople),
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.Client, "client", "", "as which app to look, by its `id`")
	cmd.Flags().BoolVar(&o.All, "all", false, "show phone number and unionId too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func usersRenameCommand() *cobra.Command {
	var target adminTarget
	cmd := &cobra.Command{
		Use:   "rename WHO USERNAME",
		Short: "Give somebody another username",
		Long: `Give somebody another username. Apps see it at the next token; those that know people by
their username take the person for a new one. The former name is never given to
anybody else, and the person may have it back.

` + whoIs,
		Args: words("WHO", "USERNAME"),
		RunE: asking(&target, nil, func(cmd *cobra.Command, server *admin.Client, args []string) (provider.PersonView, error) {
			return server.Rename(cmd.Context(), admin.RenameUser{Who: args[0], Username: args[1]})
		}, func(w io.Writer, v provider.PersonView) error {
			return line(w, "%s is called %s from the next token on.", v.Subject, v.Username)
		}),
	}
	target.flags(cmd)
	return cmd
}

func usersBlockCommand() *cobra.Command {
	return usersVerb("block WHO", "End all that somebody has here, and let them in no more",
		`End all sessions and grants of somebody at once, tell the apps, and let them in no more,
whatever DingTalk says, until unblock. Who never logged in here is looked for in
DingTalk's address book by the userid.`,
		(*admin.Client).Block, "%s (%s) is blocked: every session and grant is dead.")
}

func usersUnblockCommand() *cobra.Command {
	return usersVerb("unblock WHO", "Let somebody who was blocked log in again",
		`Let somebody who was blocked log in again, if DingTalk says so. What the block ended
stays dead.`,
		(*admin.Client).Unblock, "%s (%s) may log in again.")
}

func usersMigrateCommand() *cobra.Command {
	return usersVerb("migrate WHO", "Let somebody whose DingTalk account was migrated be who they were",
		`Let somebody whose DingTalk account was migrated be who they were before: same sub, same
username, same accounts in the apps. WHO is who they have been since, at a login with
the migrated account. It is done only if DingTalk says that the account is a migrated
one, of somebody who was known here; what they have had since, ends.`,
		(*admin.Client).Migrate, "%s (%s) logs in with the migrated account from now on.")
}

// usersVerb is a command that does one thing to one person.
func usersVerb(use, short, long string, do func(*admin.Client, context.Context, string) (provider.PersonView, error), said string) *cobra.Command {
	var target adminTarget
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + "\n\n" + whoIs,
		Args: words("WHO"),
		RunE: asking(&target, nil, func(cmd *cobra.Command, server *admin.Client, args []string) (provider.PersonView, error) {
			return do(server, cmd.Context(), args[0])
		}, func(w io.Writer, v provider.PersonView) error { return line(w, said, v.Subject, v.Username) }),
	}
	target.flags(cmd)
	return cmd
}

func usersReleaseEmailCommand() *cobra.Command {
	var target adminTarget
	cmd := &cobra.Command{
		Use:   "release-email ADDRESS",
		Short: "Let an e-mail address go to whoever next has it",
		Long: `Let an e-mail address go to whoever next has it in DingTalk's address book. Until then it
is kept for the person who had it first, because many apps find an account by it:
look there first that the newcomer does not get the other's account.`,
		Args: words("ADDRESS"),
		RunE: asking(&target, nil, func(cmd *cobra.Command, server *admin.Client, args []string) (provider.ReleasedEmail, error) {
			return server.ReleaseEmail(cmd.Context(), args[0])
		}, func(w io.Writer, r provider.ReleasedEmail) error {
			return line(w, "%s was kept for %s, and is free now.", r.Address, r.Subject)
		}),
	}
	target.flags(cmd)
	return cmd
}

func line(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format+"\n", args...); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}
