// Package device keeps the requests of devices that have no browser (RFC 8628): from
// the moment one asks for a code until a person has approved or denied it elsewhere
// and the device has fetched its tokens. It owns the records `device/<hash>`,
// `usercode/<mac>`, `polled/<hash>` and the set `guesses/<sub>`.
//
// Promises:
//
//	D1 A device code opens only for the client that asked for it, and yields a grant
//	   once, whoever races; shown again after that, it names the grant to end.
//	D2 A request is approved or denied once, by one person, while it is pending.
//	D3 A device that asks more often than its interval is told to slow down, on
//	   whichever replica; one that keeps to it never is.
//	D4 A user code is typed as people type: in either case, with or without dashes
//	   and spaces, in full width; and stands for one request.
//	D5 Whoever enters too many wrong user codes is refused for a while, also with a
//	   right one, and however many are tried at once; right codes do not count.
//	D6 Nothing stored here is a device code or a user code, nor lets one be tried out
//	   by whoever has the storage and not the secret.
//	D7 What storage could not tell is storage.ErrUnknown: no request is refused for
//	   it, and none approved.
//	D8 After a secret was rotated, codes made under one that is still listed go on
//	   working.
//	D9 A request that nobody answers is gone after its life.
//
// It is a step: the hall calls it, and it calls no other step. It knows no HTTP, and
// not whom a client admits: the hall asks that, when a person approves and again when
// the device fetches its tokens.
package device
