// Package fleet keeps the set of replicas that are alive, `replicas/all`, so that they can
// share what DingTalk grants to all of them together: so many calls of each kind a second
// for one app, whoever makes them.
//
// Promises:
//
//	R1 The shares of all replicas that know of each other sum up to no more than the whole.
//	R2 Whoever starts beside others takes a small share until these have had time to see
//	   it; who finds nobody else takes the whole at once.
//	R3 While storage does not answer nobody's share grows.
//	R4 The share of a replica that has ended or died goes to the others within three beats.
//	R5 Each tells who is there and since when, as storage said last, and since when it does
//	   not; one of the version before counts as one.
//
// Of the whole a tenth is for those who start, a twentieth each, so two of them fit beside the
// others. Where more start within one beat, the sum is above the whole until the others have
// seen them: n beside settled ones have together at most 0.9 + n/20 of it, for a beat (three:
// 1.05, ten: 1.4; TestR1_TheWorstMoment). DingTalk refuses then what is too much, and says so.
// A replica that is alone has nine tenths.
//
// The hall's wiring runs it. It knows nothing of what is shared.
package fleet
