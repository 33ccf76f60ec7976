// Package clients keeps who may ask for a login: the relying parties of
// clients.yaml, checked whole, in memory, immutable and replaced as one.
//
// Promises:
//
//	C1  A set is built of valid clients or not at all; every fault is told, with the
//	    client's index, the field and the remedy.
//	C2  A redirect URI is accepted only if it is byte-equal to one registered for that
//	    purpose, login or logout; or, at a native client's login, differs from a
//	    registered loopback URI in the port alone (RFC 8252 §7.3). Nothing is
//	    normalised, decoded or matched by pattern. Only code can widen this, for each
//	    purpose by itself, and only the demo's does; no configuration can.
//	C3  No registered redirect URI has a meaning that parsers disagree about: no
//	    fragment, wildcard, userinfo, backslash, dot segment, control character,
//	    odd host or response parameter; plain http leaves this machine only where the
//	    operator wrote insecure_http_redirects.
//	C4  A secret is known by its SHA-256 alone, compared in constant time with every
//	    live hash; at most two are live; no public client has one, no confidential
//	    client lacks one.
//	C5  A client without allow admits nobody.
//	C6  A public client always needs PKCE (RFC 7636), and no client gets it relaxed
//	    by a request.
//	C7  Scopes are only ever narrowed to the registration; phone needs the client's
//	    phone_number permission beside the scope.
//	C8  No client id can be taken for a sub (RFC 9700 §4.15), nor for another client's
//	    id in other letter case.
//	C9  Replace is atomic: a reader sees the old set or the new, and a *Client in hand
//	    never changes.
//	C10 A back-channel logout URI could be registered as a redirect URI, and is https
//	    if the client is public (Back-Channel Logout §2.2). Networks for its notices
//	    are said exactly, are never all addresses, and mean nothing without a URI.
//	C11 An audience is another client of the same set that is a resource server,
//	    wherever in the file it stands.
//	C12 Only a resource server, or a client that may use the device flow, is without
//	    redirect URI; such a client still accepts none.
//	C13 A client serves the organisations that it names, byte for byte, and no other;
//	    one that names none serves none. One that names several admits nobody by group
//	    or userId, since the same id is somebody else in the other organisation.
//	C14 A home URL could be registered as a web client's redirect URI; left out, it is
//	    the root of the first redirect URI that has a host of its own, or nothing.
//
// The hall (provider) and the command's wiring may call it. It imports nothing of
// this module. [Spec] carries the file's key names as struct tags, so that a fault
// can name the field as the operator wrote it; reading YAML is the caller's.
package clients
