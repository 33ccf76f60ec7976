package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// attemptGap is how long a server that could not be reached is left alone, and the
// shortest pause before a further attempt: what failed is tried anew by the next
// attempt, and by no more than fifty a second.
const attemptGap = 20 * time.Millisecond

// A dialer opens connections. The driver has a breaker of its own: after as many
// failed dials as its pool is large it refuses everything and looks again once a
// second, so that a server that is back long since goes on being away. It never
// sees one fail here: it is given a connection on which nothing can be sent, and
// the breaker is ours. An address that failed is tried by one at a time, and the
// others are told the same at once, so that a host that swallows packets does not
// hold up everybody for dial_timeout.
type dialer struct {
	timeout time.Duration
	tls     *tls.Config // nil for plain text

	mu   sync.Mutex
	away map[string]*absence // by address; none for one that was reached last
}

// An absence is what is known of an address that could not be reached.
type absence struct {
	why    error
	since  time.Time     // of the last attempt's end
	trying chan struct{} // nil if nobody is; closed at the attempt's end
}

func newDialer(timeout time.Duration, config *tls.Config) *dialer {
	return &dialer{timeout: timeout, tls: config, away: map[string]*absence{}}
}

// dial is the driver's Dialer.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return d.through(ctx, address, func(ctx context.Context) (net.Conn, error) {
		plain := &net.Dialer{Timeout: d.timeout}
		if d.tls == nil {
			return plain.DialContext(ctx, network, address)
		}
		conn, err := (&tls.Dialer{NetDialer: plain, Config: d.tls}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secure := conn.(*tls.Conn)
		raw, ok := secure.NetConn().(syscall.Conn)
		if !ok {
			return conn, nil
		}
		return looked{secure, raw}, nil
	})
}

// through lets an attempt through, or answers for it.
func (d *dialer) through(ctx context.Context, address string, attempt func(context.Context) (net.Conn, error)) (net.Conn, error) {
	d.mu.Lock()
	gone := d.away[address]
	if gone != nil && gone.trying != nil { // its end may be near, and good
		trying := gone.trying
		d.mu.Unlock()
		soon := time.NewTimer(attemptGap)
		defer soon.Stop()
		select {
		case <-trying:
		case <-soon.C:
		case <-ctx.Done():
		}
		d.mu.Lock()
		gone = d.away[address]
	}
	if gone != nil && (gone.trying != nil || time.Since(gone.since) < attemptGap) {
		defer d.mu.Unlock()
		return severed{gone.why}, nil
	}
	if gone != nil {
		gone.trying = make(chan struct{})
		defer close(gone.trying)
	}
	d.mu.Unlock()

	conn, err := attempt(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		delete(d.away, address)
		return conn, nil
	case errors.Is(ctx.Err(), context.Canceled): // it says nothing of the server
		if gone != nil {
			d.away[address] = &absence{why: gone.why, since: gone.since}
		}
		return nil, err
	}
	why := &undialed{cannotConnect}
	if isTLS(err) {
		why.reason = tlsFailed
	}
	d.away[address] = &absence{why: why, since: time.Now()}
	return severed{why}, nil
}

// undialed is the error of all that was to be sent to a server that was not reached.
// It wraps nothing: the driver takes the errors of a handshake apart.
type undialed struct{ reason string }

func (u *undialed) Error() string { return u.reason }

// isTLS tells whether the other side was reached and not believed, or did not
// believe us.
func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error") // how the package tls tells an alert
}

// looked is a TLS connection that shows the driver its socket, as a plain one does:
// it looks there for an end before it uses a connection that was idle. What the
// server says on its own there is an end too, or read with the first answer.
type looked struct {
	*tls.Conn
	raw syscall.Conn
}

func (l looked) SyscallConn() (syscall.RawConn, error) { return l.raw.SyscallConn() }

// severed is a connection on which nothing was ever sent and nothing can be.
type severed struct{ why error }

func (s severed) Read([]byte) (int, error)       { return 0, s.why }
func (s severed) Write([]byte) (int, error)      { return 0, s.why }
func (severed) Close() error                     { return nil }
func (severed) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (severed) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (severed) SetDeadline(time.Time) error      { return nil }
func (severed) SetReadDeadline(time.Time) error  { return nil }
func (severed) SetWriteDeadline(time.Time) error { return nil }

// SyscallConn has the driver throw it away if it was made to be kept idle.
func (s severed) SyscallConn() (syscall.RawConn, error) { return nil, s.why }
