// Package dingtalk is the upstream: it sends people to DingTalk's login page,
// learns from DingTalk who came back, and asks the organisation's own directory
// whether that person belongs to it. It keeps one thing, the app's access token,
// and that in memory only. It knows nothing of OpenID Connect.
//
// A login is two questions. The first turns a code into "who scanned"; anybody with a
// DingTalk account gets that far. [Client.Member] then asks the directory, with the
// app's own token, and only its answer says that the person is one of ours.
//
// There are four ways in and three kinds of code, each with a first question of its own:
//
//	the login page             AuthorizeURL            Account       oauth2.go
//	a frame in our own page    FrameURL                Account       oauth2.go
//	the pages of 2020 (sns)    ScanURL, PasswordURL    ScanAccount   sns.go
//	DingTalk's own client      no page                 InAppAccount  inapp.go
//
// Between logins, of people already known: [Client.Lookup] asks whether a userId is still
// somebody's, [Client.Parents] for the departments above the person's own,
// [Client.Leavers] for records of who left, [Client.Anybody] for one yes at all, and
// [Client.FormerUnionID] who an account was. None of them admits anybody.
//
// Promises:
//
//	U1  A Member comes only from positive answers of the organisation's own directory,
//	    given in that very call, that agree with each other and with what was asked:
//	    an employee, not an external contact, not disabled, same unionId, same userId.
//	    [Client.Lookup] has one answer only, about a userId, and is for no login.
//	U2  Nothing unknown is success. An answer with a field missing, retyped, doubled or
//	    in other letters, a body that is not what the call promises, a status or code
//	    not understood: each is an Error, and none falls back to a weaker source.
//	U3  No secret, token or code of this package is ever in an error, a log line or the
//	    printed form of a value, though DingTalk's old API wants them in URLs.
//	U4  At most one fetch of the app token is in flight. All who need it share it, it is
//	    renewed before it ends without anybody waiting, and a token that DingTalk calls
//	    invalid costs one fetch and one repetition, never a loop.
//	U5  Repeated is only what is safe to repeat, and once: reads, and the fetch of the
//	    app token (net/http may in addition replace a kept connection that turns out
//	    dead). A code is sent at most once; if the reply is lost, the answer is
//	    ReasonUnavailable. The one exception: a plain word of the gateway that the app's
//	    token is bad. The code has then not been looked at, and goes out with the next.
//	U6  Every call is bounded: in time, in the size of the answer, in the number of
//	    requests. No redirect is followed and no proxy used that was not configured.
//	U7  [Error.Gone] is true only where the directory said so, plainly. A fault, a limit,
//	    a permission or an odd answer throws nobody out.
//	U8  The account's personal e-mail address and telephone number, which its owner can
//	    set at will, are never read; a masked number is no number.
//	U9  A signature is made for the moment it is sent in, over the milliseconds alone, and
//	    encoded once. If DingTalk finds our clock wrong, that is ReasonClock, with the
//	    difference as its answer shows it; nothing is sent again, and no clock is bent.
//	U10 The kinds of codes are kept apart: each goes to one endpoint, and no refusal there
//	    makes another be tried. The organisation is always the app's; nothing that a
//	    browser says can name it.
//	U11 Of no call are more requests sent in any second than [Client.Pace] allows,
//	    repetitions and the fetch of the app's token among them. Somebody who waits goes
//	    before what runs in the background, and that before a sweep. Nobody waits longer
//	    than his lane's patience; what finds no room is not sent, and says so.
//	U12 The departments above a person are whole chains up to the root, each department
//	    in one once, or an Error: nobody's groups are made of half an answer.
//	U13 A secret is replaced only by one that DingTalk has just taken. Until then, and
//	    after every refusal, the one in use stays.
//
// Two families of DingTalk's API meet here, the new one (newapi.go) and the old one
// (oldapi.go), each with its own shape of success and failure. Both end in the same
// [Error], whose [Reason] is what the caller acts on.
//
// The wiring and the login step may call this package. The simulator beside it shares
// no line with it, so that a misreading cannot hide in both.
package dingtalk
