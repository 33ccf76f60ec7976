// Package storagetest proves the promises of package storage on a back end, and
// lends tests of the floors above what they need to prove theirs:
//
//	Run           the promises S1 to S8 as subtests
//	StartRedis, StartSentinel, StartCluster   real servers on loopback
//	StartSentinels, StartReplicated           as they are run in production, to be struck:
//	              killed, paused, cut off, and mended; guarded with TLS and ACL users
//	LossyProxy    cuts a connection after a command took effect
//	Bench         the verbs as benchmarks
//	Count         a Store that counts round trips and notes keys
//	Faulty        a Store that fails where a test says, before or after the effect
//
// It imports no back end and no third party. Tests call it; nothing that goes
// into a binary does.
package storagetest
