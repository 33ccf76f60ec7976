package clients

import (
	"fmt"
	"slices"
	"strings"
)

// protected are claims that no table may set (promise C18), as [plain] writes them:
// first those that say who somebody is and for whom a token is, then all others that
// we or a protocol make or that apps read as identity without being told to.
var protected = newSetOf(
	"iss", "sub", "aud", "exp", "iat", "nonce", "azp", "sid", "amr", "authtime", "emailverified",

	"acr", "athash", "chash", "shash", "jti", "nbf", "typ", "alg", "kid", "events", "toe", "txn", // OpenID Connect Core §2, RFC 7519, RFC 8417
	"cnf", "act", "mayact", "scope", "scp", "clientid", "tokentype", "active", // RFC 7800, 8693, 7662
	"subid", "subjwk", "verifiedclaims", // RFC 9493, OpenID Connect for Identity Assurance
	"name", "nickname", "givenname", "familyname", "middlename", "preferredusername", "picture",
	"email", "phonenumber", "phonenumberverified", "groups", "updatedat", // OpenID Connect Core §5.1
	"login", "username", "user", "userid", "uid", "uniquename", "upn", "mail", "emailaddress", "displayname", "attributes", // Grafana and others
)

// plain is a claim's name as loosely as any app may compare it: Go's encoding/json
// disregards letter case, Spring's binding also what stands between words.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("._:/-", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// claimName checks the name of a table's claim. It is ASCII, so that nothing looks
// like a protected one, or becomes one by Unicode's case folding (ſub), and begins with
// a letter: _claim_names would have an app fetch claims from elsewhere (OpenID Connect
// Core §5.6.2), __proto__ is no member in JavaScript.
func (k *checker) claimName(field, name string) {
	const alphabet = idAlphabet + ":/"
	switch {
	case name == "":
		k.faultf(field, "write the claim's name as the app reads it", "the claim has no name")
	case len(name) > 128 || strings.Trim(name, alphabet) != "" || strings.ContainsAny(name[:1], "0123456789._-:/"):
		k.faultf(field, "write at most 128 of A-Z a-z 0-9 . _ - : /, a letter first", "the name has other characters or is too long")
	case protected.has(plain(name)) || strings.HasPrefix(plain(name), "dingtalk"):
		k.faultf(field, "choose another name, and have the app read that", "no table may set this claim")
	}
}

// directory are the words of directory_claims.
var directory = []string{"userid", "corp_id", "job_number", "title", "departments", "roles", "manager"}

// directory checks which facts of the directory the client may know, and whether it
// needs an address for everybody.
func (k *checker) directory(c *Client) {
	c.DirectoryClaims, c.SubstituteEmail = slices.Clone(k.spec.DirectoryClaims), k.spec.SubstituteEmail
	for i, word := range k.spec.DirectoryClaims {
		at := fmt.Sprintf("directory_claims[%d]", i)
		switch {
		case !slices.Contains(directory, word):
			k.faultf(at, "write some of "+strings.Join(directory, " "), "the word is unknown")
		case slices.Contains(k.spec.DirectoryClaims[:i], word):
			k.faultf(at, "keep it once", "the word is there twice")
		}
	}
	if len(k.spec.DirectoryClaims) > 0 && !slices.Contains(c.Scopes, "profile") {
		k.faultf("directory_claims", "add profile to scopes, or remove the claims", "they are told with scope profile, for which the client may not ask")
	}
	if c.SubstituteEmail && !slices.Contains(c.Scopes, "email") {
		k.faultf("substitute_email", "add email to scopes, or remove it", "it is told with scope email, for which the client may not ask")
	}
}
