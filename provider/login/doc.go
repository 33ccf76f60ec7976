// Package login keeps a login that is under way: from the moment a client sends a
// browser to us until that browser is sent back with a code. It owns the records
// `login/<id>` and `claim/<id>.<attempt>`, the state that travels through DingTalk,
// and the cookie value that ties both to one browser.
//
// Promises:
//
//	L1 A login begun in one browser cannot be finished in another; that is checked
//	   before storage or DingTalk is asked.
//	L2 One answer of DingTalk is worked on once, whoever races for it.
//	L3 The same answer shown again by the same browser, within a minute, leads to the
//	   same end; another answer for the same attempt is refused.
//	L4 When DingTalk could not be asked, the login is not lost: it goes back to pending
//	   under a new state, and the old one is worth nothing.
//	L5 No state, cookie or code of DingTalk can be read out of what is stored.
//	L6 A login that nobody finishes is gone after its life, and its size is bounded.
//	L7 A state names the way in and the organisation that it was made for. What comes
//	   back with it is an answer by that way, of that organisation, and of no other.
//
// It is a step: the hall calls it, and it calls no other step. It knows no HTTP.
package login
