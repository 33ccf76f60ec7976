// Package sessions keeps the provider's own session of a browser, so that a
// person who logged in a minute ago gets into the next app without DingTalk. The
// record is `session/<hash of the cookie>`; `ended/<sid>` notes an end, the set
// `sessions-of/<person>` says whom to tell of it, and the set `browsers-of/<person>`
// which sessions there are.
//
// Promises:
//
//	E1 Every login gets a new cookie; the one before opens nothing any more.
//	E2 A session ends when it was idle too long, at its absolute end, or when it is
//	   ended; none of these can be undone.
//	E3 What is stored opens nothing: the record holds a hash of the cookie at most.
//	E4 The same person logging in again keeps the `sid`; another person, and one whose
//	   epoch is another by now, gets a new one.
//	E5 A cookie that is not exactly of our form asks no storage.
//	E6 A session carries the person's epoch; the caller compares it and refuses a
//	   difference.
//	E7 Ending a session is one note, written before the record goes: whoever began
//	   something with the session a moment before finds it. A session that merely ran
//	   out leaves none.
//	E8 A person's list has every session of theirs that lives, newest first, and none
//	   that was ended or ran out, none twice, and nobody else's; it is cut, and says so,
//	   rather than long. No decision rests on it.
//	E9 Of browser and place a record holds a few short words, and a record from before
//	   there were any is read as ever.
//
// The hall calls it. It knows nothing of HTTP, clients or grants.
package sessions
