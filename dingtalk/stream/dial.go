package stream

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// dial connects to a place. Its errors are clean.
func (c *Client) dial(ctx context.Context, p place) (*session, error) {
	s := c.newSession(p.ticket)
	handshake, cancel := context.WithTimeout(ctx, c.times.handshake)
	defer cancel()
	conn, _, err := websocket.Dial(handshake, p.address(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     c.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: http.Header{"User-Agent": {c.cfg.UserAgent}},
		// Compression is off, the default: a small frame could otherwise become a
		// large one.
		OnPingReceived: func(context.Context, []byte) bool { s.heard(); return true },
	})
	if err != nil {
		return nil, c.cleanError("connection", err, p.ticket)
	}
	conn.SetReadLimit(-1) // read knows what to do with a large one
	s.conn = conn
	return s, nil
}
