// Package secret keeps the provider's own secret, the lines of secret_file, and
// makes everything that is derived from it: the MAC under which codes, refresh
// tokens, access tokens and state travel ([Tokens]), the encryption of records
// at rest ([Sealer]) and deterministic values nobody else can compute
// ([List.Derive]). Keys for different purposes are independent (HKDF, RFC 5869).
//
// The file has one secret a line. The first issues, all accept; so a new secret
// is appended on every replica, then moved to the top, and the old one is
// removed once the last value it issued has ended. Every value names its secret
// by an [ID]. None of these steps needs a restart: [List.Replace].
//
// Promises:
//
//	X1  Open accepts only what Issue made, for the same purpose, under a secret
//	    of the list.
//	X2  A token has one spelling: no padding, no line break, no loose bit and no
//	    other alphabet is accepted.
//	X3  Whatever is wrong, Open says ErrInvalid and nothing else, and compares the
//	    MAC in constant time.
//	X4  The first secret issues and all accept; a value says which one made it;
//	    removing a secret ends what it made.
//	X5  A sealed value opens only for its purpose and its context, and nothing of
//	    it reads in clear.
//	X6  Derive is deterministic and never gives one value for two different lists
//	    of parts; DeriveAll gives what it would under each secret.
//	X7  A weak, doubled or misspelt line stops Parse; the fault names the line and
//	    the remedy, never the secret.
//	X8  Nothing here can be printed or logged into giving a secret away.
//	X9  Everything here may be used by any number of goroutines at once.
//	X10 Replace changes a list and all that was made of it at once: each call sees the
//	    old lines or the new, never some of both, and every call that begins after
//	    Replace has returned sees the new.
//
// It needs the standard library alone. Any package from the ring of signing
// keys up may call it; it knows nothing of storage or OpenID Connect.
package secret
