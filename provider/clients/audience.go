package clients

import (
	"cmp"
	"fmt"
	"slices"
)

// accessToken checks what the client's access tokens are and for whom.
func (k *checker) accessToken(c *Client) {
	switch kind := cmp.Or(k.spec.AccessToken, AccessOpaque); kind {
	case AccessJWT:
		c.AccessTokenJWT = true
	case AccessOpaque:
	default:
		k.faultf("access_token", "write opaque or jwt", "access tokens are not made that way")
	}
	c.Audiences = slices.Clone(k.spec.Audiences)
}

// audiences checks the client's audiences against all clients (promise C11). A
// resource server that is not registered could not ask about the token, and an app
// that is none must not find itself in another's: a token for two apps is one that
// either can use at the other.
func (k *checker) audiences(all *table) {
	for i, id := range k.spec.Audiences {
		at := fmt.Sprintf("audiences[%d]", i)
		server, known := all.byID[id]
		switch {
		case id == k.spec.ID:
			k.faultf(at, "remove it", "its own access tokens are for the client anyway")
		case !known:
			k.faultf(at, "write the id of a client with resource_server: true", "no client has this id")
		case !server.ResourceServer:
			k.faultf(at, "write resource_server: true at that client, or remove it here", "that client is not a resource server")
		case slices.Contains(k.spec.Audiences[:i], id):
			k.faultf(at, "keep it once", "the id is there twice")
		}
	}
}
