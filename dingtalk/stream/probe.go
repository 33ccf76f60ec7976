package stream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Probe tells whether events could come: whether the gateway gives the app a place, and
// whether that can be reached. It does not connect, so that no event comes this way: the
// ticket is shown to nobody, and lapses. Without a host the error is the gateway's, else
// that of the host.
func (c *Client) Probe(ctx context.Context) (host string, err error) {
	p, err := c.ask(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.times.handshake)
	defer cancel()
	u := *p.endpoint
	u.Scheme = map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	u.Path, u.RawPath, u.RawQuery = "/", "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return u.Host, errors.New("the request cannot be made")
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return u.Host, c.cleanError("connection", err, p.ticket)
	}
	if err := res.Body.Close(); err != nil { // any answer shows that there is a way
		return u.Host, fmt.Errorf("connection: %w", err)
	}
	return u.Host, nil
}
