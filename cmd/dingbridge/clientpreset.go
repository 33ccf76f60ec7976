package main

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/preset"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// presetSays are the flags whose say a preset has itself. Of what the others say it cannot
// know; --no-pkce is for versions of the app that cannot do it.
var presetSays = strings.Fields("redirect-uri post-logout-redirect-uri backchannel-logout-uri allowed-origin scopes refresh-token public native es256 " +
	"require-pushed-requests jwt-access-token audience minimal-id-token phone-number omit-nickname resource-server")

func (n *newClient) addPreset(cmd *cobra.Command, name string) error {
	p, known := preset.Named(name)
	if !known {
		return fmt.Errorf("%w: no preset is called %q; %s; for any other app there is --generic", errUsage, name, config.Suggest(name, presetNames()))
	}
	if err := n.foreign(cmd, p); err != nil {
		return err
	}
	n.spec.ID = cmp.Or(n.spec.ID, p.Name)
	v, err := n.values(p)
	if err != nil {
		return err
	}
	at, err := n.where.toAddTo(n.spec.ID)
	if err != nil {
		return err
	}
	secret, hash := clients.GenerateSecret()
	v.Secret = secret
	p, err = p.For(v)
	if err != nil {
		return err
	}
	for i := range p.Clients {
		n.besides(&p.Clients[i], i == 0)
	}
	if p.Clients[0].Public {
		secret = ""
	} else {
		p.Clients[0].SecretHash = hash
	}
	return writeClients(cmd, at, secret, p.Print(), p.Clients)
}

// foreign is the fault of flags whose say a preset has itself.
func (n *newClient) foreign(cmd *cobra.Command, p preset.Preset) error {
	var strange []string
	for _, flag := range presetSays {
		if cmd.Flags().Changed(flag) {
			strange = append(strange, "--"+flag)
		}
	}
	if len(strange) > 0 {
		return fmt.Errorf("%w: what %s would say, the preset %s says itself; leave it out, change the entry afterwards, or use --generic",
			errUsage, strings.Join(strange, ", "), p.Name)
	}
	return nil
}

// values are what the preset is filled in with, but for the secret.
func (n *newClient) values(p preset.Preset) (v preset.Values, err error) {
	v.ID, v.Random = n.spec.ID, randomText
	switch {
	case p.Nowhere && n.url != "":
		return v, fmt.Errorf("%w: leave --url out: the login comes back to the person's own machine", errUsage)
	case p.Nowhere:
	case n.url == "":
		return v, fmt.Errorf("%w: say where it is, for example --url https://%s.example.com", errUsage, p.Name)
	default:
		if v.URL, err = preset.Address(n.url, n.spec.InsecureHTTPRedirects); err != nil {
			return v, fmt.Errorf("%w: --url %q: %w", errUsage, n.url, err)
		}
	}
	v.Issuer, err = n.issuerAddress()
	return v, err
}

func (n *newClient) issuerAddress() (string, error) {
	issuer := n.issuer
	if issuer == "" {
		var err error
		if issuer, err = n.where.issuerURL(); err != nil {
			return "", err
		}
	}
	if issuer == "" {
		return "", fmt.Errorf("%w: say where dingbridge is: --issuer https://sso.example.com, or --config config.yaml", errUsage)
	}
	address, err := preset.Address(issuer, true) // serve says what an issuer may be
	if err != nil {
		return "", fmt.Errorf("%w: --issuer %q: %w", errUsage, issuer, err)
	}
	return address, nil
}

// besides puts into a client of a preset what the command line says beside it.
func (n *newClient) besides(c *clients.Spec, first bool) {
	s := &n.spec
	if first {
		c.Name, c.HomeURL = cmp.Or(s.Name, c.Name), s.HomeURL
		c.DeviceAuthorization = c.DeviceAuthorization || s.DeviceAuthorization
	}
	c.Allow, c.Organisations = s.Allow, s.Organisations
	c.GroupsClaim, c.DirectoryClaims = s.GroupsClaim, s.DirectoryClaims
	c.SubstituteEmail, c.InAppTap, c.InsecureHTTPRedirects = s.SubstituteEmail, s.InAppTap, s.InsecureHTTPRedirects
	c.OmitIss = c.OmitIss || s.OmitIss
	if s.RequirePKCE != nil && !c.Public {
		c.RequirePKCE = s.RequirePKCE
	}
	if c.BackchannelLogoutURI != "" || first {
		c.BackchannelLogoutNetworks = s.BackchannelLogoutNetworks
	}
}

// randomText is 32 bytes that nobody can guess, in the alphabet of URLs, with its end: so
// every reader of base64 takes it.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b) // it never fails
	return base64.URLEncoding.EncodeToString(b)
}

func presetNames() (names []string) {
	for _, p := range preset.All() {
		names = append(names, p.Name)
	}
	return names
}

func listPresets(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Presets, each with --url URL but kubernetes:\n\n")
	for _, p := range preset.All() {
		fmt.Fprintf(&b, "  %-14s %s: %s\n", p.Name, p.Title, p.About)
	}
	b.WriteString("\nFor any other app: dingbridge client add --generic\n")
	_, err := io.WriteString(w, b.String())
	return err
}
