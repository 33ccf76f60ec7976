// Command dingbridge lets people log in with DingTalk at apps that speak OpenID
// Connect. It has the command table and the wiring, and decides nothing:
//
//	main.go       the table
//	run.go        from arguments to an exit code
//	serve.go check.go doctor.go health.go demo.go simulate.go client.go keys.go secret.go version.go   a command each
//	clientadd.go clientpreset.go clientgeneric.go clientwhere.go   what client add does, in its forms
//	clientlist.go clientedit.go   the other commands for clients
//	users.go sessions.go policy.go brake.go sweep.go directory.go   those of an administrator
//	status.go memo.go troubles.go statusshow.go   how the server stands: gathered,
//	              remembered, judged, shown
//	asks.go person.go   what they share: asking the server, and how a person is shown
//	gather.go     from config.yaml to open stores and read secrets, all faults at once
//	organisations.go   each organisation's secrets, its client of DingTalk, its ways
//	build.go      from those to a provider
//	events.go     DingTalk's events, and this replica's share of DingTalk's limits
//	explain.go notes.go trial.go   faults in an operator's words; what is odd and no
//	              fault; how check leaves no trace
//	demo_clients.go   the clients of demo
//	admin.go      the admin socket, from config.yaml to either end of it
//	telemetry.go  what measures, and the listener for those who look after the server
//	server.go guests.go garbage.go   listening, limits, draining; how often garbage is collected
//	reload.go watch.go certificate.go rotate.go   what is read again when it changes or at
//	              SIGHUP: the loop, a set of files, the certificate, secrets
//
// Promises:
//
//   - M1: Exit code 0 is success, also after SIGTERM; 1 is a fault, told on standard
//     error; 2 is a wrong command line.
//   - M2: A long-running command prints one line on standard output,
//     `ready issuer=URL`, when it can serve, and nothing else there.
//   - M3: SIGTERM and SIGINT end readiness and the hearing of events. After drain_delay,
//     for whoever asks for readiness, they stop accepting, let what is under way finish
//     within a bound, a sweep aside, then tell the apps of it, close the storage, and
//     exit 0.
//   - M4: check does all that serve does short of listening, and prints every fault
//     that it can find, each with its line and the remedy. It creates nothing that
//     stays.
//   - M5: A certificate, a secret or a file of clients that changes, in whatever way it is
//     written, is taken up without a restart and without a failed request, at SIGHUP
//     too; each as a whole, as it is at one moment. One that is faulty, that DingTalk
//     does not take, or that would leave something sealed for ever, leaves the old in
//     use, and is told in the log and the audit trail. So is what needs a restart.
//   - M6: demo listens on loopback only.
//   - M7: status exits with 0 where nothing is to be looked at, and with 1 where something is,
//     each with its remedy; it asks DingTalk nothing and changes nothing that stays.
package main
