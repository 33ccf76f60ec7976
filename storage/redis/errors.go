package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

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
		return verdict{reason: "cannot connect", retry: true}
	}
	switch {
	case errors.Is(err, goredis.ErrClosed):
		return verdict{reason: "store is closed"}
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrPoolExhausted):
		return verdict{reason: "all connections busy"}
	case errors.Is(err, context.Canceled):
		return verdict{reason: "context canceled", applied: true}
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{reason: "context deadline exceeded", applied: true}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return verdict{reason: "no answer in time", retry: true, applied: true}
	}
	if _, ok := errors.AsType[goredis.Error](err); ok {
		return judgeReply(err)
	}
	return verdict{reason: "connection lost", retry: true, applied: true}
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
		return verdict{reason: "server is a read-only replica", retry: true}
	case goredis.IsMasterDownError(err):
		return verdict{reason: "replica without its primary", retry: true}
	case goredis.IsClusterDownError(err):
		return verdict{reason: "cluster is down", retry: true}
	case goredis.IsTryAgainError(err), moved, ask:
		return verdict{reason: "slot is moving", retry: true}
	case goredis.IsMaxClientsError(err):
		return verdict{reason: "server has too many clients", retry: true}
	case goredis.IsNoReplicasError(err):
		return verdict{reason: "not enough replicas"}
	case goredis.IsOOMError(err):
		return verdict{reason: "server is out of memory"}
	case goredis.IsAuthError(err):
		return verdict{reason: "user or password refused"}
	case goredis.IsPermissionError(err):
		return verdict{reason: "user may not do this"}
	case goredis.HasErrorPrefix(err, "WRONGTYPE"), goredis.HasErrorPrefix(err, "STRANGE"):
		return verdict{reason: strange}
	case goredis.HasErrorPrefix(err, "MISCONF"):
		return verdict{reason: "server cannot persist and refuses writes"}
	}
	return verdict{reason: "server refused the command"}
}

const strange = "what is stored there is not ours"

// unknown makes the error of an op whose outcome could not be established. Only
// a context's error is kept as cause: it is a constant and tells no address.
func unknown(verb storage.Verb, reason string, cause error) error {
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(cause, c) {
			return fmt.Errorf("redis %s: %s: %w: %w", verb, reason, storage.ErrUnknown, c)
		}
	}
	return fmt.Errorf("redis %s: %s: %w", verb, reason, storage.ErrUnknown)
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
