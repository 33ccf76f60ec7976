package storage

import (
	"context"
	"errors"
	"time"
)

// Errors of an [Op]. Back ends wrap the cause; their texts never hold a value,
// a password or a URL.
var (
	// ErrNotFound: there is positively no live value under the key.
	ErrNotFound = errors.New("not found")
	// ErrConflict: Create met a live value, or Swap met another version. The
	// op's Value and Version then hold what is there now. After a lost reply a
	// conflict cannot be told from a write of ours that was superseded at once;
	// that is ErrUnknown.
	ErrConflict = errors.New("conflict")
	// ErrUnknown: the store could not be asked, did not answer in time, or its
	// answer was lost and could not be re-read. The write may or may not have
	// happened. Callers answer 503 and decide nothing.
	ErrUnknown = errors.New("storage outcome unknown")
)

// A Store keeps values under keys, each with a life. Implementations are safe
// for concurrent use by any number of goroutines and, on Redis, of processes.
type Store interface {
	// Together performs the ops, in order, in one round trip (Redis: one
	// pipeline) or one commit (bolt). No atomicity is promised across keys: each
	// op succeeds or fails by itself and notes it in its Err. An op that fails
	// does not keep the others from being done. Together returns the first Err
	// that is ErrUnknown, else the first Err, else nil.
	//
	// An op must not be shared between goroutines, nor used twice.
	Together(ctx context.Context, ops ...*Op) error

	// Ping asks whether the store answers and accepts writes.
	Ping(ctx context.Context) error

	Close() error
}

// A Verb says what an [Op] does.
type Verb uint8

// The verbs. All writes take a life; zero means without end.
const (
	VerbCreate  Verb = iota + 1 // write if there is no live value
	VerbGet                     // read
	VerbPut                     // write blindly: for caches only
	VerbSwap                    // write if the version is still From
	VerbDelete                  // remove; removing nothing is no error
	VerbJoin                    // add Member to the set, or renew its life
	VerbMembers                 // read the live members of the set
)

// A Version names one write of one value. It is random, so that it also tells a
// writer whether the value it meets is its own (promise S3). The zero Version
// names no write.
type Version [16]byte

// Op is one verb on one key, and after [Store.Together] its result. Make it with
// the functions named after the verbs.
type Op struct {
	Verb   Verb
	Key    string
	Input  []byte        // Create, Put, Swap
	From   Version       // Swap
	Life   time.Duration // Create, Put, Swap, Join; 0 = without end, negative is a fault
	Member string        // Join

	Err     error    // one of the package's errors, wrapped, or nil
	Value   []byte   // Get, and the present value on ErrConflict
	Version Version  // of Value; after a successful Create or Swap, of the write
	Members []string // Members, in no particular order
}

// Create makes an op that writes value under key unless a live value is there.
func Create(key string, value []byte, life time.Duration) *Op {
	return &Op{Verb: VerbCreate, Key: key, Input: value, Life: life}
}

// Get makes an op that reads the value under key.
func Get(key string) *Op { return &Op{Verb: VerbGet, Key: key} }

// Put makes an op that writes value under key, whatever is there. A retried Put
// may undo a later write: it is for caches, where that does no harm.
func Put(key string, value []byte, life time.Duration) *Op {
	return &Op{Verb: VerbPut, Key: key, Input: value, Life: life}
}

// Swap makes an op that replaces the value under key if it is still the version
// that was read. No live value there is ErrNotFound.
func Swap(key string, from Version, value []byte, life time.Duration) *Op {
	return &Op{Verb: VerbSwap, Key: key, From: from, Input: value, Life: life}
}

// Delete makes an op that removes the value under key.
func Delete(key string) *Op { return &Op{Verb: VerbDelete, Key: key} }

// Join makes an op that adds member to the set under key for life, or renews it;
// a renewal never shortens.
func Join(key, member string, life time.Duration) *Op {
	return &Op{Verb: VerbJoin, Key: key, Member: member, Life: life}
}

// Members makes an op that reads the live members of the set under key. A set
// that was never joined has none; that is no error.
func Members(key string) *Op { return &Op{Verb: VerbMembers, Key: key} }

// FirstError returns what [Store.Together] has to return for ops that are done.
func FirstError(ops []*Op) error {
	var first error
	for _, op := range ops {
		if errors.Is(op.Err, ErrUnknown) {
			return op.Err
		}
		if first == nil {
			first = op.Err
		}
	}
	return first
}
