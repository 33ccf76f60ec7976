// Package clients keeps who may ask for a login, and by what rules: the relying
// parties of clients.yaml, whom each admits and what of a person's groups each sees,
// checked whole, in memory, immutable and replaced as one.
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
//	    one that names none serves none. One that names several has no rule by number or
//	    userId, since the same id is somebody else in the other organisation; a group
//	    that has a name there counts for its own organisation alone.
//	C14 A home URL could be registered as a web client's redirect URI; left out, it is
//	    the root of the first redirect URI that has a host of its own, or nothing.
//	C15 A decision is made of facts, which are numbers and ids: no name that somebody
//	    gives in DingTalk can be a right. Whom no rule names is not admitted. Where a
//	    department that is not known could admit, nothing is decided, which is neither
//	    an admission nor a refusal.
//	C16 A group's name stands for one group of an organisation and is none that apps
//	    keep to themselves, in any letter case. A name that stands for no group is a
//	    fault wherever it is written.
//	C17 The same facts give a client the same groups: always a list, each once, only
//	    those that groups_claim names, no more than groups_max, and what is left out
//	    for want of room is counted.
//	C18 No table sets a claim that we or the protocol make, in any spelling that an app
//	    could take for it, or gives a value that Kubernetes keeps to itself.
//	C19 A table gives the value of the first row that fits, or, as a list, of all. A
//	    single value that hangs on a department which is not known is not given.
//	C20 Groups with names, tables and rows are bounded, and what a decision costs does
//	    not grow with them.
//	C21 Of the directory a client is told only what it lists, and only if it may ask
//	    for the scope.
//
// The hall (provider) and the command's wiring may call it. It imports nothing of
// this module. [Spec] carries the file's key names as struct tags, so that a fault
// can name the field as the operator wrote it; reading YAML is the caller's.
package clients
