// Package conformance holds one test for each module of the five plans of the OpenID
// Foundation's conformance suite that this provider is held to, and nothing else. It
// starts the built program, as an operator would, beside a simulated DingTalk, and
// speaks with it over https as the suite does: as a browser without script and as an
// app that is a second reading of the standards.
//
//	TestBasic               oidcc-basic-certification-test-plan                     38 modules
//	TestConfig              oidcc-config-certification-test-plan                     1
//	TestFormPostBasic       oidcc-formpost-basic-certification-test-plan            38, the same by form_post
//	TestRPInitiatedLogout   oidcc-rp-initiated-logout-certification-test-plan       11
//	TestBackChannelLogout   oidcc-backchannel-rp-initiated-logout-certification-test-plan   2
//
// Each module is a subtest of its own name, so TestBasic/oidcc-prompt-login is where
// to look for it, and fails where the suite would fail or warn. A warning that is
// accepted stands with its reason in one table, in verdict_test.go. Where the suite
// would skip a module, the test proves the reason for which it does.
//
//	plans_test.go        every plan and module, with the standard's section
//	verdict_test.go      failure, warning, skip, and which warnings are accepted
//	flow_test.go ...     what the modules do
//	checks_*_test.go     what the suite calls conditions, under its names for them
//	jose_test.go         JSON Web Tokens and keys, read by crypto alone
//	browser_test.go      cookies, redirects and forms
//	house_test.go process_test.go   the program, the simulator, certificate and clients
//
// What it proves:
//
//   - Q1: No module of the five plans is missing.
//   - Q2: The app's side shares no code with the provider.
//
// Nobody imports this package.
package conformance
