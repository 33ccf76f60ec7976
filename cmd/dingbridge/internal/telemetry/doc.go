// Package telemetry measures the provider from outside: it stands around the store, the
// audit trail, the handler and the calls to DingTalk, which know nothing of it, and serves
// what it counts at a listener of its own. It keeps counters in memory, and of requests
// whose traces are wanted what happened in them, until a collector has it.
//
//	telemetry.go  what it is made of, and what it stands around
//	metrics.go    every metric there is
//	words.go      what a label may say
//	events.go     the audit trail, counted
//	trips.go      the storage, timed
//	calls.go      DingTalk, timed
//	front.go      requests, timed
//	state.go      what is looked at when somebody asks, and each quarter of a minute
//	listener.go   the listener: metrics, health, profiles
//	profiles.go   Go's profiles
//	trail.go      what happened in one request
//	parent.go     traceparent of a trusted proxy
//	export.go     trails to a collector, by OTLP over HTTP
//	lines.go      lines of the log that name their trace
//
// Promises:
//
//	T1  Where neither metrics nor traces are wanted there is no Telemetry, and store, audit
//	    trail, handler and calls stay the very ones that they were.
//	T2  A label says nothing about a person: client ids are those of registered clients, all
//	    other values are words of the program itself, and what is none of them is "other" or
//	    "unknown". So the number of series is bounded, whatever strangers send.
//	T3  What it stands around answers as it would alone: same results, same errors.
//	T4  Each trip to storage and each request to DingTalk is counted by itself, with how it
//	    ended; a repetition is counted as one.
//	T5  All requests of one login bear one trace, whichever replicas answer them, without a
//	    word in storage for it, and are kept or left out together.
//	T6  Only a trusted proxy continues a trace of its own; a traceparent from anybody else, or
//	    one that is not well-formed, is not read.
//	T7  A collector that is away, slow or refuses holds no request up. What waits for it is
//	    bounded; what is lost is counted.
//	T8  No trace holds a person, an address, a key of a record, a code or a token.
//	T9  Profiles are served on loopback alone unless the operator says otherwise, and never
//	    on the default mux. The listener knows its paths and no others.
//	T10 The manual, the dashboard and the alerts name what is really exported, and each alert
//	    has its page.
//	T11 A line of the log that is written in a request whose trace is kept names that trace;
//	    no other line names one.
//
// It is the only room that knows Prometheus and OpenTelemetry. The command's wiring calls it.
package telemetry
