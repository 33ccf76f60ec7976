package config

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Clients is clients.yaml: the apps that may ask for a login. It is read again
// when it changes; a file with a fault leaves the old clients in force.
type Clients struct {
	Clients []Client `yaml:"clients"`
}

// Client is one app. `dingbridge client add` writes one.
type Client struct {
	// ID is the client_id that the app sends.
	ID string `yaml:"id"`
	// Name is shown to people. Without it, the ID is.
	Name string `yaml:"name"`
	// Public clients run where no secret can be kept: a browser, a phone, a command
	// line. They have no secret and must use PKCE.
	Public bool `yaml:"public"`
	// SecretHash is what `client add` makes of the secret: sha256:... The secret
	// itself is nowhere.
	SecretHash string `yaml:"secret_hash"`
	// PreviousSecretHash is accepted too, while the app moves to a new secret.
	PreviousSecretHash string `yaml:"previous_secret_hash"`
	// RedirectURIs are compared letter by letter; a native app on loopback may use
	// any port.
	RedirectURIs           []string `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	// ApplicationType: web (default) or native.
	ApplicationType string `yaml:"application_type"`
	// TokenEndpointAuthMethods: client_secret_basic, client_secret_post, none. Both
	// with the secret, if left out.
	TokenEndpointAuthMethods []string `yaml:"token_endpoint_auth_methods"`
	// RequirePKCE: false lets an app without PKCE in. Default true.
	RequirePKCE *bool `yaml:"require_pkce"`
	// Scopes are those the app may have. All but phone, if left out.
	Scopes []string `yaml:"scopes"`
	// IDTokenAlg signs its ID tokens: RS256 (default) or ES256, which costs less.
	IDTokenAlg string `yaml:"id_token_signed_response_alg"`
	// Allow says who may log in: `allow: everyone`, or groups and users. Left out,
	// nobody may.
	Allow Allow `yaml:"allow"`
	// RefreshToken: always (also without the scope offline_access) or never.
	RefreshToken string `yaml:"refresh_token"`
	// PhoneNumber permits the scope phone.
	PhoneNumber bool `yaml:"phone_number"`
	// OmitNickname leaves the claim nickname out, for apps that take it as username.
	OmitNickname bool `yaml:"omit_nickname"`
	// OmitIss leaves iss out of the authorization response (RFC 9207).
	OmitIss bool `yaml:"omit_iss"`
	// AllowedOrigins are web origins whose scripts may call us (CORS).
	AllowedOrigins []string `yaml:"allowed_origins"`
	// ResourceServer may introspect the tokens of other clients.
	ResourceServer bool `yaml:"resource_server"`
}

// Allow is who may enter, of the organisation's people.
type Allow struct {
	Everyone bool     `yaml:"-"`      // written as `allow: everyone`
	Groups   []string `yaml:"groups"` // as the claim groups has them
	Users    []string `yaml:"users"`  // DingTalk userIds
}

// readNode reads the word everyone, or a map with groups and users.
func (a *Allow) readNode(d *decoder, path string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "everyone":
		a.Everyone = true
	case n.Kind == yaml.MappingNode:
		var some struct {
			Groups []string `yaml:"groups"`
			Users  []string `yaml:"users"`
		}
		d.object(path, n, reflect.ValueOf(&some).Elem())
		a.Groups, a.Users = some.Groups, some.Users
	default:
		d.fault(n, path, "is neither the word everyone nor a map", "write everyone, or groups and users below it")
	}
}

// A ClientsDocument is a clients.yaml that has been read, with the places of its
// values.
type ClientsDocument struct {
	Clients []Client
	at      positions
}

// ParseClients reads the text of a clients.yaml called file. Its error is a
// [Faults]. What a client may be is for the provider to say: use
// [ClientsDocument.Fault] to give its faults their lines.
func ParseClients(file string, data []byte) (*ClientsDocument, error) {
	var c Clients
	at, faults := decode(file, data, &c)
	if len(faults) == 0 && !at.given("clients") {
		faults = append(faults, at.fault("clients", "is missing", "begin the file with the line `clients:`"))
	}
	return &ClientsDocument{Clients: c.Clients, at: at}, faults.Err()
}

// LoadClients reads the clients.yaml called file. Its error is a [Faults].
func LoadClients(file string) (*ClientsDocument, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, Faults{{File: file, Text: reason(err), Remedy: "make it with `dingbridge client add`"}}
	}
	return ParseClients(file, data)
}

// Fault makes a fault about the field of client i (from 0); field is as in the
// file, such as redirect_uris[1], or empty for the client itself.
func (d *ClientsDocument) Fault(i int, field, text, remedy string) Fault {
	path := item("clients", i)
	if field != "" {
		path = join(path, field)
	}
	return d.at.fault(path, text, remedy)
}

func (d *ClientsDocument) has(id string) bool {
	return slices.ContainsFunc(d.Clients, func(c Client) bool { return c.ID == id })
}
