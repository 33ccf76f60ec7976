package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// addClients writes the clients of an app, of which the first alone may have a secret, and
// prints the secret after its hash is written: one that was printed always works. Without
// a secret it makes one. More is what of makes, to be printed below.
func addClients(cmd *cobra.Command, at place, more string, specs ...clients.Spec) error {
	secret, hash := clients.GenerateSecret()
	if specs[0].Public {
		secret = ""
	} else {
		specs[0].SecretHash = hash
	}
	return writeClients(cmd, at, secret, more, specs)
}

func writeClients(cmd *cobra.Command, at place, secret, more string, specs []clients.Spec) error {
	file, spec := at.file, specs[0]
	for _, c := range specs {
		others, err := company(at, c.ID)
		if err != nil {
			return err
		}
		if err := faultsOf(c, others); err != nil {
			return err
		}
	}
	if err := config.AddClient(file, specs...); err != nil {
		return err
	}
	if at.alone != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "Whether another file has a client of that id was not looked at, for config.yaml cannot be read: %v\n", at.alone)
	}
	out := "client_id=" + spec.ID + "\n"
	if secret != "" {
		out += "client_secret=" + secret + "\n"
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), out+more); err != nil {
		return fmt.Errorf("printing the secret, which is lost (`dingbridge client remove %s`, and begin again): %w", spec.ID, err)
	}
	if secret != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "The secret is shown this once; %s has its hash.\n", file)
	}
	if spec.Allow.Nobody() && (len(spec.RedirectURIs) > 0 || spec.DeviceAuthorization) {
		fmt.Fprintf(cmd.ErrOrStderr(), "Nobody may log in yet: in %s write `allow: everyone` below `id: %s`, or groups (docs/clients.md).\n", file, spec.ID)
	}
	return nil
}

// faultsOf tells what is wrong with spec, in the company of what it may name.
func faultsOf(spec clients.Spec, file config.ClientsDocument) error {
	_, faults := clients.NewSet(append(file.Specs, spec), file.Groups...)
	var all []error
	for _, f := range faults {
		if f.List == "clients" && f.Index == len(file.Specs) {
			all = append(all, fmt.Errorf("%s: %s; %s", f.Field, f.Text, f.Remedy))
		}
	}
	return errors.Join(all...)
}

// company are the groups and the resource servers that are written in the files of a
// place, as far as they can be read: what is wrong with the file that the client is added
// to is told then. It is an error if there is a client called id.
func company(at place, id string) (c config.ClientsDocument, err error) {
	files := at.with
	if _, err := os.Stat(files.File); errors.Is(err, fs.ErrNotExist) {
		files.File = "" // it will be made
	}
	if files.File == "" && isEmpty(files.Folder) {
		return c, nil // the first of all
	}
	doc, err := files.Read()
	if err != nil {
		faults, _ := errors.AsType[config.Faults](err)
		return c, slices.DeleteFunc(faults, func(f config.Fault) bool { return among(config.ClientFiles{File: at.file}, f.File) }).Err()
	}
	for i, s := range doc.Specs {
		if strings.EqualFold(s.ID, id) {
			file, line := doc.FileOf(i)
			return c, fmt.Errorf("%w: %q in %s:%d", config.ErrClientExists, s.ID, file, line)
		}
		if s.ResourceServer {
			c.Specs = append(c.Specs, s)
		}
	}
	c.Groups = doc.Groups
	return c, nil
}

// isEmpty: no folder, or one without a file of clients.
func isEmpty(folder string) bool {
	if folder == "" {
		return true
	}
	if _, err := os.Stat(folder); err != nil {
		return false // reading it will say so
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	return err == nil && len(found) == 0
}

// admit turns the values of --allow into who may enter.
func admit(a *clients.Allow, words []string) error {
	for _, word := range words {
		kind, id, numbered := strings.Cut(word, ":")
		switch {
		case word == "everyone":
			a.Everyone = true
		case kind == "user" && id != "":
			a.People = append(a.People, id)
		case (kind == "dept" || kind == "role") && id != "", !numbered && word != "":
			a.Groups = append(a.Groups, word)
		default:
			return fmt.Errorf("%w: --allow %q is none of everyone, dept:ID, role:ID, user:USERID, the name of a group", errUsage, word)
		}
	}
	return nil
}

// slug makes an id of a name: its ASCII letters and digits, small, and dashes for
// what stands between them.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
