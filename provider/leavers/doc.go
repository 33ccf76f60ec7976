// Package leavers finds out who has left: by DingTalk's events, which are hints and no more,
// and by asking about everybody in turn. It keeps hints in memory while they are under way,
// and `sweep/<corp>` so that one replica sweeps at a time.
//
//	hints.go   what came in and has not been looked into
//	worker.go  one hint: who is meant, and what the directory says of them now
//	sweep.go   everybody in turn, and catching up on what happened while nobody listened
//	lease.go   whose turn it is to sweep (no directory in it)
//	status.go  how far it is, for whoever asks
//
// Promises:
//
//	V1 A hint changes nothing: the person is read again, directly, and what the directory
//	   says then is all that counts.
//	V2 A hint that came while the same person was being asked about is not taken for
//	   answered: they are asked about once more.
//	V3 What is held is bounded. A hint for which there is no room is refused, so that it is
//	   delivered again, and a sweep makes good for what is lost. Those of one organisation
//	   keep none of another's waiting.
//	V4 Hints about one person that wait are one hint. One of an organisation that is not
//	   ours, or about people whom we do not know, costs DingTalk no call.
//	V5 At most one replica sweeps an organisation at a time, unless an administrator orders
//	   it; a sweep that was cut off is taken up where it was. While the directory can decide
//	   about nobody it is asked about few, and seldom.
//	V6 Nobody is removed because a list lacks them.
//
// It is a step: the hall calls it, and it calls no other step. It knows no HTTP.
package leavers
