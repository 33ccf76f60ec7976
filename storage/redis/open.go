package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/dingbridge/dingbridge/storage"
)

// Store is a [storage.Store] on Redis. It is safe for concurrent use.
type Store struct {
	client  goredis.UniversalClient
	set     settings
	address string // as Address tells it
	prefix  string
	retries int
	cluster bool
	closed  atomic.Bool
	waiter  waiter // of the one primary; on a cluster each node has its own
}

// quiet stops the driver's own lines on stderr, which are not JSON and name
// addresses. What matters of them comes back as an op's error.
var quiet = sync.OnceFunc(logging.Disable)

// Open makes a Store from a URL; see the package comment for its form. It reads
// the TLS files named there but does not speak to a server, so that a Redis that
// is down at start is trouble only where it is needed; ask [Store.Ping]. Errors
// never quote the URL. ctx bounds Open alone.
func Open(ctx context.Context, rawURL string) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open redis: %w", err)
	}
	set, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("storage URL: %w", err)
	}
	quiet()
	s := &Store{
		set:     set,
		address: strings.Join(set.options.Addrs, ", "),
		prefix:  set.prefix,
		retries: set.retries,
		cluster: set.scheme == schemeCluster,
	}
	s.waiter = set.newWaiter()
	s.client = set.connect(onlyPrimary)
	return s, nil
}

// connect makes the driver's client. What it does by itself is switched off where we
// must know of it. ready is asked for each new connection to a server or sentinel.
func (set *settings) connect(ready func(context.Context, *goredis.Conn) error) goredis.UniversalClient {
	o := set.options
	o.Dialer = newDialer(o.DialTimeout, o.TLSConfig).dial
	o.Protocol = 2             // RESP3's push frames are peeked for before every command, and we use none
	o.DisableIdentity = true   // CLIENT SETINFO: one more trip for each new connection
	o.PipelinePoolSize = -1    // one pool, of the size that the URL says
	o.DialerRetries = 1        // we retry ourselves
	o.MaxRetries = -1          // we must know of every attempt: see call.unsure
	o.ReadBufferSize = 8 << 10 // values are a few kB; a pool of 100 keeps 1.6 MB
	o.WriteBufferSize = 8 << 10
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch set.scheme {
	case schemeCluster:
		return newCluster(&o, set.newWaiter)
	case schemeSentinel:
		o.OnConnect = ready
		return goredis.NewFailoverClient(o.Failover())
	default:
		o.OnConnect = ready
		return goredis.NewClient(o.Simple())
	}
}

// Ping asks for a write, of a key of its own that ends by itself: a read-only
// replica and a server that is out of memory answer PING well.
func (s *Store) Ping(ctx context.Context) error {
	return s.Together(ctx, storage.Put("ping", nil, time.Second))
}

// Address is host:port of the URL, separated by ", " if there are several. On
// Sentinel they are the sentinels'.
func (s *Store) Address() string { return s.address }

// Close ends all connections; ops under way and later ones are ErrUnknown.
// Calling it again does nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close redis: %s", judge(err).reason)
	}
	return nil
}

var _ storage.Store = (*Store)(nil)
