package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/clients"
)

func clientListCommand() *cobra.Command {
	var where whereClients
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the apps: who may log in to each, and how many secrets it has",
		Args:  flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, _, err := readClients(&where)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), list)
			}
			return writeClientList(cmd.OutOrStdout(), list)
		},
	}
	where.flags(cmd, "to read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func clientShowCommand() *cobra.Command {
	var where whereClients
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one app's entry, but for its secrets, and where it is written",
		Args:  oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, doc, err := readClients(&where)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(list, func(c listedClient) bool { return c.ID == args[0] })
			if i < 0 {
				ids := make([]string, len(list))
				for i, c := range list {
					ids[i] = c.ID
				}
				return fmt.Errorf("%w as %q; %s", config.ErrNoClient, args[0], config.Suggest(args[0], ids))
			}
			c := list[i]
			entry, err := config.Entry(doc.Specs[i])
			if err != nil {
				return fmt.Errorf("writing the entry of %q: %w", c.ID, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "# %s:%d: %s; secrets live: %d; may log in: %s\n%s", c.File, c.Line, c.Type, c.Secrets, c.allowed(), entry)
			return err
		},
	}
	where.flags(cmd, "to read")
	return cmd
}

// oneID is for commands that take the id of a client.
func oneID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: name one client by its id; `dingbridge client list` lists them", errUsage)
	}
	return nil
}

// A listedClient is a client as client list shows it.
type listedClient struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Type         string   `json:"type"` // web, native or resource server; then "public" for one without a secret
	RedirectURIs []string `json:"redirect_uris"`
	Allow        []string `json:"allow"` // as after --allow; empty: nobody
	Secrets      int      `json:"secrets_live"`
	File         string   `json:"file"`
	Line         int      `json:"line"`
}

func (c listedClient) allowed() string { return cmp.Or(strings.Join(c.Allow, " "), "nobody") }

// readClients reads all clients, which must be without a fault.
func readClients(where *whereClients) ([]listedClient, *config.ClientsDocument, error) {
	files, err := where.all()
	if err != nil {
		return nil, nil, err
	}
	doc, err := files.Read()
	if err != nil {
		return nil, nil, err
	}
	if _, faults := doc.Set(); len(faults) > 0 {
		return nil, nil, faults.Err()
	}
	list := make([]listedClient, len(doc.Specs))
	for i, s := range doc.Specs {
		file, line := doc.FileOf(i)
		secrets := len(s.SecretHashes)
		if s.SecretHash != "" {
			secrets++
		}
		list[i] = listedClient{ID: s.ID, Name: cmp.Or(s.Name, s.ID), Type: typeOf(s), RedirectURIs: append([]string{}, s.RedirectURIs...),
			Allow: allowWords(s.Allow), Secrets: secrets, File: file, Line: line}
	}
	return list, doc, nil
}

func typeOf(s clients.Spec) string {
	kind := cmp.Or(s.ApplicationType, clients.Web)
	if s.ResourceServer && len(s.RedirectURIs) == 0 {
		kind = "resource server"
	}
	if s.Public {
		kind += ", public"
	}
	return kind
}

// allowWords are the words after --allow that say the same.
func allowWords(a clients.Allow) []string {
	words := []string{}
	if a.Everyone {
		words = append(words, "everyone")
	}
	words = append(words, a.Groups...)
	for _, id := range a.Departments {
		words = append(words, "dept:"+strconv.FormatInt(id, 10))
	}
	for _, id := range a.Roles {
		words = append(words, "role:"+strconv.FormatInt(id, 10))
	}
	for _, id := range a.People {
		words = append(words, "user:"+id)
	}
	return words
}

func writeClientList(w io.Writer, list []listedClient) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tTYPE\tSECRETS\tMAY LOG IN\tREDIRECT URIS")
	for _, c := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", c.ID, c.Name, c.Type, c.Secrets, c.allowed(), strings.Join(c.RedirectURIs, " "))
	}
	return table.Flush()
}
