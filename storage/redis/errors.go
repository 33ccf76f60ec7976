package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

// A verdict is what a driver error means to us.
type verdict struct {
	reason  string // fixed text: the driver's may hold addresses or an ACL user
	retry   bool   // asking again may help
	applied bool   // the command may have taken effect
}

func judge(err error) verdict {
	// A dial error means that nothing was sent, even when it is a time-out.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return verdict{reason: cannotConnect, retry: true}
	}
	if u, ok := errors.AsType[*undialed](err); ok {
		return verdict{reason: u.reason, retry: true}
	}
	switch {
	case errors.Is(err, errReplica):
		return verdict{reason: readOnly, retry: true}
	case errors.Is(err, goredis.Nil): // in a wrapper, so it is Sentinel's
		return verdict{reason: "sentinel knows no master of that name"}
	case isTLS(err):
		return verdict{reason: tlsFailed, applied: true}
	case errors.Is(err, goredis.ErrClosed):
		return verdict{reason: "store is closed"}
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrPoolExhausted):
		return verdict{reason: "all connections busy"}
	case errors.Is(err, context.Canceled):
		return verdict{reason: "context canceled", applied: true}
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{reason: contextEnded, applied: true}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return verdict{reason: noAnswer, retry: true, applied: true}
	}
	if _, ok := errors.AsType[goredis.Error](err); ok {
		return judgeReply(err)
	}
	return verdict{reason: connectionLost, retry: true, applied: true}
}

// judgeReply judges an error that the server itself answered: the command did
// nothing.
func judgeReply(err error) verdict {
	_, moved := goredis.IsMovedError(err)
	_, ask := goredis.IsAskError(err)
	switch {
	case goredis.IsLoadingError(err):
		return verdict{reason: "server is loading its data", retry: true}
	case goredis.IsReadOnlyError(err):
		return verdict{reason: readOnly, retry: true}
	case goredis.IsMasterDownError(err):
		return verdict{reason: "replica without its primary", retry: true}
	case goredis.IsClusterDownError(err):
		return verdict{reason: "cluster is down", retry: true}
	case goredis.IsTryAgainError(err), moved, ask:
		return verdict{reason: "slot is moving", retry: true}
	case goredis.IsMaxClientsError(err):
		return verdict{reason: "server has too many clients", retry: true}
	case goredis.HasErrorPrefix(err, "BUSY"):
		return verdict{reason: "server is busy with a script", retry: true}
	case goredis.IsNoReplicasError(err):
		return verdict{reason: fewReplicas}
	case goredis.IsOOMError(err):
		return verdict{reason: "server is out of memory"}
	case goredis.IsAuthError(err):
		return verdict{reason: refused}
	case goredis.IsPermissionError(err):
		return verdict{reason: notAllowed}
	case goredis.HasErrorPrefix(err, "WRONGTYPE"), goredis.HasErrorPrefix(err, "STRANGE"):
		return verdict{reason: strange}
	case goredis.HasErrorPrefix(err, "MISCONF"):
		return verdict{reason: "server cannot persist and refuses writes"}
	}
	return verdict{reason: "server refused the command"}
}

// Reasons that are asked for elsewhere.
const (
	cannotConnect  = "cannot connect"
	tlsFailed      = "TLS handshake failed"
	noAnswer       = "no answer in time"
	connectionLost = "connection lost"
	contextEnded   = "context deadline exceeded"
	refused        = "user or password refused"
	notAllowed     = "user may not do this"
	readOnly       = "server is a read-only replica"
	fewReplicas    = "not enough replicas"
	strange        = "what is stored there is not ours"
)

// An Outage is an outcome that could not be established: a [storage.ErrUnknown]
// that says why. It holds no address, user or password.
type Outage struct {
	Reason string // in words, such as "server is out of memory"
	verb   storage.Verb
	cause  error // a context's error or nil: the driver's may tell an address
}

// Refused tells whether the server refused the user or password: asking again will
// not help.
func (o *Outage) Refused() bool { return o.Reason == refused }

// Unreached tells whether no server answered.
func (o *Outage) Unreached() bool {
	return slices.Contains([]string{cannotConnect, tlsFailed, noAnswer, connectionLost, contextEnded}, o.Reason)
}

func (o *Outage) Error() string {
	text := fmt.Sprintf("redis %s: %s: %v", o.verb, o.Reason, storage.ErrUnknown)
	if o.cause != nil {
		text += ": " + o.cause.Error()
	}
	return text
}

// Unwrap has [storage.ErrUnknown] and, if a context ended, its error.
func (o *Outage) Unwrap() []error {
	if o.cause == nil {
		return []error{storage.ErrUnknown}
	}
	return []error{storage.ErrUnknown, o.cause}
}

// unknown makes the error of an op whose outcome could not be established. Only
// a context's error is kept as cause: it is a constant and tells no address.
func unknown(verb storage.Verb, reason string, cause error) error {
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(cause, c) {
			return &Outage{Reason: reason, verb: verb, cause: c}
		}
	}
	return &Outage{Reason: reason, verb: verb}
}

// outcomes are made once: they are ordinary answers, not accidents.
var outcomes = func() (all [storage.VerbMembers + 1][2]error) {
	for v := range all {
		all[v][0] = fmt.Errorf("redis %s: %w", storage.Verb(v), storage.ErrNotFound)
		all[v][1] = fmt.Errorf("redis %s: %w", storage.Verb(v), storage.ErrConflict)
	}
	return all
}()

func notFound(verb storage.Verb) error { return outcomes[verb][0] }
func conflict(verb storage.Verb) error { return outcomes[verb][1] }
