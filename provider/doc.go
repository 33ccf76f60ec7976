// Package provider is the hall: it has the routes, ties the rooms together, and
// is the only importer of the protocol library. One file is one step:
//
//	routes.go         every route with its method, body limit and headers
//	authrequest.go    what an authorization request may say (no HTTP in it)
//	requestobject.go  how a request object wants its refusal
//	authorize.go      GET and POST /authorize: validate, single sign-on, or begin a login
//	callback.go       GET /login/callback: DingTalk's answer, from state to code
//	refuse.go         a login that ends or stops on a page of ours
//	response.go       the way back to the client
//	gate.go           may this person still enter this client (no HTTP in it)
//	par.go            POST /par, and how a pushed request comes back
//	posted.go         what is posted to /authorize and /end_session, and comes again by GET
//	device.go         a device's codes, and the tokens for them (no HTTP in it)
//	devicepage.go     /device: the person's code and answer
//	clientauth.go     who is the client that calls
//	opserver.go       the adapter to the library's op.Server
//	token.go          code and refresh token to tokens
//	idtoken.go        the claims of an ID token
//	userinfo.go
//	introspect.go     introspection and revocation
//	discovery.go      what is public: metadata, keys, health
//	errors.go         every error's OAuth and HTTP form, in one place
//	request.go cookies.go cors.go budget.go   what the steps share
//
// Promises:
//
//	H1 An error reaches the client only after client and redirect URI are proven;
//	   before that it is a page.
//	H2 Every authorization response carries `iss` (RFC 9207), unless the client is
//	   registered without, and the client's `state`; errors too.
//	H3 What storage or DingTalk could not tell is 503 with a fixed text: never
//	   invalid_grant, never active:false, never a driver's words.
//	H4 A failed client authentication burns no code and no refresh token.
//	H5 Every grant passes the same gate: one epoch, a fresh enough positive answer
//	   about the person, and the client's own allow.
//	H6 ID token and userinfo say the same about a person.
//	H7 Storage round trips hold the budget of docs/decisions; discovery and JWKS need
//	   none.
//	H8 No route answers without its declared method, limits and headers.
//
// cmd builds it; nothing imports it.
package provider
