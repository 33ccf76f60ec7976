// Package bolt is the [storage.Store] in one file, for a provider of one process.
// It is the only package that knows bbolt. It keeps the promises S1 to S8 of
// package storage; those of its own are:
//
//	B1  What was answered is on the disk: a write is answered after fsync.
//	B2  Many writers share one commit; nobody waits for a timer.
//	B3  One process: a second Open of the file is refused, and the error says what
//	    to do instead.
//	B4  What has ended is removed by and by, in small steps, so that the file does
//	    not grow with logins that were abandoned.
//	B5  After Close, and after its context has ended, an op is ErrUnknown.
//
// The wiring in cmd opens it; everybody else sees a storage.Store.
//
// # The file
//
// Three buckets. "value": key → end, Version, payload. "member": key and member →
// end. "end": end, bucket, key of there → nothing; it finds what has ended
// without a look at what has not. An end is 8 bytes, nanoseconds since 1970,
// most significant first; all ones is "without end" and not in the third bucket.
package bolt
