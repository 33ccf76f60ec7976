package logout

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// Config is what a Notifier needs. Issuer, Sign and Audit are required; the zero value
// of everything else works.
type Config struct {
	Issuer string
	// Sign makes a JWS of typ logout+jwt, with the algorithm that a client's ID tokens
	// have.
	Sign  func(alg string, payload []byte) (string, error)
	Audit audit.Sink
	Log   *slog.Logger

	// Timeout is for one try, from the dial to the end of the answer; 5 seconds.
	Timeout time.Duration
	// AtOnce is how many tries may be under way to one client; 2.
	AtOnce int
	// PerClient is how many notices are held for one client, those under way and
	// those that are tried again included; 500.
	PerClient int
	// InAll is how many are held together, save that each client may always have AtOnce,
	// whoever filled the rest; 10,000.
	InAll int
}

// A Notice says to one client that a session has ended. The client's own fields say
// where, and what may be dialled for it.
type Notice struct {
	Client    *clients.Client
	Subject   string
	SessionID string // sid, as the client's ID tokens have it
	RequestID string // of the request that ended the session, for the audit trail
}

// A Notifier delivers notices. It is safe for concurrent use.
type Notifier struct {
	Config

	// For tests, which have no public addresses, no name servers, and in virtual time
	// no network: nil otherwise.
	dial     dialer
	resolver *net.Resolver
	roots    *x509.CertPool

	mu    sync.Mutex
	lanes map[string]*lane // by client id; of those for which something is held
	held  map[*delivery]struct{}
	open  int           // held, or ended and not yet audited
	idle  chan struct{} // closed when open comes to zero; nil while nobody waits
}

// New makes a Notifier. It starts nothing: what runs, runs for a notice.
func New(c Config) *Notifier {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.AtOnce = cmp.Or(c.AtOnce, 2)
	c.PerClient = cmp.Or(c.PerClient, 500)
	c.InAll = cmp.Or(c.InAll, 10_000)
	return &Notifier{Config: c, lanes: map[string]*lane{}, held: map[*delivery]struct{}{}}
}

// Send takes notices for delivery and returns at once. Clients without
// backchannel_logout_uri are passed over.
func (n *Notifier) Send(notices ...Notice) {
	var dropped []Notice
	n.mu.Lock()
	for _, notice := range notices {
		if notice.Client.BackchannelLogoutURI == "" {
			continue
		}
		if !n.take(notice) {
			dropped = append(dropped, notice)
		}
	}
	n.mu.Unlock()
	for _, notice := range dropped {
		n.record(notice, audit.Event{Name: audit.BackchannelDropped, Reason: "too_many"})
	}
}

// Drain waits until nothing is held. If ctx ends first, what is held is given up,
// audited as dropped, and the error says how much it was. Notices that are sent
// meanwhile are waited for too; those sent later are still taken.
func (n *Notifier) Drain(ctx context.Context) error {
	for {
		n.mu.Lock()
		if n.open == 0 {
			n.mu.Unlock()
			return nil
		}
		if n.idle == nil {
			n.idle = make(chan struct{})
		}
		idle := n.idle
		n.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			if lost := n.abandon(); lost > 0 {
				n.Log.Warn("gave up notices of logouts that were not delivered in time", "count", lost)
				return fmt.Errorf("deliver notices of logouts: gave up %d: %w", lost, ctx.Err())
			}
			return nil
		}
	}
}

// record writes an event of a notice.
func (n *Notifier) record(notice Notice, e audit.Event) {
	e.ClientID, e.Subject, e.SessionID, e.RequestID = notice.Client.ID, notice.Subject, notice.SessionID, notice.RequestID
	n.Audit.Record(context.Background(), e)
}
