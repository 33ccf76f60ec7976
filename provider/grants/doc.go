// Package grants keeps what a person granted to a client: first an
// authorization code that is outstanding, then a family of refresh tokens and
// the access tokens beside it. One record, `grant/<id>`, lives through all of it
// and is its own tombstone. The set `grants-of/<person>` has those that outlive a
// session, for the person to see.
//
// Promises:
//
//	G1  A code opens once, whoever races for it; exactly one redemption wins.
//	G2  A spent code shown again ends its grant, access tokens included.
//	G3  A code opens only for the client, the redirect URI and the PKCE verifier it
//	    was issued for; an outstanding code that is shown wrongly is not burnt.
//	G4  A refresh token that was spent yields, within the leeway, the same successor
//	    again, a bounded number of times; after the leeway it ends the family.
//	G5  A refresh token whose successor is already used gets nothing, and within the
//	    leeway ends nothing.
//	G6  An authentic refresh token above the stored generation proves a lost write; it
//	    is accepted and the record moved forward.
//	G7  Scopes never grow.
//	G8  An access token needs no write and dies with its grant, its own expiry, or the
//	    person's epoch (which the caller compares).
//	G9  Nothing stored here opens anything: the record holds no code and no token.
//	G10 What storage did not positively confirm is not granted, and not refused as
//	    invalid either: it is storage.ErrUnknown.
//	G11 After a secret was rotated, tokens issued under any secret that is still listed
//	    go on working.
//	G12 A person's list has every grant of theirs that lives and outlives its session,
//	    newest first, and none of anybody else's; it is cut, and says so, rather than
//	    long. No decision rests on it. All of some are ended, or it is an error.
//
// The hall calls it. It knows nothing of HTTP, of people's data or of how
// clients authenticate.
package grants
