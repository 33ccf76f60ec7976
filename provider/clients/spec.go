package clients

import "fmt"

// A Spec is one client as the operator writes it in clients.yaml, unchecked.
type Spec struct {
	// ID is the client_id: 1 to 64 of A-Z a-z 0-9 . _ -
	ID string `yaml:"id"`
	// Name is shown to people on the login pages; the ID when empty.
	Name string `yaml:"name"`
	// Public clients (RFC 6749 §2.1) have no secret and always need PKCE.
	Public bool `yaml:"public"`
	// SecretHash and SecretHashes are what [GenerateSecret] printed. Two may be
	// live at once, so that a secret can be changed without a gap.
	SecretHash   string   `yaml:"secret_hash"`
	SecretHashes []string `yaml:"secret_hashes"`

	// RedirectURIs are compared byte by byte.
	RedirectURIs []string `yaml:"redirect_uris"`
	// PostLogoutRedirectURIs are compared byte by byte.
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	// InsecureHTTPRedirects admits http redirect URIs, origins and back-channel
	// addresses on other machines, where a code or a notice can be read on the way.
	// For apps of a company network that have no TLS yet.
	InsecureHTTPRedirects bool `yaml:"insecure_http_redirects"`
	// BackchannelLogoutURI is told by POST when a person logs out (OpenID Connect
	// Back-Channel Logout §2.2).
	BackchannelLogoutURI string `yaml:"backchannel_logout_uri"`
	// BackchannelLogoutNetworks (CIDR, or one address) are where such notices may
	// go beside public addresses.
	BackchannelLogoutNetworks []string `yaml:"backchannel_logout_networks"`
	// ApplicationType is "web" (default) or "native" (RFC 8252).
	ApplicationType string `yaml:"application_type"`
	// AllowedOrigins may read our answers from a browser script (CORS).
	AllowedOrigins []string `yaml:"allowed_origins"`

	// TokenEndpointAuthMethods: client_secret_basic and client_secret_post by
	// default; none, and none else, for public clients.
	TokenEndpointAuthMethods []string `yaml:"token_endpoint_auth_methods"`
	// RequirePKCE is true unless a confidential client says false.
	RequirePKCE *bool `yaml:"require_pkce"`
	// RequirePushed refuses authorization requests that were not pushed (RFC 9126 §5).
	RequirePushed bool `yaml:"require_pushed_authorization_requests"`
	// DeviceAuthorization permits logins begun on a device without a browser
	// (RFC 8628). The client needs no redirect URI then.
	DeviceAuthorization bool `yaml:"device_authorization"`
	// Scopes that may be asked for; all but phone by default.
	Scopes []string `yaml:"scopes"`
	// IDTokenSignedResponseAlg is RS256 (default) or ES256.
	IDTokenSignedResponseAlg string `yaml:"id_token_signed_response_alg"`
	// AccessToken is "opaque" (default) or "jwt" (RFC 9068), for apps that read it.
	AccessToken string `yaml:"access_token"`
	// Audiences are the ids of resource servers, beside the client itself, for which
	// its access tokens are meant.
	Audiences []string `yaml:"audiences"`
	// MinimalIDToken leaves profile, email, groups and phone to userinfo, unless the
	// claims parameter asks for them in the ID token.
	MinimalIDToken bool `yaml:"minimal_id_token"`
	// RefreshToken: "" issues one with scope offline_access, "always", "never".
	RefreshToken string `yaml:"refresh_token"`

	// Allow says who may enter; without it nobody.
	Allow Allow `yaml:"allow"`
	// GroupsClaim is what of a person's groups the client sees, by name or by the words
	// aliases, departments, roles; all if left out. GroupsMax is how many; 50 if left out.
	GroupsClaim []string `yaml:"groups_claim"`
	GroupsMax   *int     `yaml:"groups_max"`
	// Claims are the client's own, made of the person's groups.
	Claims []ClaimSpec `yaml:"claims"`
	// DirectoryClaims are facts of the directory that the client may know: some of
	// userid, corp_id, job_number, title, departments, roles, manager.
	DirectoryClaims []string `yaml:"directory_claims"`
	// SubstituteEmail gives a person without an e-mail address one that leads nowhere
	// and is never verified, for apps that refuse people without.
	SubstituteEmail bool `yaml:"substitute_email"`
	// PhoneNumber permits scope phone.
	PhoneNumber bool `yaml:"phone_number"`
	// OmitNickname leaves out the claim nickname (Gitea takes it as username).
	OmitNickname bool `yaml:"omit_nickname"`
	// OmitIss leaves iss out of authorization responses (RFC 9207), for apps
	// behind a relay that drops it.
	OmitIss bool `yaml:"omit_iss"`
	// ResourceServer may introspect those tokens of other clients that name it among
	// their audiences (RFC 7662).
	ResourceServer bool `yaml:"resource_server"`

	// Organisations are the corpIds of those whose people may enter, subject to Allow.
	// An installation with one organisation needs none here; with several, every
	// client names its own.
	Organisations []string `yaml:"organisations"`
	// InAppTap has the person press a button inside the DingTalk client before a login
	// there.
	InAppTap bool `yaml:"in_app_tap"`
	// HomeURL is where the app itself starts: where "open in the system browser"
	// leads. The root of the first redirect URI by default.
	HomeURL string `yaml:"home_url"`

	// ExtraRedirect, ExtraPostLogoutRedirect and ExtraOrigin admit more for the demo's
	// own clients. No file can set them; serve leaves them nil.
	ExtraRedirect           func(uri string) bool    `yaml:"-"`
	ExtraPostLogoutRedirect func(uri string) bool    `yaml:"-"`
	ExtraOrigin             func(origin string) bool `yaml:"-"`
}

// Allow says who may enter. The zero Allow admits nobody.
type Allow struct {
	// Everyone of the organisations that the client serves.
	Everyone bool `yaml:"everyone"`
	// Groups by name, or "dept:<id>", "role:<id>" as in the claim groups. All but names,
	// here and below, is for clients of one organisation: another's ids can be the same.
	Groups []string `yaml:"groups"`
	// Departments with all below them.
	Departments []int64 `yaml:"departments"`
	Roles       []int64 `yaml:"roles"`
	// People by DingTalk userId. An administrator can give a leaver's userId to
	// somebody else: prefer groups.
	People []string `yaml:"people"`
}

// A ClaimSpec is a claim of the client's own, made of the person's groups by a table.
type ClaimSpec struct {
	Name string `yaml:"name"`
	// From is read from above. The first row that fits gives the value; with List all
	// that fit do, in order, each value once.
	From []ClaimRow `yaml:"from"`
	// Default is the value where no row fits. Without one the claim is left out; a list
	// is empty then.
	Default string `yaml:"default"`
	List    bool   `yaml:"list"`
}

// A ClaimRow gives a value to those in a group: a name, "dept:<id>" or "role:<id>".
type ClaimRow struct {
	Group string `yaml:"group"`
	Value string `yaml:"value"`
}

// A GroupSpec is a group to which the operator gives a name, unchecked. Whoever one of
// the lists holds is in it.
type GroupSpec struct {
	// Name is what clients see and what rules mean: 1 to 64 of A-Z a-z 0-9 . _ -
	Name string `yaml:"name"`
	// Organisation is the corpId of the one that the ids are of. An installation with
	// one organisation needs none here.
	Organisation string `yaml:"organisation"`
	// Departments with all below them.
	Departments []int64 `yaml:"departments"`
	Roles       []int64 `yaml:"roles"`
	// People by DingTalk userId.
	People []string `yaml:"people"`
}

// A Fault is one thing wrong with one [Spec] or [GroupSpec]. It never holds a secret hash.
type Fault struct {
	List   string // of the file: "clients" or "groups"
	Index  int    // in it, from 0
	ID     string // of the client, or name of the group; quoted where it is strange; may be empty
	Field  string // as in the file: "redirect_uris[1]"; empty for the whole of it
	Text   string // what is wrong
	Remedy string // what to write instead
	Twin   int    // counted from 1, the item of List that Text names as the same; else 0
}

// Error makes a Fault usable as an error.
func (f Fault) Error() string {
	at := fmt.Sprintf("%s[%d] (%s): ", f.List, f.Index, f.ID)
	if f.Field != "" {
		at += f.Field + ": "
	}
	return at + f.Text + "; " + f.Remedy
}
