package clients

import (
	"net/netip"
	"slices"
)

// Values of [Client.ApplicationType], of [Client.TokenEndpointAuthMethods], of
// [Client.RefreshToken] and of [Spec.AccessToken].
const (
	Web    = "web"
	Native = "native"

	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"

	RefreshOffline = ""
	RefreshAlways  = "always"
	RefreshNever   = "never"

	AccessOpaque = "opaque"
	AccessJWT    = "jwt"
)

// A Client is one valid relying party, defaults filled in. It is shared between
// goroutines: read it, never write to it.
type Client struct {
	ID, Name string
	Public   bool
	// SecretHashes are "sha256:<base64url>", at most two.
	SecretHashes           []string
	RedirectURIs           []string // empty for some that have ResourceServer or DeviceAuthorization
	PostLogoutRedirectURIs []string
	// BackchannelLogoutURI is empty for a client that is not told of logouts.
	BackchannelLogoutURI string
	// BackchannelLogoutNetworks are where notices may go beside public addresses.
	BackchannelLogoutNetworks []netip.Prefix

	AllowedOrigins           []string
	ApplicationType          string // Web or Native
	TokenEndpointAuthMethods []string
	PKCERequired             bool
	RequirePushed            bool // pushed authorization requests only (RFC 9126)
	DeviceAuthorization      bool // may use RFC 8628
	Scopes                   []string
	IDTokenAlg               string // RS256 or ES256
	AccessTokenJWT           bool   // RFC 9068 instead of an opaque token
	// Audiences are other clients of the same [Set], each with ResourceServer.
	Audiences      []string
	MinimalIDToken bool
	RefreshToken   string
	Allow          Allow
	PhoneNumber    bool
	OmitNickname   bool
	OmitIss        bool
	ResourceServer bool
	// GroupsClaim is what of a person's groups it sees; nil for all. GroupsMax is how many.
	GroupsClaim []string
	GroupsMax   int
	// Claims are its tables, as the file has them.
	Claims []ClaimSpec
	// DirectoryClaims are words; the claims are called dingtalk_<word>.
	DirectoryClaims []string
	// SubstituteEmail gives a person without an address one that leads nowhere.
	SubstituteEmail bool
	// Organisations are corpIds; empty where the file names none.
	Organisations []string
	// InAppTap asks for a press of a button before a login inside DingTalk.
	InAppTap bool
	// HomeURL is where the app itself starts, without any login in it; may be empty.
	HomeURL string

	extraRedirect   func(string) bool
	extraPostLogout func(string) bool
	extraOrigin     func(string) bool
	digests         [][digestSize]byte
	aliases         *aliases // all that there are
	rules           rules
	sees            seen
	tables          []claimTable
	loopback        []string // native only: registered loopback URIs without their port
}

// AllowsAuthMethod reports whether the client may authenticate this way
// (OpenID Connect Core §9).
func (c *Client) AllowsAuthMethod(method string) bool {
	return slices.Contains(c.TokenEndpointAuthMethods, method)
}

// NarrowScopes returns those of the requested scopes that are registered, in the
// order asked, each once. Unknown ones are ignored (OpenID Connect Core §3.1.2.1).
func (c *Client) NarrowScopes(requested []string) []string {
	granted := make([]string, 0, len(requested))
	for _, scope := range requested {
		if slices.Contains(c.Scopes, scope) && !slices.Contains(granted, scope) {
			granted = append(granted, scope)
		}
	}
	return granted
}

// IssuesRefresh reports whether a grant of these scopes carries a refresh token.
func (c *Client) IssuesRefresh(granted []string) bool {
	switch c.RefreshToken {
	case RefreshAlways:
		return true
	case RefreshNever:
		return false
	}
	return slices.Contains(granted, "offline_access")
}

// AllowsOrigin reports whether scripts of the origin may read our answers to this
// client. The comparison is byte by byte.
func (c *Client) AllowsOrigin(origin string) bool {
	return slices.Contains(c.AllowedOrigins, origin) || c.extraOrigin != nil && c.extraOrigin(origin)
}
