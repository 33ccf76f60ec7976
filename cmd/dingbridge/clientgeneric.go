package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/preset"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// addGeneric adds an app that has no preset. What the flags do not say is asked for at a
// terminal; elsewhere all that is missing is told at once.
func (n *newClient) addGeneric(cmd *cobra.Command) error {
	if n.url != "" {
		return fmt.Errorf("%w: --url belongs to a preset; give the app's callback with --redirect-uri", errUsage)
	}
	if n.issuer == "" {
		issuer, err := n.where.issuerURL()
		if err != nil {
			return err
		}
		n.issuer = issuer
	}
	if f, ok := cmd.InOrStdin().(*os.File); !ok || atTerminal(f) {
		if err := n.ask(cmd.InOrStdin(), cmd.ErrOrStderr(), cmd.Flags().Changed); err != nil {
			return err
		}
	}
	if missing := n.missing(); len(missing) > 0 {
		return fmt.Errorf("%w: --generic also needs %s", errUsage, strings.Join(missing, ", "))
	}
	if err := n.named(); err != nil {
		return err
	}
	issuer, err := n.issuerAddress()
	if err != nil {
		return err
	}
	at, err := n.where.toAddTo(n.spec.ID)
	if err != nil {
		return err
	}
	secret, hash := clients.GenerateSecret()
	v := preset.Values{Issuer: issuer, ID: n.spec.ID, Secret: secret, More: told(n.spec)}
	if n.spec.Public {
		secret, v.Secret = "", "none"
	} else {
		n.spec.SecretHash = hash
	}
	p, err := preset.Generic().For(v)
	if err != nil {
		return err
	}
	return writeClients(cmd, at, secret, p.Print(), []clients.Spec{n.spec})
}

// told is what of the client stands in the printed settings.
func told(c clients.Spec) map[string]string {
	more := map[string]string{"authentication": "client_secret_basic, or client_secret_post", "pkce": "S256, required", "alg": "RS256",
		"redirects": strings.Join(c.RedirectURIs, ", ")}
	if c.Public {
		more["authentication"] = "none"
	}
	if c.RequirePKCE != nil && !*c.RequirePKCE {
		more["pkce"] = "S256, if the app can"
	}
	if c.IDTokenSignedResponseAlg != "" {
		more["alg"] = c.IDTokenSignedResponseAlg
	}
	if len(c.RedirectURIs) == 0 {
		more["redirects"] = "none"
	}
	return more
}

// missing are the flags without which no client can be made.
func (n *newClient) missing() (list []string) {
	if n.spec.ID == "" && n.spec.Name == "" {
		list = append(list, "--name NAME or --id ID")
	}
	if len(n.spec.RedirectURIs) == 0 && !n.spec.DeviceAuthorization && !n.spec.ResourceServer {
		list = append(list, "--redirect-uri URI")
	}
	if n.issuer == "" {
		list = append(list, "--issuer URL or --config FILE")
	}
	return list
}

// ask asks on w for what was not given, and reads the answers from r. At its end nothing
// more is asked.
func (n *newClient) ask(r io.Reader, w io.Writer, given func(flag string) bool) error {
	lines := bufio.NewScanner(r)
	over := false
	question := func(text string) string {
		if over {
			return ""
		}
		fmt.Fprint(w, text+" ")
		if !lines.Scan() {
			over = true
			fmt.Fprintln(w)
		}
		return strings.TrimSpace(lines.Text())
	}
	yes := func(text string) bool { return strings.HasPrefix(strings.ToLower(question(text+" [y/N]")), "y") }
	if !given("name") && !given("id") {
		n.spec.Name = question("What is the app called?")
	}
	if !given("id") && slug(n.spec.Name) == "" {
		n.spec.ID = question("And its client_id, in Latin letters?")
	}
	if !given("public") {
		n.spec.Public = yes("Does it run in people's browsers or on their machines, where it cannot keep a secret?")
	}
	if !given("native") && n.spec.Public && yes("Is it a program on their machine, which listens on 127.0.0.1?") {
		n.spec.ApplicationType = clients.Native
	}
	if !given("redirect-uri") && !n.spec.DeviceAuthorization && !n.spec.ResourceServer {
		for {
			uri := question("To which address does the login come back (callback, redirect URI)? An empty line ends the list.")
			if uri == "" {
				break
			}
			n.spec.RedirectURIs = append(n.spec.RedirectURIs, uri)
		}
	}
	if !given("no-pkce") && !n.spec.Public && yes("Is it known that it cannot do PKCE?") {
		n.spec.RequirePKCE = new(bool)
	}
	if !given("issuer") && n.issuer == "" {
		n.issuer = question("Where is dingbridge (issuer, https://...)?")
	}
	if !given("allow") {
		words := question("Who may log in? everyone, dept:ID, role:ID, user:USERID or names of groups, with blanks between; an empty line: nobody yet.")
		return admit(&n.spec.Allow, strings.Fields(words))
	}
	return lines.Err()
}

// atTerminal: /dev/null is a character device too, and at its end at once.
func atTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
