// Package simulator is DingTalk for one invented company: the login pages of
// today and of 2020, the QR codes for another page's frame, the script of the
// client, the token endpoints, contact/users/me and the directory, of both API
// families, as strict as DingTalk is documented or was observed to be, and more
// so where that catches a client's mistake. All of DingTalk's hosts are served
// on one address; their paths do not collide. Under /control/ a test steers it.
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
//	M21 The login pages work without script but for the frame's message, escape
//	    all names, and say that they are a simulator.
//	M22 The pages of 2020 check appid, redirect_uri, response_type and scope, and
//	    redirect with code and state alone.
//	M23 getuserinfo_bycode asks, in this order, for the form of the time (853001),
//	    a minute's skew (853002), the key (853003), the signature (853004), a JSON
//	    body (43009), a code (41026), and one that lives (40078), all plain.
//	M24 Each app has openIds of its own and exchanges its own codes only; the
//	    unionId is the same for all.
//	M25 The frame posts its result to the origin of redirect_uri alone, in the
//	    documented shapes; a fault varies it.
//	M26 The old frame posts a loginTmpCode, which sns_authorize takes once.
//	M27 getuserinfo takes codes of the JSAPI only, and they serve nowhere else.
//	M28 The JSAPI gives codes in the client only, to pages of registered origins,
//	    for the right corp and app, and needs no connection and no modern engine.
//	M29 A variant, where sources contradict, is chosen by the company's file or by
//	    control, and the default holds otherwise.
//	M30 Two simulators in one process share nothing.
//	M31 Answers are dated by the simulated clock.
//	M32 The gateway of Stream mode takes JSON and the app's credentials, answers
//	    XML to who does not ask for JSON, and gives a ticket that opens one
//	    websocket within 90 seconds of the simulated clock.
//	M33 An event is a frame of string headers with JSON in a string, sent to one
//	    connection chosen at random, and again, as another message of the same
//	    eventId, until it is acknowledged.
//	M34 Each answer of a client is checked, and the wrong ones are told of.
//	M35 A ping wants its data back; a disconnect frame is followed by silence and
//	    then by the end of TCP; a connection can be killed, or be open and dead.
//	M36 What changes in the directory raises the event that DingTalk documents, and
//	    nothing where it documents none.
//	M37 Events while nobody is connected are kept, 1000 of them, or lost, as the
//	    variant says; injected ones need not be true, and 10,000 are quickly through.
//	M38 A userid may be given to another person once its owner has left, who keeps
//	    account and unionId as an outsider.
//	M39 A migrated account has another unionId, and the migration API tells the old.
//	M40 As an empty directory it knows nobody, and logins go on.
//	M41 A company of 50,000 people in 500 departments costs little memory and time.
//	M42 The limit counts each call in seconds of the clock, and the highest rate of
//	    each call is told.
//	M43 Close ends all connections of Stream mode at once.
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
//   - The old API takes a body without Content-Type for JSON, as clients that
//     were in use sent it.
//   - Who refuses on a page of 2020 ends there; the app is told nothing.
//   - A scan app has no permissions; the internal app needs snsapi_base.
//   - In the frame a refusal is success with error in redirectUrl; a scope with
//     corpid but without org_type and the right corpId is errorCode 40035.
//   - A code of the JSAPI is also given to an outsider (see [Config.RefuseOutsiders]);
//     getuserinfo then answers 60121. It answers for external contacts, disabled
//     accounts and people out of range, whom the directory gives away.
//   - Outside the client dd calls no callback and its promise fails, as DingTalk's
//     own script was seen to do; dd.ready is never called there.
//   - A ticket that is not good is 401 in plain text; a subscription that is not as
//     documented is 400 invalidParameter.param.invalid. The names of the elements of
//     an answer in XML are invented.
//   - An event comes again for as long as it is not acknowledged; one that was sent to
//     a connection which has died comes again no sooner than any other.
//   - An answer after 3 seconds counts, and is told of; so does one to a message that
//     has since been sent again.
//   - Roles that are taken away are label_user_change with the action remove.
//     Only employees are in events about people; external contacts are not.
//   - hiredDate in diffInfo is a number.
//   - Who is migrated has another openId too, and an enterprise account; his tokens die.
//   - An unknown unionId is invalid.unionId to the migration API, one that is not of a
//     migrated account illegal.migration.unionId.
//   - An origin counts as a page's domain. A client older than 7.0.45 (desktop
//     7.0.50) does not know dd.requestAuthCode.
//
// # Variants
//
// Where sources contradict one another a variant chooses. The first value holds
// unless the company's variants or the control says otherwise.
//
//	sns_signature  timestamp                 the signed text is the time alone
//	               timestamp-newline-secret  the time, a line feed and the secret
//	sns_callers    any                       every app may call getuserinfo_bycode
//	               scan-app                  only a scan app; another is 853003
//	sns_refusal    page                      a refusal ends on DingTalk's page
//	               redirect                  it redirects with error and state
//	bearer         refused                   Authorization: Bearer is no token
//	               accepted                  it is one on the new API
//	redirect_code  both                      code and authCode, equal
//	               authCode, code            that one alone
//	prompt         required                  without prompt=consent an error page
//	               optional                  it may be left out of a full page
//	scope_plus     accepted                  openid%2Bcorpid is two scopes
//	               refused                   it is one, and unknown
//	client         dingtalk                  User-Agent tells DingTalk's client
//	               any                       every browser passes for it
//	events         kept                      those raised while nobody is connected come later
//	               lost                      they do not
//	               off                       nothing here raises any
//	directory      full                      the directory knows its people
//	               empty                     it knows nobody, as that of another organisation
//	event_topic    star                      the header topic of events is *
//	               dingTalk                  it is that
//
// # Faults of pages and of the script
//
// refuse, outsider-page, authCode-only, code-only, differ, wrong-state, no-state,
// doubled and twice vary the end of a login page, and in a frame the message;
// frame-error, frame-silent, frame-foreign-url and frame-string only the message.
// jsapi-fail, jsapi-silent, jsapi-throws, jsapi-old and jsapi-wrong-code vary what
// the script does when it is asked; they are spent when it is loaded.
//
// # The controls
//
// All bodies are strict JSON. A Go method of [Simulator] equals each verb.
//
//	POST   /control/as {"userid"}                  who approves: a userid, "any", "" = ask
//	POST   /control/client {"userid"}              who is logged in to the client: "" = the first employee
//	GET    /control/variants, PATCH /control/variants {"bearer":"accepted", ...}
//	GET    /control/people[/{userid}]
//	PATCH  /control/people/{userid} {...}          any member of [Person]; an empty value clears
//	POST   /control/people {...}                   hires; the userid may be that of somebody who left
//	POST   /control/people/{userid}/leave, /return
//	POST   /control/people/{userid}/migrate {"unionid"}
//	GET    /control/departments, POST /control/departments {"id","name","parent","managers"}
//	PATCH  /control/departments/{id} {...}, DELETE /control/departments/{id}
//	POST   /control/grow {"people","departments"}  invented ones, for load tests, without events
//	GET    /control/app, PATCH /control/app {...}  any member of [App] but the credentials
//	GET    /control/stream                         connections, and what became of events
//	POST   /control/stream {"action","connection"} disconnect, kill, ping, silence,
//	                                               system (with "topic", "data"), raw (with "data")
//	POST   /control/stream {"redeliver","drain","ping_every"}
//	POST   /control/events {"eventType","corpId","eventId","data","count","age"}
//	GET    /control/events                         the last 1000 and what became of them
//	POST   /control/outsiders {"refuse"}           stop outsiders at the login page
//	POST   /control/faults {"call","kind","count","delay","status","code","message","value"}
//	GET    /control/faults, DELETE /control/faults
//	POST   /control/clock {"advance":"90s"}, GET /control/clock
//	GET    /control/log[?call=NAME&since=SEQ]
//	POST   /control/log {"keep"}                   0 = 1000 calls, -1 = none
//	GET    /control/rates, DELETE /control/rates   calls of each API, and the most in a second
//	DELETE /control/tokens                         forget all tokens
//	POST   /control/reset
//
// # Who may call it
//
// The demo and simulator commands, and tests. It imports nothing of this
// module, and package dingtalk and it never see each other, so that a
// misreading of DingTalk cannot hide in both.
package simulator
