package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

const idSize = len(storage.Version{})

// A call is an op on its way through one or more attempts.
type call struct {
	op    *storage.Op
	key   string // with the prefix
	value []byte // Version and payload, for Create, Put and Swap
	life  int64  // milliseconds, 0 = without end

	cmd    goredis.Cmder
	second bool // a Create that asks createScript

	// unsure: an attempt was sent and its reply lost. It may have taken effect
	// and been superseded since, so from now on only our own write id proves
	// anything; a conflict or an absence is ErrUnknown (promises S3, S5).
	unsure bool

	failed bool   // in this trip, on a node of a cluster
	needed string // why what the server did is not to be relied on, or empty
}

func (s *Store) newCall(op *storage.Op) call {
	c := call{op: op, key: s.prefix + op.Key}
	switch op.Verb {
	case storage.VerbCreate, storage.VerbPut, storage.VerbSwap:
		c.value = make([]byte, idSize+len(op.Input))
		rand.Read(c.value[:idSize])
		copy(c.value[idSize:], op.Input)
	}
	if op.Life > 0 {
		// Down, and one less because Redis still shows a key in the millisecond
		// in which it ends, so that no value outlives its life; but never down
		// to "no end".
		c.life = max(1, int64(op.Life/time.Millisecond)-1)
	}
	return c
}

// prepare makes the command of the next attempt.
func (c *call) prepare(ctx context.Context) {
	switch c.op.Verb {
	case storage.VerbCreate:
		switch {
		case c.second:
			c.cmd = goredis.NewStringCmd(ctx, "eval", createScript, 1, c.key, c.value, c.life)
		case c.life > 0:
			c.cmd = goredis.NewStringCmd(ctx, "set", c.key, c.value, "nx", "px", c.life)
		default:
			c.cmd = goredis.NewStringCmd(ctx, "set", c.key, c.value, "nx")
		}
	case storage.VerbGet:
		c.cmd = goredis.NewStringCmd(ctx, "get", c.key)
	case storage.VerbPut:
		if c.life > 0 {
			c.cmd = goredis.NewStringCmd(ctx, "set", c.key, c.value, "px", c.life)
		} else {
			c.cmd = goredis.NewStringCmd(ctx, "set", c.key, c.value)
		}
	case storage.VerbSwap:
		c.cmd = goredis.NewStringCmd(ctx, "eval", swapScript, 1, c.key, c.op.From[:], c.value, c.life)
	case storage.VerbDelete:
		c.cmd = goredis.NewIntCmd(ctx, "unlink", c.key)
	case storage.VerbJoin:
		c.cmd = goredis.NewStringCmd(ctx, "eval", joinScript, 1, c.key, c.op.Member, c.life)
	case storage.VerbMembers:
		c.cmd = goredis.NewStringSliceCmd(ctx, "eval", membersScript, 1, c.key)
	}
	c.cmd.SetErr(errUnanswered)
	c.failed, c.needed = false, ""
}

// errUnanswered is every command's error until its reply has been read. The
// driver does not put the error of a handshake (a wrong password) on the commands
// of a pipeline: without this mark they would look like successes.
var errUnanswered = errors.New("no reply was read")

// blame gives a command without a reply the error of the whole trip.
func (c *call) blame(err error) {
	if err != nil && errors.Is(c.cmd.Err(), errUnanswered) {
		c.cmd.SetErr(fmt.Errorf("%w: %w", errUnanswered, err))
	}
}

// What settle decided.
type next int

const (
	settled next = iota
	askMore      // the reply raises a second question
	again        // the attempt failed and another may not
)

// settle reads the reply into the op.
func (c *call) settle(mayRetry bool) next {
	err := c.cmd.Err()
	switch {
	case err == goredis.Nil: // not wrapped: it is this command's own reply
		return c.settleNil()
	case err != nil:
		v := judge(err)
		c.unsure = c.unsure || v.applied
		c.second = c.second || v.applied // it knows our own write, SET NX does not
		if v.retry && mayRetry {
			return again
		}
		c.fail(v.reason, err)
		return settled
	case c.needed != "":
		// It was done, on a server that may be alone with it.
		c.unsure, c.second = true, true
		c.fail(c.needed, nil)
		return settled
	}
	switch c.op.Verb {
	case storage.VerbGet:
		c.present(c.reply())
	case storage.VerbMembers:
		c.op.Members = c.cmd.(*goredis.StringSliceCmd).Val()
	case storage.VerbCreate, storage.VerbSwap:
		if there := c.reply(); len(there) > 0 && (c.second || c.op.Verb == storage.VerbSwap) {
			c.lost(there)
		} else {
			c.op.Version = storage.Version(c.value[:idSize])
		}
	}
	return settled
}

// settleNil handles the nil reply: GET and Swap met nothing, SET NX something.
func (c *call) settleNil() next {
	switch c.op.Verb {
	case storage.VerbCreate:
		c.second = true
		return askMore
	case storage.VerbGet:
		c.op.Err = notFound(c.op.Verb)
	case storage.VerbSwap:
		if c.unsure {
			c.fail("an earlier reply was lost and nothing is there now", nil)
		} else {
			c.op.Err = notFound(c.op.Verb)
		}
	default:
		c.fail(strange, nil)
	}
	return settled
}

// lost handles a value of another writer met by Create or Swap.
func (c *call) lost(there []byte) {
	if c.unsure {
		c.fail("an earlier reply was lost and another value is there now", nil)
		return
	}
	if c.present(there); c.op.Err == nil {
		c.op.Err = conflict(c.op.Verb)
	}
}

// present takes a stored value apart.
func (c *call) present(stored []byte) {
	if len(stored) < idSize {
		c.fail(strange, nil)
		return
	}
	c.op.Version = storage.Version(stored[:idSize])
	c.op.Value = stored[idSize:]
}

// reply is the bulk reply, made by the driver for this command alone.
func (c *call) reply() []byte {
	b, _ := c.cmd.(*goredis.StringCmd).Bytes()
	return b
}

func (c *call) fail(reason string, cause error) { c.op.Err = unknown(c.op.Verb, reason, cause) }
