package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// A newClient is what the command line of client add says.
type newClient struct {
	spec                       clients.Spec
	where                      whereClients
	native, noPKCE, es256, jwt bool
	allow                      []string
	url, issuer                string // of a preset
	generic                    bool
}

func clientAddCommand() *cobra.Command {
	n := &newClient{}
	cmd := &cobra.Command{
		Use:   "add [PRESET --url URL | --generic | --name NAME --redirect-uri URI] [flags]",
		Short: "Add an app to clients.yaml and print its id, this once its secret, and what it has to be told",
		Long: `Add an app to clients.yaml, and print its id and, this once, its secret.

For an app that is known, name its preset and where the app is: the client is then
registered as that app needs it, and its whole configuration is printed. Without
arguments the command lists the presets. --generic is for other apps: at a terminal
it asks what it needs. With --name or --id alone only the flags count.`,
		Example: `  dingbridge client add grafana --url https://grafana.example.com --allow everyone
  dingbridge client add kubernetes --allow dept:432825033
  dingbridge client add --generic
  dingbridge client add --id wiki --name 维基 --redirect-uri https://wiki.example.com/callback --allow everyone
  dingbridge client add --id cli --public --native --redirect-uri http://127.0.0.1/callback --allow dept:432825033
  dingbridge client add --id tv --public --device --allow everyone
  dingbridge client add --id logs --redirect-uri https://logs.example.com/callback --allow platform --groups-claim aliases`,
		RunE: func(cmd *cobra.Command, args []string) error { return n.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&n.url, "url", "", "where the app of a preset is, as people's browsers reach it")
	f.StringVar(&n.issuer, "issuer", "", "the `URL` of this provider for the printed configuration; that of --config if left out")
	f.BoolVar(&n.generic, "generic", false, "for an app that has no preset: ask at the terminal what is needed, and print what to tell it")
	n.where.flags(cmd, "to add to; made if it is not there")
	f.StringVar(&n.spec.ID, "id", "", "the client_id; made of the Latin letters of the name if left out")
	f.StringVar(&n.spec.Name, "name", "", "shown to people")
	f.StringArrayVar(&n.spec.RedirectURIs, "redirect-uri", nil, "the app's callback `URI`, exactly; may be given again")
	f.StringArrayVar(&n.spec.PostLogoutRedirectURIs, "post-logout-redirect-uri", nil, "a `URI` to which the app may send people after logging out; may be given again")
	f.StringVar(&n.spec.BackchannelLogoutURI, "backchannel-logout-uri", "", "the app's `URI` that is told when a person logs out")
	f.StringArrayVar(&n.spec.BackchannelLogoutNetworks, "backchannel-logout-network", nil, "a `network` (CIDR, or one address) that is not public and to which such notices may go; may be given again")
	f.StringArrayVar(&n.spec.AllowedOrigins, "allowed-origin", nil, "a web `origin` whose scripts may call us; may be given again")
	f.StringSliceVar(&n.allow, "allow", nil, "`who` may log in: everyone, or dept:ID (with all below it), role:ID, user:USERID, or a name from groups; may be given again")
	f.StringSliceVar(&n.spec.GroupsClaim, "groups-claim", nil, "which `groups` it sees: aliases, departments, roles, or names of single ones; all if left out")
	f.StringSliceVar(&n.spec.DirectoryClaims, "directory-claims", nil, "what else of the `directory` it is told: userid, corp_id, job_number, title, departments, roles, manager")
	f.BoolVar(&n.spec.SubstituteEmail, "substitute-email", false, "give people without an e-mail address one that leads nowhere")
	f.StringArrayVar(&n.spec.Organisations, "organisation", nil, "the `corp_id` of an organisation whose people may log in, needed if there are several; may be given again")
	f.StringSliceVar(&n.spec.Scopes, "scopes", nil, "the scopes that the app may have; all but phone if left out")
	f.StringVar(&n.spec.RefreshToken, "refresh-token", "", "always or never; with the scope offline_access if left out")
	f.BoolVar(&n.spec.Public, "public", false, "an app that cannot keep a secret: it gets none, and needs PKCE")
	f.BoolVar(&n.native, "native", false, "an app on the person's own machine: any port on loopback")
	f.BoolVar(&n.noPKCE, "no-pkce", false, "let an app in that cannot do PKCE")
	f.BoolVar(&n.es256, "es256", false, "sign its ID tokens with ES256, which costs less")
	f.BoolVar(&n.spec.RequirePushed, "require-pushed-requests", false, "refuse its authorization requests unless they are pushed")
	f.BoolVar(&n.spec.DeviceAuthorization, "device", false, "permit logins begun on a device without a browser; needs no redirect URI")
	f.BoolVar(&n.jwt, "jwt-access-token", false, "give it access tokens that it can read")
	f.StringArrayVar(&n.spec.Audiences, "audience", nil, "the `id` of a resource server that its access tokens are for, too; may be given again")
	f.BoolVar(&n.spec.MinimalIDToken, "minimal-id-token", false, "leave profile, email, groups and phone to userinfo")
	f.BoolVar(&n.spec.InAppTap, "in-app-tap", false, "have people press a button before a login inside DingTalk's client")
	f.StringVar(&n.spec.HomeURL, "home-url", "", "the `URL` at which the app itself starts; the root of the first redirect URI if left out")
	f.BoolVar(&n.spec.PhoneNumber, "phone-number", false, "permit the scope phone")
	f.BoolVar(&n.spec.OmitNickname, "omit-nickname", false, "leave out the claim nickname")
	f.BoolVar(&n.spec.OmitIss, "omit-iss", false, "leave iss out of the authorization response")
	f.BoolVar(&n.spec.ResourceServer, "resource-server", false, "permit to introspect the tokens of clients that name it as an audience; needs no redirect URI")
	f.BoolVar(&n.spec.InsecureHTTPRedirects, "insecure-http-redirects", false, "permit plain http redirect and back-channel URIs")
	return cmd
}

// run decides which of the forms of the command it is.
func (n *newClient) run(cmd *cobra.Command, args []string) error {
	if err := admit(&n.spec.Allow, n.allow); err != nil {
		return err
	}
	n.switches()
	switch {
	case len(args) > 1:
		return fmt.Errorf("%w: %q does not belong here", errUsage, args[1])
	case len(args) == 1 && n.generic:
		return fmt.Errorf("%w: --generic is for apps that have no preset", errUsage)
	case len(args) == 1:
		return n.addPreset(cmd, args[0])
	case n.generic:
		return n.addGeneric(cmd)
	case cmd.Flags().NFlag() == 0:
		return listPresets(cmd.OutOrStdout())
	}
	for _, flag := range []string{"url", "issuer"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("%w: --%s belongs to a preset or to --generic; `dingbridge client add` lists the presets", errUsage, flag)
		}
	}
	if err := n.named(); err != nil {
		return err
	}
	at, err := n.where.toAddTo(n.spec.ID)
	if err != nil {
		return err
	}
	return addClients(cmd, at, "", n.spec)
}

// switches puts what the flags without a field say into the client.
func (n *newClient) switches() {
	if n.native {
		n.spec.ApplicationType = clients.Native
	}
	if n.noPKCE {
		n.spec.RequirePKCE = new(bool)
	}
	if n.es256 {
		n.spec.IDTokenSignedResponseAlg = "ES256"
	}
	if n.jwt {
		n.spec.AccessToken = clients.AccessJWT
	}
}

// named sees that the client has an id.
func (n *newClient) named() error {
	if n.spec.ID == "" {
		n.spec.ID = slug(n.spec.Name)
	}
	if n.spec.ID == "" {
		return fmt.Errorf("%w: give an id with --id, or a --name with Latin letters to make one of", errUsage)
	}
	return nil
}
