// Package admin lets an operator ask a running server for what only it can do: it
// speaks JSON over HTTP on a Unix socket that its own user alone may open. The
// server's side is [Listen] and [Handler], the other is [Client].
//
// Whoever can open the socket may do all that it offers: the file's mode is the only
// lock there is. Nothing secret passes, neither a key nor a token.
//
// Promises:
//
//	A1  The socket appears at its path only when it is complete: mode 0600, and
//	    somebody listens. There is no moment at which another user can open it.
//	A2  A socket that a dead process left is replaced. One at which somebody listens,
//	    and a file that is no socket, is left alone and is an error; of two that
//	    begin at once one is refused.
//	A3  Closing takes the socket away, unless another has come to be in its place.
//	A4  Every call is audited, also one that is not known or fails.
//	A5  A call is bounded in size and time, and one that goes wrong says what to do.
//	A6  Rotate never publishes a key of an algorithm that has one waiting.
//	A7  Who asks stands in the audit trail as the system knows them, where it does, and
//	    never as they say themselves.
//	A8  A call is JSON of its verb's own fields and of no others, once. Else nothing is
//	    done.
//	A9  A sweep may take as long as it takes. Neither a caller that leaves nor a server
//	    that is to end waits for it, and the caller is told that it goes on.
//	A10 Whatever is in the words of a directory or of an error, an answer is text that a
//	    terminal can show.
//	A11 A status is answered within seconds, whatever does not answer in its turn; it holds
//	    no secret and nothing about a person.
//
// Only cmd/dingbridge may import it. To add a verb, add a row to the table in
// verbs.go, its types to wire.go (those of a status to status.go) and a method to [Client].
package admin
