// Package provider is the hall: it has the routes, ties the rooms together, and
// is the only importer of the protocol library. One file is one step:
//
//	provider.go       what it is built of
//	routes.go         every route with its method, body limit and headers
//	authrequest.go    what an authorization request may say (no HTTP in it)
//	claimsrequest.go  the claims parameter (no HTTP in it)
//	requestobject.go  how a request object wants its refusal
//	hint.go           what an id_token_hint says, and that it is ours
//	authorize.go      GET /authorize: validate, single sign-on, or begin a login
//	posted.go         what is posted to /authorize and /end_session, and comes again by GET
//	par.go            POST /par, and how a pushed request comes back
//	organisations.go  whose people may log in, and by which clients (no HTTP in it)
//	useragent.go      what a User-Agent hints at (no HTTP in it)
//	ways.go           by which way a login goes on; the pages to choose and to scan
//	under.go          which login a state that came back is of, and that it may still go on
//	inapp.go          /login/inapp: inside the DingTalk client
//	callback.go       GET /login/callback: DingTalk's answer, from state to person
//	finish.go         how a login ends: session, grant, and the same again when reloaded
//	refuse.go         a login that ends or stops on a page of ours
//	consent.go        the question that a client may want asked
//	response.go       the way back to the client
//	session.go        whose session a browser has
//	gate.go           may this person still enter this client (no HTTP in it)
//	removal.go        what becomes of people beside what a request asks (no HTTP in it)
//	administer.go     whom an administrator means (no HTTP in it)
//	administerpeople.go   what one does to people by hand (no HTTP in it)
//	administerlist.go     everybody, in pieces (no HTTP in it)
//	administersessions.go what ends sessions by hand (no HTTP in it)
//	administerleavers.go  the brake, and a sweep by hand (no HTTP in it)
//	reseal.go         what is done when the secrets were replaced (no HTTP in it)
//	personview.go     a person as an administrator sees them (no HTTP in it)
//	sessionview.go    sessions and grants likewise (no HTTP in it)
//	statusview.go     how the hall itself stands (no HTTP in it)
//	policytest.go     what a login would come to, and why (no HTTP in it)
//	endsession.go     /end_session: asked or proven, here or everywhere
//	notices.go        which clients are told of a session's end
//	device.go         a device's codes, and the tokens for them (no HTTP in it)
//	devicepage.go     /device: the person's code and answer
//	ticket.go         what makes a form of ours ours
//	clientauth.go     who is the client that calls
//	opserver.go       the adapter to the library's op.Server
//	token.go          code and refresh token to tokens
//	idtoken.go        the claims of an ID token
//	accesstoken.go    access tokens, opaque and JWT
//	userinfo.go
//	deadtokens.go     that an app still asks about somebody who is out
//	introspect.go     introspection and revocation
//	discovery.go      what is public: metadata, keys, health
//	errors.go         every error's OAuth and HTTP form, in one place
//	home.go           the issuer's own address
//	account.go        what it shows to whoever is signed in
//	accountend.go     POST /account/end: a button of that page
//	page.go           a page of ours, in the language that somebody reads
//	budget.go         how often this process does something
//	limited.go        what is over a limit, and how that is told
//	atwork.go         an answer that takes one of the replica's places
//	request.go cookies.go cors.go   what the steps share
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
//	H5 Every grant, and every use of a token at userinfo and introspection, passes the
//	   same gate: one epoch, a fresh enough positive answer about the person, and the
//	   client's own allow.
//	H6 ID token and userinfo say the same about a person.
//	H7 Storage round trips hold the budget of docs/decisions; discovery and JWKS need
//	   none.
//	H8 No route answers without its declared method, limits and headers.
//	H9 A logout ends the session of the browser that asks and no other, and only by
//	   the person's word or by a hint that names this very session; all sessions of
//	   the person, by their word alone.
//	H10 With a session end at once its codes, access and refresh tokens, but neither
//	   what was granted with offline_access nor devices; with all sessions, those too.
//	   Who could not be logged out is not told that they are.
//	H11 A form of ours counts for what it was shown for, unchanged, in the session it
//	   was shown to, and for ten minutes.
//	H12 A request that was pushed or posted is held to all that one in a URL is, when
//	   it comes and again when it is used.
//	H13 No link and no code alone lets a device in: a person does, who has a session
//	   and presses a button, once; and the gate is asked then and when it fetches.
//	H14 Every client that a session was used for, and that has an address for it, is
//	   told of the end, and no logout waits for that.
//	H15 An answer of DingTalk is exchanged with the app of the organisation, and by the
//	   way, for which its state was made, and by no other; a code that was posted, only
//	   from our own page. A person is one of an organisation: another's is another.
//	H16 A machine that looks at a link begins, spends and learns nothing.
//	H17 Whoever is signed in sees, at the issuer's own address, what apps may see of
//	    them, and all of their sessions and lasting grants and nobody else's; a button
//	    there ends that one and no other, and nothing is said to have ended that may live.
//	H18 Whatever removes a person, every app that they entered is told, once; and no
//	    other person loses anything.
//	H19 What an administrator does by hand happens to the one person who can be meant, or
//	    to nobody, and is audited with who asked.
//	H20 What a policy test says of a login is what the login comes to, and it writes
//	    nothing.
//	H21 A list for an administrator has what lives and nothing else, reads and says no more
//	    than a bound, and tells where to go on: piece by piece everybody is in it once.
//	H22 A session that an administrator ends is over as after a logout there, and its apps
//	    are told; what outlives it ends if that was asked for, and is counted if not.
//	H23 Who does too much is told so, and when to come again; nobody else is: what one
//	    address, app, browser or token does wrong turns no other away. Keys, discovery
//	    and health answer whatever is at work.
//
// cmd builds it, and lets administrators ask; nothing else imports it.
package provider
