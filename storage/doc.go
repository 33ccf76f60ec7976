// Package storage is the contract between the provider and the place where its
// state lives. It keeps no state itself: [github.com/dingbridge/dingbridge/storage/redis]
// and [github.com/dingbridge/dingbridge/storage/bolt] do, and
// [github.com/dingbridge/dingbridge/storage/storagetest] proves that both keep
// the promises below.
//
// Promises, each proven for every back end:
//
//	S1  Create has one winner, whoever races and however many replicas there are.
//	S2  Swap replaces a value only if it is still the version that was read; one winner.
//	S3  A lost reply is not a conflict: Create and Swap recognise their own write.
//	S4  A value is never returned after its life has ended.
//	S5  What could not be established is ErrUnknown, never "not found" and never success.
//	S6  Together costs one round trip (Redis) or one commit (bolt), and every op in it
//	    has its own result.
//	S7  A set's members expire one by one.
//	S8  What a write reported as done is not lost when the process is killed (bolt: fsync
//	    before the reply; Redis: as durable as its own configuration).
//
// Everything above the ground floor may call it. It knows nothing of grants,
// sessions or OpenID Connect: keys and values are the caller's.
package storage
