// Package fleet keeps the set of replicas that are alive, `replicas/all`, so that they can
// share what DingTalk grants to all of them together: so many calls of each kind a second
// for one app, whoever makes them.
//
// Promises:
//
//	R1 The shares of all replicas that know of each other sum up to no more than the whole.
//	R2 Whoever starts takes a small share until the others have had time to see it.
//	R3 While storage does not answer nobody's share grows.
//	R4 The share of a replica that has ended or died goes to the others within three beats.
//
// The hall's wiring runs it. It knows nothing of what is shared.
package fleet
