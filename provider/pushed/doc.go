// Package pushed keeps requests that reach the provider otherwise than in a URL: the
// authorization requests that clients push (RFC 9126), and forms that a browser
// posts from another site, which are answered 303 to GET because such a POST
// carries no SameSite=Lax cookie. It owns the records `par/<id>` and `posted/<id>`.
//
// Promises:
//
//	Q1 A pushed request opens only for the client that pushed it.
//	Q2 The first browser that brings a request_uri has it: within its life the same
//	   browser may come again with it, and another one is refused, whoever races.
//	Q3 A posted form opens only at the endpoint it was posted to.
//	Q4 A reference that is forged, or older than its life, is refused without a trip
//	   to storage.
//	Q5 Nothing of a request can be read out of storage, and nothing that lies there
//	   makes a reference; what authenticated the client is not kept at all.
//	Q6 What is kept for one request is bounded, and gone after its life.
//	Q7 What storage could not tell is storage.ErrUnknown, never an unknown request.
//
// It is a step: the hall calls it, and it calls no other step. It knows no HTTP, and
// nothing of what a request says: the hall validates it, when it is pushed and again
// when it is opened.
package pushed
