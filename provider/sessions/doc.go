// Package sessions keeps the provider's own session of a browser, so that a
// person who logged in a minute ago gets into the next app without DingTalk. The
// record is `session/<hash of the cookie>`; `ended/<sid>` notes an end, and the set
// `sessions-of/<person>` says whom to tell of it.
//
// Promises:
//
//	E1 Every login gets a new cookie; the one before opens nothing any more.
//	E2 A session ends when it was idle too long, at its absolute end, or when it is
//	   ended; none of these can be undone.
//	E3 What is stored opens nothing: the record holds a hash of the cookie at most.
//	E4 The same person logging in again keeps the `sid`; another person gets a new one.
//	E5 A cookie that is not exactly of our form asks no storage.
//	E6 A session carries the person's epoch; the caller compares it and refuses a
//	   difference.
//	E7 Ending a session is one note, written before the record goes: whoever began
//	   something with the session a moment before finds it. A session that merely ran
//	   out leaves none.
//
// The hall calls it. It knows nothing of HTTP, clients or grants.
package sessions
