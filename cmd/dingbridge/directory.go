package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk"
)

func directoryCommand() *cobra.Command {
	var file, only string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "directory",
		Short: "List departments and roles, with the words that name them in clients.yaml",
		Long: `List the departments and roles that the app may see, with the words that name them in
clients.yaml, in allow.groups, groups_claim and from. A department is named with all
below it. Names may change in DingTalk and mean nothing here.

DingTalk is asked directly: no server is needed, and clients.yaml may have faults.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			all, err := readDirectories(ctx, file, only, os.Environ())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			return writeDirectories(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the `file` to read")
	cmd.Flags().StringVar(&only, "organisation", "", "of which alone, by its `corpId`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

// A listing is what one organisation has that a rule can name.
type listing struct {
	CorpID      string            `json:"corp_id"`
	Name        string            `json:"name,omitempty"`
	Departments []listedPart      `json:"departments"` // each above those below it
	Roles       []listedPart      `json:"roles"`
	Faults      map[string]string `json:"faults,omitempty"` // what cannot be listed, and why
}

type listedPart struct {
	Word  string `json:"word"`
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Group string `json:"group,omitempty"` // of a role
	Depth int    `json:"depth"`
}

// readDirectories asks for the departments and roles of the organisations of a file.
func readDirectories(ctx context.Context, file, only string, environ []string) ([]listing, error) {
	doc, err := config.Load(file, environ)
	if doc == nil {
		return nil, err
	}
	var faults config.Faults // of what is not asked for here, others tell
	if all, ok := errors.AsType[config.Faults](err); ok {
		faults = slices.DeleteFunc(slices.Clone(all), func(f config.Fault) bool { return !strings.HasPrefix(f.Path, "dingtalk") })
	}
	m := &materials{config: doc.Config, log: slog.New(slog.DiscardHandler)}
	if faults = append(faults, m.readOrganisations(doc)...); len(faults) > 0 {
		return nil, faults.Err()
	}
	var all []listing
	for i, o := range m.config.DingTalk.Organisations {
		if only != "" && only != o.CorpID {
			continue
		}
		m.upstreams[i].Pace(float64(m.config.Limits.DingTalkCallsPerSecond)) // of which this, as a sweep, takes half
		one, err := listingOf(ctx, m.upstreams[i])
		if err != nil {
			return nil, fmt.Errorf("asking for the departments of %s: %w; `dingbridge doctor` says what is wrong", o.CorpID, err)
		}
		one.Name = o.Name
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: --organisation %q is none of %s", errUsage, only, strings.Join(m.config.DingTalk.CorpIDs(), ", "))
	}
	return all, nil
}

func listingOf(ctx context.Context, upstream *dingtalk.Client) (listing, error) {
	l := listing{CorpID: upstream.CorpID(), Departments: []listedPart{}, Roles: []listedPart{}}
	below := map[int64][]dingtalk.Department{}
	known := map[int64]bool{}
	var tops []dingtalk.Department
	err := upstream.Departments(ctx, func(d dingtalk.Department) error { // level by level, the upper first
		if known[d.ID] = true; known[d.Parent] {
			below[d.Parent] = append(below[d.Parent], d)
		} else {
			tops = append(tops, d)
		}
		return nil
	})
	if err != nil {
		return l, err
	}
	l.add(tops, below, 0)
	roles, err := upstream.Roles(ctx)
	if err != nil { // a permission of its own, and not all need it
		l.Faults = map[string]string{"roles": admin.Printable(err.Error())}
	}
	for _, r := range roles {
		l.Roles = append(l.Roles, listedPart{Word: "role:" + strconv.FormatInt(r.ID, 10), ID: r.ID, Name: admin.Printable(r.Name), Group: admin.Printable(r.Group)})
	}
	return l, nil
}

// add lists departments, each before those below it. There is no circle in them: whoever is
// below somebody came later.
func (l *listing) add(list []dingtalk.Department, below map[int64][]dingtalk.Department, depth int) {
	slices.SortFunc(list, func(a, b dingtalk.Department) int { return cmp.Compare(a.ID, b.ID) })
	for _, d := range list {
		l.Departments = append(l.Departments, listedPart{Word: "dept:" + strconv.FormatInt(d.ID, 10), ID: d.ID, Name: admin.Printable(d.Name), Depth: depth})
		l.add(below[d.ID], below, depth+1)
	}
}

// writeDirectories puts names last: how wide they are, the terminal alone knows.
func writeDirectories(w io.Writer, all []listing) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, l := range all {
		if i > 0 {
			fmt.Fprintln(table)
		}
		if len(all) > 1 {
			fmt.Fprintf(table, "%s\t%s\n", l.CorpID, l.Name)
		}
		fmt.Fprintln(table, "WORD\tDEPARTMENT")
		for _, d := range l.Departments {
			fmt.Fprintf(table, "%s\t%s%s\n", d.Word, strings.Repeat("  ", d.Depth), d.Name)
		}
		fmt.Fprintln(table, "\nWORD\tROLE")
		for _, r := range l.Roles {
			fmt.Fprintf(table, "%s\t%s\n", r.Word, strings.Trim(r.Group+" / "+r.Name, " /"))
		}
		if fault := l.Faults["roles"]; fault != "" {
			fmt.Fprintf(table, "none\t%s\n", fault)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the directory: %w", err)
	}
	return nil
}
