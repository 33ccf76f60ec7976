// Package stream hears from DingTalk that somebody left, joined or changed: it is our
// client of DingTalk's Stream mode, a websocket that we open, so that no address of
// ours need be public. It keeps nothing but what is under way, and the ids of the
// latest events, in memory only.
//
// An [Event] is a hint and no more. It may come twice, late, in any order or not at
// all, and what it says is not proof: who gets one asks the directory. What is missed
// while no connection stands, nobody sends again; [Config].Connected is the moment to
// look for oneself.
//
//	client.go   the client, its status
//	config.go   what it needs
//	run.go      the one loop: connect, wait, connect again
//	backoff.go  how long it waits, and what it then says
//	open.go     the gateway: credentials for an address and a ticket
//	dial.go     address and ticket for a connection
//	probe.go    whether there could be one
//	session.go  one connection: reading, keep-alive, its end
//	dispatch.go what is done with a frame
//	handle.go   an event, from its frame to its answer
//	frame.go    a frame as DingTalk writes it
//	event.go    an event in it
//	json.go     the members of an object
//	answer.go   what is said in return
//	memory.go   which events have been handled
//	clean.go    what may stand in a log
//
// Promises:
//
//	W1  Handle is given events of the configured organisation only. One that names
//	    another, or none, is answered, counted and told to Observe, and that is all.
//	W2  No bytes of the server end the program, nor, short of a broken connection or an
//	    endless frame, the connection. What is not understood is counted; what is too
//	    large is passed over; what is kept of a frame is bounded, and so is the number
//	    of those that are kept.
//	W3  An event is answered within three seconds of coming. SUCCESS is said when Handle
//	    has returned true, for it or for an earlier delivery, and where another delivery
//	    would not help (W1, and an event that cannot be read); else LATER, for DingTalk
//	    to deliver it again.
//	W4  An event that was handled is not handled again while it is among the latest ten
//	    thousand, on whichever connection it comes, and none is handled twice at once.
//	W5  Reading never waits for Handle. At most eight run at once, some more events wait
//	    for their turn, and all else is answered LATER at once; DingTalk's pings are
//	    answered meanwhile.
//	W6  There is one loop that connects, and it gets a new ticket for each attempt. Told
//	    to move, it connects anew at once and lets the old connection end by itself, for
//	    ten seconds. Attempts that fail, and connections that live shortly, whoever ends
//	    them, are followed by ever longer waits, up to a minute.
//	W7  A connection on which nothing comes, though it be open and answer our pings, is
//	    given up; so is one that does not answer them.
//	W8  The gateway and the handshake are bounded in time and in what is read of them.
//	    No redirect is followed, no proxy used that was not configured, and nothing
//	    sent without TLS, but on loopback.
//	W9  The app's secret and the ticket are in no error, log line, status or printed
//	    form of a value, whatever the server repeats of them.
//	W10 Connected is called once for each connection, when events may come by it. Run
//	    returns when its context has ended and all that it started is over; events
//	    under way are then answered LATER, for another replica.
//
// The wiring may call this package. The simulator shares no line with it.
package stream
