package clients

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// knownScopes in the order in which discovery lists them.
var knownScopes = []string{"openid", "profile", "email", "groups", "offline_access", "phone"}

// checker turns one spec into a client and notes every fault on the way.
type checker struct {
	list    string // of the file
	index   int    // in it
	id      string // as the file has it
	spec    *Spec
	aliases *aliases
	faults  []Fault
}

func (k *checker) faultf(field, remedy, format string, args ...any) {
	id := k.id
	if quoted := strconv.QuoteToASCII(id); quoted != `"`+id+`"` || len(id) > 64 {
		id = quoted[:min(len(quoted), 64)]
	}
	k.faults = append(k.faults, Fault{List: k.list, Index: k.index, ID: id, Field: field, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

// twin notes that the last fault names the item i of the list.
func (k *checker) twin(i int) { k.faults[len(k.faults)-1].Twin = i + 1 }

func (k *checker) client() *Client {
	s := k.spec
	c := &Client{
		ID: s.ID, Name: s.Name, Public: s.Public,
		PKCERequired: s.RequirePKCE == nil || *s.RequirePKCE,
		PhoneNumber:  s.PhoneNumber, OmitNickname: s.OmitNickname, OmitIss: s.OmitIss, ResourceServer: s.ResourceServer,
		RequirePushed: s.RequirePushed, DeviceAuthorization: s.DeviceAuthorization, MinimalIDToken: s.MinimalIDToken,
		InAppTap:      s.InAppTap,
		aliases:       k.aliases,
		extraRedirect: s.ExtraRedirect, extraPostLogout: s.ExtraPostLogoutRedirect, extraOrigin: s.ExtraOrigin,
	}
	k.identity(c)
	k.secrets(c)
	k.redirects(c)
	k.backchannel(c)
	k.protocol(c)
	k.accessToken(c)
	k.scopes(c)
	k.allow(c)
	k.organisations(c)
	k.groups(c)
	k.claims(c)
	k.directory(c)
	k.home(c)
	return c
}

func (k *checker) identity(c *Client) {
	switch {
	case c.ID == "":
		k.faultf("id", "add one, for example the app's name", "the client has no id")
	case len(c.ID) > 64 || strings.Trim(c.ID, idAlphabet) != "":
		k.faultf("id", "write 1 to 64 of A-Z a-z 0-9 . _ -", "the id has other characters or is too long")
	case looksLikeSubject(c.ID):
		k.faultf("id", "choose an id of another length", "the id looks like a person's sub")
	}
	if !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > 64 || strings.ContainsFunc(c.Name, invisible) {
		k.faultf("name", "write at most 64 visible characters", "the name has control or invisible characters or is too long")
	}
	c.Name = cmp.Or(c.Name, c.ID)
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

func invisible(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// looksLikeSubject: a sub is 26 characters of lower-case base32. An app that
// compares without regard to case must not be fooled either (promise C8).
func looksLikeSubject(id string) bool {
	return len(id) == 26 && strings.Trim(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz234567") == ""
}

func (k *checker) secrets(c *Client) {
	if k.spec.SecretHash != "" {
		c.SecretHashes = append(c.SecretHashes, k.spec.SecretHash)
	}
	c.SecretHashes = append(c.SecretHashes, k.spec.SecretHashes...)
	const remedy = "make a secret with `dingbridge client add` and write its hash"
	switch {
	case c.Public && len(c.SecretHashes) > 0:
		k.faultf("secret_hash", "remove it, or remove public: true", "a public client has no secret")
	case !c.Public && len(c.SecretHashes) == 0:
		k.faultf("secret_hash", remedy+", or write public: true", "the client has no secret")
	case len(c.SecretHashes) > 2:
		k.faultf("secret_hashes", "keep the two newest", "more than two secrets are live")
	}
	for i, hash := range c.SecretHashes {
		field := "secret_hash"
		if at := i - (len(c.SecretHashes) - len(k.spec.SecretHashes)); at >= 0 {
			field = fmt.Sprintf("secret_hashes[%d]", at)
		}
		digest, err := parseHash(hash)
		if err != nil {
			k.faultf(field, remedy, "%v", err)
		}
		if slices.Contains(c.digests, digest) && err == nil {
			k.faultf(field, "keep it once", "the hash is there twice")
		}
		c.digests = append(c.digests, digest)
	}
}

func (k *checker) redirects(c *Client) {
	c.ApplicationType = cmp.Or(k.spec.ApplicationType, Web)
	if c.ApplicationType != Web && c.ApplicationType != Native {
		k.faultf("application_type", "write web or native", "the application type is unknown")
	}
	native := c.ApplicationType == Native
	c.RedirectURIs = k.uris("redirect_uris", k.spec.RedirectURIs, native)
	c.PostLogoutRedirectURIs = k.uris("post_logout_redirect_uris", k.spec.PostLogoutRedirectURIs, native)
	if len(c.RedirectURIs) == 0 && c.extraRedirect == nil && !c.ResourceServer && !c.DeviceAuthorization {
		k.faultf("redirect_uris", "write the app's callback URL, or resource_server: true or device_authorization: true if it has none",
			"the client has no redirect URI")
	}
	if native {
		for _, uri := range c.RedirectURIs {
			if portless, ok := cutLoopbackPort(uri); ok {
				c.loopback = append(c.loopback, portless)
			}
		}
	}
	c.AllowedOrigins = slices.Clone(k.spec.AllowedOrigins)
	for i, origin := range c.AllowedOrigins {
		if err := checkURI(origin, false, k.spec.InsecureHTTPRedirects); err != nil {
			k.faultf(fmt.Sprintf("allowed_origins[%d]", i), "write it like https://app.example.com", "%v", err)
		} else if !isOrigin(origin) {
			k.faultf(fmt.Sprintf("allowed_origins[%d]", i), "write it like https://app.example.com, without path or default port",
				"it is not what a browser sends as Origin")
		}
	}
}

func (k *checker) uris(field string, uris []string, native bool) []string {
	for i, uri := range uris {
		at := fmt.Sprintf("%s[%d]", field, i)
		if err := checkURI(uri, native, k.spec.InsecureHTTPRedirects); err != nil {
			k.faultf(at, "write the exact absolute https URL as the app sends it "+
				"(http only for 127.0.0.1, [::1] and localhost, or with insecure_http_redirects: true)", "%v", err)
		} else if slices.Contains(uris[:i], uri) {
			k.faultf(at, "keep it once", "the URI is there twice")
		}
	}
	return slices.Clone(uris)
}

// isOrigin: a checked URI that is scheme, host and no default port (RFC 6454 §6.2).
func isOrigin(uri string) bool {
	scheme, rest, _ := strings.Cut(uri, "://")
	standard := map[string]string{"https": ":443", "http": ":80"}[scheme]
	return standard != "" && !strings.ContainsAny(rest, "/?") && !strings.HasSuffix(rest, standard)
}

func (k *checker) protocol(c *Client) {
	if c.Public && !c.PKCERequired {
		k.faultf("require_pkce", "remove it", "a public client always needs PKCE")
	}
	c.TokenEndpointAuthMethods = slices.Clone(k.spec.TokenEndpointAuthMethods)
	allowed := []string{AuthBasic, AuthPost}
	if c.Public {
		allowed = []string{AuthNone}
	}
	if len(c.TokenEndpointAuthMethods) == 0 {
		c.TokenEndpointAuthMethods = allowed
	}
	for i, method := range c.TokenEndpointAuthMethods {
		if !slices.Contains(allowed, method) {
			k.faultf(fmt.Sprintf("token_endpoint_auth_methods[%d]", i), "write "+strings.Join(allowed, " or "),
				"this client cannot authenticate that way")
		}
	}
	c.IDTokenAlg = cmp.Or(k.spec.IDTokenSignedResponseAlg, "RS256")
	if c.IDTokenAlg != "RS256" && c.IDTokenAlg != "ES256" {
		k.faultf("id_token_signed_response_alg", "write RS256 or ES256", "ID tokens are not signed that way")
	}
	c.RefreshToken = k.spec.RefreshToken
	if !slices.Contains([]string{RefreshOffline, RefreshAlways, RefreshNever}, c.RefreshToken) {
		k.faultf("refresh_token", "write always or never, or leave it out (then scope offline_access decides)", "the word is unknown")
	}
}

func (k *checker) scopes(c *Client) {
	c.Scopes = slices.Clone(k.spec.Scopes)
	if len(c.Scopes) == 0 {
		for _, scope := range knownScopes {
			if scope == "phone" && !c.PhoneNumber || scope == "offline_access" && c.RefreshToken == RefreshNever {
				continue
			}
			c.Scopes = append(c.Scopes, scope)
		}
		return
	}
	if !slices.Contains(c.Scopes, "openid") {
		k.faultf("scopes", "add openid", "without openid there is no ID token")
	}
	for i, scope := range c.Scopes {
		at := fmt.Sprintf("scopes[%d]", i)
		switch {
		case !slices.Contains(knownScopes, scope):
			k.faultf(at, "write some of "+strings.Join(knownScopes, " "), "the scope is unknown")
		case scope == "phone" && !c.PhoneNumber:
			k.faultf(at, "write phone_number: true too, or remove the scope", "the client may not learn phone numbers")
		case scope == "offline_access" && c.RefreshToken == RefreshNever:
			k.faultf(at, "remove the scope, or refresh_token: never", "the client never gets a refresh token")
		}
	}
}
