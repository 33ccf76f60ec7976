// Package systemtest holds tests of the built program, and nothing else: it starts
// real processes (dingbridge serve, dingbridge simulator, dingbridge demo, and
// redis-server, Chromium, Node, Apache and Ruby where there are any), speaks with them
// over HTTP as browsers and apps do, and kills them.
//
//	build_test.go process_test.go   the program, built once, as processes
//	world_test.go                   a simulator, configuration, and serve processes on one storage
//	person_test.go app_test.go      a browser without a screen; an app's calls
//	viewer_test.go fits_test.go     a person with a device, who notes whatever goes wrong
//	stage_test.go                   two organisations, their ways, and apps for both
//	balancer_test.go                what stands in front of several processes
//	parties_test.go                 models of other people's apps, by how they find accounts
//	proxies_test.go                 what deploy/proxy says, before the provider
//	example_test.go                 what deploy/examples says, as an operator has it in the end
//	walk_test.go                    what docs/walk.md says, by somebody who does it
//
// What they prove:
//
//   - E1: Relying parties that nobody here wrote complete login, refresh, userinfo,
//     introspection and revocation, on Redis and on bolt.
//   - E2: One code shown many times at once to several processes opens once, and the
//     reuse ends what it opened. A refresh token within its leeway gives every rival
//     the same successor, and after it ends the family.
//   - E3: After kill -9 of the provider or of Redis at any point no code and no refresh
//     token works twice, and no finished login is lost.
//   - E4: Nothing in a dump of the storage, and nothing in the logs, opens anything or
//     tells a name or a number in clear.
//   - E5: The keys of a full run are those of docs/state.md.
//   - E6: The demo works in a real browser, on a desktop and on a phone.
//   - E7: A storage that is away, oversized or endless requests, and a stop with
//     requests under way each have their defined end.
//   - E8: Who may not enter gets no code, a page that says why, and an audit event.
//   - E9: Apps of others, configured as deploy/examples says, log people in, out and in
//     again. A logout in one app ends the session in the other, of this browser alone.
//   - E10: A logout in one app is told to the others of that session, before a stop of
//     the program too. Receivers that hang, redirect, fail or have a forbidden address
//     hurt nobody, and the audit trail says what became of them.
//   - E11: Each way leads from an app to the nick and out again, on desktop, phone and
//     in each client of DingTalk, in a real browser: with the keys alone on our pages,
//     nothing in the console, nothing that a policy forbids, nothing loaded from
//     elsewhere, nothing that moves, is cut off or is hard to read.
//   - E13: Whatever goes wrong on a way, the person comes in by another: DingTalk's
//     script missing, slow, silent or refusing; the frame refusing, saying a thing
//     twice, or too old. What was chosen, language and organisation, stays chosen.
//   - E14: DingTalk clients that nobody here wrote, with the bytes that their registries
//     deliver, complete each its login at the simulator under DingTalk's own names: of
//     2020 with the signature, of today, and inside the client.
//   - E15: DingTalk's own module of its client's script works in our page inside the
//     client, under its policy; where the client refuses or is none, the full page follows.
//   - E17: Who has no e-mail address has a working account, or a page that says why not.
//     Namesakes are people of their own at every app, whatever it finds accounts by. Of a
//     leaver nothing lives on; a newcomer who is given their userid, name, address and
//     number opens none of their accounts; who returns is who they were. An outsider gets
//     nothing, and nothing is made.
//   - E18: In a storm of ten thousand events, out of order, replayed, forged and wrong, the
//     one real leaver among them is out and nobody else is, people log in, DingTalk's limit
//     holds for all replicas together, and memory is bounded.
//   - E19: While the directory is empty, another organisation's, forbidden, narrowed, away or
//     an hour off, nobody is removed, and what could have thrown people out is told as an
//     error. Of more leavers than the brake lets go as many go, and the others when an
//     administrator says that it is so.
//   - E20: Who leaves is out at every replica, by DingTalk's event or without, and the
//     apps are told. How fast, it prints.
//   - E21: While three replicas are restarted one after the other, or become another
//     build of the program and back, everybody who logs in or refreshes gets what they
//     asked for, behind a balancer that asks for readiness.
//   - E22: While primaries of a Redis of many are killed, paused and cut off in turn, every
//     login at three replicas ends well or is asked to try again and ends well then. What
//     an attacker shows again afterwards opens nothing; where writes are lost it is counted
//     (DINGBRIDGE_LONG=1: 2,000 logins on Sentinel and on Cluster).
//   - E23: All that works with the user of deploy/redis, who may do nothing else.
//   - E40: In a soak of mixed traffic memory, goroutines, open files and the storage's keys
//     stay as they are (DINGBRIDGE_SOAK=30m).
//   - E30: From SIGTERM on a process that is watched says that it is not ready, and serves
//     on for drain_delay, logins too.
//   - E31: Through nginx and Caddy, configured as deploy/proxy says, people log in; the
//     address in the audit trail is theirs whatever they claim, and no query is logged.
//   - E25: What `client add PRESET` prints logs people in, as it stands, at the apps and
//     libraries that can be had here.
//   - E50: Clients change while they are used: in place, by rename, by the swap of a volume,
//     many at once, at SIGHUP. A fault changes nothing, wherever it is told; nobody who
//     logs in meanwhile notices.
//   - E51: A client's secret, the provider's own and that of DingTalk's app are changed
//     without a restart and without a failed request, and what is still needed is kept.
//   - E52: Thousands of clients are replaced under load. No request fails; time and memory
//     are printed.
//   - E60: A newcomer with a clean clone who does what docs/walk.md says, to the letter, gets
//     to logins at two apps, one of them refused, and everything else that it says. How long
//     each step takes is printed.
//
// SCREENSHOTS=DIR go test -run TestScreenshots puts pictures of every page there.
// The long proofs run in half, with DINGBRIDGE_LONG=1 whole, with -short a tenth. Under the
// race detector the program is built with it too. Nobody imports this package.
package systemtest
