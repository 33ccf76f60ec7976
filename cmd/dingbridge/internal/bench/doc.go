// Command bench measures what a login costs: the program as a release builds it,
// on a real Redis, with DingTalk simulated in a process of its own.
//
//	go run ./cmd/dingbridge/internal/bench                  everything, some quarter of an hour
//	go run ./cmd/dingbridge/internal/bench -only logins -alg ES256 -c 16 -d 3s
//	go run ./cmd/dingbridge/internal/bench -profile cpu.pprof -alg RS256 -c 16   also counts allocations
//	YARDSTICK=DIR go run ./cmd/dingbridge/internal/bench    also, in turns, the bridge in DIR
//
// It needs Linux (/proc), redis-server and the go command, and speaks to loopback
// addresses only. The parts of -only:
//
//	logins     complete, verified logins of many people: throughput, latency by
//	           step, and CPU time per login of each server process
//	endpoints  refresh, userinfo, introspection, JWKS and discovery alone
//	memory     resident set during many logins, and during many that are begun and
//	           abandoned
//	people     resident set and Redis memory with many people known, in departments, and
//	           CPU time and memory of asking about all of them
//	abandoned  resident set and Redis with very many logins begun and abandoned, with the
//	           limits as they are by default and with none, and with pages and errors
//	trips      storage round trips by kind of request, counted on the wire
//	start      time from exec to the line `ready`, with a ring that exists
//	size       size of the binary
//
// The main figure is CPU-ms of the server per login: it hardly depends on how much
// of the machine the generator and the neighbours take. Compare figures of one run
// with each other; never absolute figures of two runs. The log of the server is
// written at its usual level, to /dev/null.
//
// # The yardstick
//
// YARDSTICK names a folder with a Go module `floor` whose command `floor bridge ALG`
// starts a minimal bridge, and prints a line of flags: -issuer URL, and -pid
// NAME=PID for each of its processes, `bridge` and `redis` among them. It takes any
// client. Both are driven by the same load generator in alternating rounds, each
// round with fresh processes, and compared within each round.
//
// # What it promises
//
//	B1  A login counts only if everything in it is right: state and iss of the
//	    answer, signature, algorithm, iss, aud, exp, nonce and at_hash of the ID
//	    token, and the subject at userinfo. All else is an error, which the report
//	    shows and which makes the exit status 1.
//	B2  It dials loopback addresses only.
//	B3  A storage round trip is a turn from request to reply on one connection,
//	    however many commands it carries.
//	B4  What it starts ends with it.
//
// It is no part of the program: nobody imports it, and it imports no other room, so
// that it knows the provider by the wire alone.
package main
