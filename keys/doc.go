// Package keys keeps the ring of signing keys, one record in storage that all
// replicas share, and does everything that needs a signing key: it signs, it
// verifies what it signed, and it publishes the public halves (JWKS, RFC 7517).
//
// For RS256 and ES256 alike a key is first next (published, not signing), then
// signing, then retired (published until the last token it signed has ended),
// then remembered (not published, for the hints of late logouts), then dropped.
// The record says when a key begins to sign; everything else follows from that
// and the clock, so nobody has to write anything at the moment of a change, and
// a replica that could not reread for a day still does the right thing.
//
// Promises:
//
//	K1  A key is published by every replica at least PublishLead before any
//	    replica signs with it, the very first keys excepted; a relying party that
//	    caches the key set for less never meets an unknown kid.
//	K2  However many replicas race to create or to rotate, one wins and all use
//	    the winner's keys.
//	K3  A ring that cannot be read, for whatever reason, stops Open and is never
//	    replaced; storage that does not answer is storage.ErrUnknown.
//	K4  At rest nothing of the ring can be read, and the key set holds public
//	    halves alone.
//	K5  A retired key stays published until KeepPublished after the last replica
//	    stopped signing with it, verifies hints for KeepForHints more, and is then
//	    dropped; its private half goes when it is no longer published.
//	K6  A signature never mixes keys: alg, kid and key belong together, whatever
//	    rotates meanwhile.
//	K7  Verify takes only what this ring signed, byte for byte in our own form:
//	    no other algorithm, key, header or spelling.
//	K8  A replica that cannot reread goes on with what it has, and says so; a
//	    ring that vanished from under running replicas is put back, unless a replica
//	    that started just then has made a new one: then that one counts.
//	K9  A ring sealed by an older secret is re-sealed by the first one, also when the
//	    secrets are replaced while it is open.
//	K10 Clocks that are off by a minute, either way, do no harm.
//	K11 The ETag of the key set changes when the set changes and only then.
//
// The hall (package provider) calls it, and the commands that show or rotate
// keys. It is the only package beside the hall that imports go-jose, for key sets
// and to verify; it has to be 4.1.8 or later, and a test holds go.mod to that.
package keys
