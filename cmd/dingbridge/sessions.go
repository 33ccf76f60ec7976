package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider"
)

func sessionsListCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.ListSessions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sessions that live: of one person, of those who entered an app, or of everybody",
		Long: `List the sessions that live: of one person, of those who entered an app, or of everybody.
The storage has no list of all sessions. Without --user the server goes through the
people it knows, ordered by sub, until it has enough, and says where to go on. With
100,000 people who are signed in nowhere that takes seconds; it is no question for a
script that runs each minute.

` + whoIs,
		Args: flagsAlone,
		RunE: asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (provider.SessionList, error) {
			return server.Sessions(cmd.Context(), o)
		}, writeSessions),
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.User, "user", "", "whose sessions: `WHO`")
	cmd.Flags().StringVar(&o.Client, "client", "", "only those with which an app was entered, by its `id`")
	cmd.Flags().IntVar(&o.Limit, "limit", 0, "stop after the person with whom there are `N`; 100, at most 500")
	cmd.Flags().StringVar(&o.After, "after", "", "go on after this `sub`")
	cmd.Flags().BoolVar(&o.All, "all", false, "show browser and address too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func sessionsEndCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.EndSessions
	cmd := &cobra.Command{
		Use:   "end SID | end --user WHO",
		Short: "End one session, or all sessions of a person, and tell the apps",
		Long: `End one session, or all that a person has at this moment, and tell the apps that were
entered with it. What was granted with a session ends with it; what an app has with
offline_access, and what a device has, stays: with --grants that ends too. Whoever is
still a member may log in again; to keep somebody out there is 'users block'.

A session alone does not say whose it is, so that everybody is looked through for it;
with --user that takes a moment.

` + whoIs,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.User != "" {
				return nil
			}
			if len(args) == 0 {
				return fmt.Errorf("%w: name a session, or a person with --user", errUsage)
			}
			return words("SID")(cmd, args)
		},
		RunE: asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, args []string) (provider.EndedView, error) {
			if len(args) > 0 {
				o.Session = args[0]
			}
			return server.EndSessions(cmd.Context(), o)
		}, writeEnded),
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.User, "user", "", "whose: `WHO`; without a SID all of them")
	cmd.Flags().BoolVar(&o.Grants, "grants", false, "end what outlives sessions too: with a SID, what came with that session")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// dashed is a session's id that begins as a flag does; no flag of `sessions end` looks so.
var dashed = regexp.MustCompile(`^-[A-Za-z0-9_-]{21}$`)

// sessionAside puts such an id where it is taken for what it is: ids are copied from a list.
func sessionAside(args []string) []string {
	if len(args) < 3 || args[0] != "sessions" || args[1] != "end" || slices.Contains(args, "--") {
		return args
	}
	at := slices.IndexFunc(args, dashed.MatchString)
	if at < 0 {
		return args
	}
	return append(slices.Delete(slices.Clone(args), at, at+1), "--", args[at])
}

func usersListCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.ListUsers
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the people who ever logged in, or those of them who are blocked or gone",
		Args:  flagsAlone,
		RunE: asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (provider.PeopleList, error) {
			return server.ListUsers(cmd.Context(), o)
		}, writeUsers),
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.Organisation, "organisation", "", "only of this one, by its `corpId`")
	cmd.Flags().BoolVar(&o.Blocked, "blocked", false, "only who is blocked by an administrator")
	cmd.Flags().BoolVar(&o.Gone, "gone", false, "only who is gone, as DingTalk says")
	cmd.Flags().IntVar(&o.Limit, "limit", 0, "how many at most: `N`; 100, at most 500")
	cmd.Flags().StringVar(&o.After, "after", "", "go on after this `sub`")
	cmd.Flags().BoolVar(&o.All, "all", false, "show names too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// writeSessions puts ids last that are wide.
func writeSessions(w io.Writer, l provider.SessionList) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	where := false
	for _, s := range l.Sessions {
		where = where || s.Browser+s.Address != ""
	}
	head := "SID\tUSERNAME\tBEGAN\tUSED\tAPPS"
	if where {
		head = "SID\tUSERNAME\tBEGAN\tUSED\tADDRESS\tBROWSER\tAPPS"
	}
	fmt.Fprintln(table, head)
	for _, s := range l.Sessions {
		row := []string{s.ID, s.Username, moment(s.Began), moment(s.Used)}
		if where {
			row = append(row, cmp.Or(s.Address, "-"), cmp.Or(s.Browser, "-"))
		}
		fmt.Fprintln(table, strings.Join(append(row, appsText(s)), "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the sessions: %w", err)
	}
	if l.More {
		if err := line(w, "Somebody has more sessions than a list can hold; the oldest are not shown."); err != nil {
			return err
		}
	}
	return writeCut(w, l.After, l.Looked, l.Known)
}

func appsText(s provider.SessionView) string {
	text := cmp.Or(strings.Join(s.Clients, ", "), "-")
	if s.MoreClients {
		text += ", ..."
	}
	return text
}

func writeUsers(w io.Writer, l provider.PeopleList) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head, names := "SUB\tUSERNAME\tUSERID\tSTATE\tCHECKED", false
	for _, u := range l.Users {
		names = names || u.Name != ""
	}
	if names {
		head += "\tNAME"
	}
	fmt.Fprintln(table, head)
	for _, u := range l.Users {
		row := []string{u.Subject, u.Username, u.UserID, u.State, moment(u.Checked)}
		if names {
			row = append(row, u.Name)
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the people: %w", err)
	}
	return writeCut(w, l.After, l.Looked, l.Known)
}

// writeCut says where a list goes on.
func writeCut(w io.Writer, after string, looked, known int) error {
	if after == "" {
		return nil
	}
	return line(w, "Looked at %d of %d people; go on with --after %s", looked, known, after)
}

func writeEnded(w io.Writer, v provider.EndedView) error {
	text := fmt.Sprintf("%s (%s): %s ended, %s sent to apps.", v.Subject, v.Username, counted(v.Sessions, "session"), counted(v.Told, "notice"))
	switch {
	case v.Grants > 0:
		text += fmt.Sprintf(" What outlives sessions ended too: %s.", counted(v.Grants, "grant"))
	case v.Stay > 0:
		text += fmt.Sprintf(" What outlives sessions stays: %s of apps or devices, which --grants ends too.", counted(v.Stay, "grant"))
	}
	if v.More {
		text += " There are more than a list can hold: --grants ends all."
	}
	return line(w, "%s", text)
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
