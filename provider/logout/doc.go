// Package logout tells apps that a session of ours has ended: one signed notice to
// each (OpenID Connect Back-Channel Logout 1.0). It keeps nothing but what is under
// way, in memory: who ends a session writes that down first, and a notice that is
// lost costs an app its hint, not us the logout.
//
//	notifier.go  what is sent, and waiting for it at the end
//	lane.go      whose turn it is: one lane for each client
//	attempt.go   one try: request, answer, what it means
//	backoff.go   when the next one is
//	token.go     the logout token
//	dial.go      the connection
//	address.go   where it may go (no network in it)
//
// Promises:
//
//	N1 A logout token is what section 2.4 says: typ logout+jwt, signed like the
//	   client's ID tokens, iss, sub, aud, iat, exp two minutes on, jti, events and
//	   sid; never a nonce. A notice has one token, however often it is tried.
//	N2 It is one POST, form-encoded (section 2.5). Any 2xx has taken it (section 2.8);
//	   408, 425, 429, 5xx, time-outs and broken connections are tried again, five
//	   times in all, ever later, and never after the token has expired; all else is
//	   final.
//	N3 No connection is made to an address that is not public, unless the client's
//	   networks contain it. What counts is the address dialled, after the name was
//	   resolved, at each try; no connection is kept for another try.
//	N4 No redirect is followed, no proxy is taken from the environment, certificates
//	   are verified, and TLS is 1.2 at least.
//	N5 A try is bounded: in time from the dial to the end of the answer, and in the
//	   bytes that are read; the answer's words are not used.
//	N6 No receiver delays another: each client has two tries under way at most and a
//	   queue of its own, and what waits for a later try is in nobody's way.
//	N7 Send never blocks. What is held is bounded, for each client and in all; what
//	   is too much is dropped.
//	N8 Every notice ends in one audit event: delivered, failed or dropped; every try
//	   but the last, if it fails, in one that says it is tried again.
//	N9 Drain returns when nothing is held, or gives up what is when its time is over.
//
// It is a step: the hall calls it, and it calls no other step.
package logout
