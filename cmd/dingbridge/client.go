package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/clients"
)

func clientAddCommand() *cobra.Command {
	var spec clients.Spec
	var files config.ClientFiles
	var native, noPKCE, es256, jwt bool
	var allow []string
	cmd := &cobra.Command{
		Use:   "add --name NAME [--redirect-uri URI] [flags]",
		Short: "Add an app to clients.yaml and print its id and, this once, its secret",
		Example: `  dingbridge client add --id wiki --name 维基 --redirect-uri https://wiki.example.com/callback --allow everyone
  dingbridge client add --id cli --public --native --redirect-uri http://127.0.0.1/callback --allow dept:432825033
  dingbridge client add --id tv --public --device --allow everyone
  dingbridge client add --id logs --redirect-uri https://logs.example.com/callback --allow platform --groups-claim aliases`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if spec.ID == "" {
				spec.ID = slug(spec.Name)
			}
			if spec.ID == "" {
				return fmt.Errorf("%w: give an id with --id, or a --name with Latin letters to make one of", errUsage)
			}
			if native {
				spec.ApplicationType = clients.Native
			}
			if noPKCE {
				spec.RequirePKCE = new(bool)
			}
			if es256 {
				spec.IDTokenSignedResponseAlg = "ES256"
			}
			if jwt {
				spec.AccessToken = clients.AccessJWT
			}
			if err := admit(&spec.Allow, allow); err != nil {
				return err
			}
			return addClient(cmd, files, spec)
		},
	}
	f := cmd.Flags()
	f.StringVar(&files.File, "clients-file", "clients.yaml", "the `file` to add to; made if it is not there")
	f.StringVar(&files.Folder, "clients-dir", "", "the `folder` that clients_dir names, if there is one: ids and groups there count, too")
	f.StringVar(&spec.ID, "id", "", "the client_id; made of the Latin letters of the name if left out")
	f.StringVar(&spec.Name, "name", "", "shown to people")
	f.StringArrayVar(&spec.RedirectURIs, "redirect-uri", nil, "the app's callback `URI`, exactly; may be given again")
	f.StringArrayVar(&spec.PostLogoutRedirectURIs, "post-logout-redirect-uri", nil, "a `URI` to which the app may send people after logging out; may be given again")
	f.StringVar(&spec.BackchannelLogoutURI, "backchannel-logout-uri", "", "the app's `URI` that is told when a person logs out")
	f.StringArrayVar(&spec.BackchannelLogoutNetworks, "backchannel-logout-network", nil, "a `network` (CIDR, or one address) that is not public and to which such notices may go; may be given again")
	f.StringArrayVar(&spec.AllowedOrigins, "allowed-origin", nil, "a web `origin` whose scripts may call us; may be given again")
	f.StringSliceVar(&allow, "allow", nil, "`who` may log in: everyone, or dept:ID (with all below it), role:ID, user:USERID, or a name from groups; may be given again")
	f.StringSliceVar(&spec.GroupsClaim, "groups-claim", nil, "which `groups` it sees: aliases, departments, roles, or names of single ones; all if left out")
	f.StringSliceVar(&spec.DirectoryClaims, "directory-claims", nil, "what else of the `directory` it is told: userid, corp_id, job_number, title, departments, roles, manager")
	f.BoolVar(&spec.SubstituteEmail, "substitute-email", false, "give people without an e-mail address one that leads nowhere")
	f.StringArrayVar(&spec.Organisations, "organisation", nil, "the `corp_id` of an organisation whose people may log in, needed if there are several; may be given again")
	f.StringSliceVar(&spec.Scopes, "scopes", nil, "the scopes that the app may have; all but phone if left out")
	f.StringVar(&spec.RefreshToken, "refresh-token", "", "always or never; with the scope offline_access if left out")
	f.BoolVar(&spec.Public, "public", false, "an app that cannot keep a secret: it gets none, and needs PKCE")
	f.BoolVar(&native, "native", false, "an app on the person's own machine: any port on loopback")
	f.BoolVar(&noPKCE, "no-pkce", false, "let an app in that cannot do PKCE")
	f.BoolVar(&es256, "es256", false, "sign its ID tokens with ES256, which costs less")
	f.BoolVar(&spec.RequirePushed, "require-pushed-requests", false, "refuse its authorization requests unless they are pushed")
	f.BoolVar(&spec.DeviceAuthorization, "device", false, "permit logins begun on a device without a browser; needs no redirect URI")
	f.BoolVar(&jwt, "jwt-access-token", false, "give it access tokens that it can read")
	f.StringArrayVar(&spec.Audiences, "audience", nil, "the `id` of a resource server that its access tokens are for, too; may be given again")
	f.BoolVar(&spec.MinimalIDToken, "minimal-id-token", false, "leave profile, email, groups and phone to userinfo")
	f.BoolVar(&spec.InAppTap, "in-app-tap", false, "have people press a button before a login inside DingTalk's client")
	f.StringVar(&spec.HomeURL, "home-url", "", "the `URL` at which the app itself starts; the root of the first redirect URI if left out")
	f.BoolVar(&spec.PhoneNumber, "phone-number", false, "permit the scope phone")
	f.BoolVar(&spec.OmitNickname, "omit-nickname", false, "leave out the claim nickname")
	f.BoolVar(&spec.OmitIss, "omit-iss", false, "leave iss out of the authorization response")
	f.BoolVar(&spec.ResourceServer, "resource-server", false, "permit to introspect the tokens of clients that name it as an audience; needs no redirect URI")
	f.BoolVar(&spec.InsecureHTTPRedirects, "insecure-http-redirects", false, "permit plain http redirect and back-channel URIs")
	return cmd
}

// addClient makes the secret, writes its hash and then prints it: a secret that was
// printed always works.
func addClient(cmd *cobra.Command, files config.ClientFiles, spec clients.Spec) error {
	file := files.File
	var secret string
	if !spec.Public {
		secret, spec.SecretHash = clients.GenerateSecret()
	}
	others, err := company(files, spec.ID)
	if err != nil {
		return err
	}
	if err := faultsOf(spec, others); err != nil {
		return err
	}
	if err := config.AddClient(file, spec); err != nil {
		return err
	}
	out := "client_id=" + spec.ID + "\n"
	if secret != "" {
		out += "client_secret=" + secret + "\n"
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), out); err != nil {
		return fmt.Errorf("printing the secret, which is lost (remove %q from %s and begin again): %w", spec.ID, file, err)
	}
	if secret != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "The secret is shown this once; %s has its hash.\n", file)
	}
	if spec.Allow.Nobody() && (len(spec.RedirectURIs) > 0 || spec.DeviceAuthorization) {
		fmt.Fprintf(cmd.ErrOrStderr(), "Nobody may log in yet: write `allow: everyone` below it, or groups.\n")
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

// company are the groups and the resource servers that are written in files, as far as
// they can be read: what is wrong with the file that the client is added to is told then,
// also if the client called id is in it. It is an error if another file has that client.
func company(files config.ClientFiles, id string) (c config.ClientsDocument, err error) {
	if _, err := os.Stat(files.File); errors.Is(err, fs.ErrNotExist) {
		files.File = "" // it will be made
	}
	if files == (config.ClientFiles{}) {
		return c, nil
	}
	doc, err := files.Read()
	if err != nil {
		faults, _ := errors.AsType[config.Faults](err)
		return c, slices.DeleteFunc(faults, func(f config.Fault) bool { return files.Folder == "" || f.File == files.File }).Err()
	}
	for i, s := range doc.Specs {
		at, line := doc.FileOf(i)
		switch same := strings.EqualFold(s.ID, id); {
		case same && at != files.File:
			return c, fmt.Errorf("%w: %q in %s:%d", config.ErrClientExists, s.ID, at, line)
		case s.ResourceServer && !same:
			c.Specs = append(c.Specs, s)
		}
	}
	c.Groups = doc.Groups
	return c, nil
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
