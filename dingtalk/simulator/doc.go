// Package simulator is DingTalk for one invented company: the login page, the
// token endpoints, contact/users/me and the directory, of both API families,
// as strict as DingTalk is documented or was observed to be, and more so where
// that catches a client's mistake. All of DingTalk's three hosts are served on
// one address; their paths do not collide. Under /control/ a test steers it.
// It keeps everything in memory and is for tests and demonstrations only.
//
// # What it promises
//
//	M1  A code is taken once, under any race, within five minutes, and only by
//	    the exchange of its kind.
//	M2  The login page checks client_id, redirect_uri, response_type, scope and
//	    prompt, and on a fault shows a page: it redirects to registered URLs only.
//	M3  Approval redirects with code, authCode (equal) and state; a fault varies it.
//	M4  Refusal redirects with error and state, and without a code.
//	M5  userAccessToken takes a JSON body in camel case only, and tells corpId
//	    only when the scope had corpid.
//	M6  The app token is the same on repeated fetch, by whichever of the three
//	    endpoints, its life extended; it serves both families and dies at its end.
//	M7  The old API always answers 200: token, permission, address and pace
//	    errors of /topapi in the 88 wrapper with a string sub_code, business
//	    errors plain, errors outside /topapi plain and without request_id.
//	M8  The new API answers 400 for bad tokens, 403 for permission, address and
//	    pace, 404 for unknown paths.
//	M9  A user token is refused where an app token is needed, and the reverse.
//	M10 contact/users/me has the documented members; mobile only with its
//	    permission, no @dingtalk.com mail.
//	M11 v2/user/get has the documented members and types, drops those without
//	    field permission, and answers 60121 and 50002 as documented.
//	M12 Departments, roles, leave records and auth/scopes have the documented
//	    shapes and limits.
//	M13 A fault strikes the calls named, as often as asked, and no other.
//	M14 The clock moves by control only forward, and codes and tokens age by it.
//	M15 /control/ serves this machine only: no other address, proxy or web page.
//	M16 The call log holds every call, bounded, without secrets, tokens or codes.
//	M17 Memory is bounded: expired codes go, tokens are bounded by the people.
//	M18 A company file is decoded strictly; all its faults are told at once, with
//	    their lines.
//	M19 As [Anyone], logins are approved by one person after the other.
//	M20 Reset restores what New made, and keeps added redirect URLs.
//	M21 The login page works without script, escapes all names, and says that
//	    it is a simulator.
//
// # Choices where DingTalk is undocumented
//
//   - A refusal's error value is access_denied; its error page is answered 400.
//   - A missing member of a new-API body is 400 "Missing<member>",
//     "<member> is mandatory for this action.".
//   - A person who is not in the organisation is let through to the relying
//     party (DingTalk stops him with 11055 for internal apps): see
//     [Config.RefuseOutsiders].
//   - v2/user/get answers for an external contact, so that only contact_type
//     gives him away.
//   - One person has one user token at a time (per choice of corpid), and a
//     new login gives the same one and extends it.
//   - The IP allowlist applies to calls with the app token.
//
// # The controls
//
// All bodies are strict JSON. A Go method of [Simulator] equals each verb.
//
//	POST   /control/as {"userid"}                  who approves: a userid, "any", "" = ask
//	GET    /control/people[/{userid}]
//	PATCH  /control/people/{userid} {...}          any member of [Person]; an empty value clears
//	POST   /control/people/{userid}/leave, /return
//	POST   /control/grow {"count"}                 invented members, for load tests
//	GET    /control/app, PATCH /control/app {...}  any member of [App] but the credentials
//	POST   /control/outsiders {"refuse"}           stop outsiders at the login page
//	POST   /control/faults {"call","kind","count","delay","status","code","message","value"}
//	GET    /control/faults, DELETE /control/faults
//	POST   /control/clock {"advance":"90s"}, GET /control/clock
//	GET    /control/log[?call=NAME&since=SEQ]
//	POST   /control/log {"keep"}                   0 = 1000 calls, -1 = none
//	DELETE /control/tokens                         forget all tokens
//	POST   /control/reset
//
// # Who may call it
//
// The demo and simulator commands, and tests. It imports nothing of this
// module, and package dingtalk and it never see each other, so that a
// misreading of DingTalk cannot hide in both.
package simulator
