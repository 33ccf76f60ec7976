package stream

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const maxAnswer = 64 << 10 // bytes of the gateway's answer, which has two short members

// errCredentials is what only the operator can put right.
var errCredentials = errors.New("DingTalk does not take the app's credentials")

// requestMark stands before the id that DingTalk gives each request.
const requestMark = ", request "

// A place is where to connect, and what lets us in: once, within 90 seconds.
type place struct {
	endpoint *url.URL
	ticket   string
}

// ask asks the gateway for a place. Its errors are clean.
func (c *Client) ask(ctx context.Context) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, c.times.open)
	defer cancel()
	type subscription struct {
		Type  string `json:"type"`
		Topic string `json:"topic"`
	}
	body, err := json.Marshal(struct {
		ClientID      string         `json:"clientId"`
		ClientSecret  string         `json:"clientSecret"`
		Subscriptions []subscription `json:"subscriptions"`
		UA            string         `json:"ua"`
	}{c.cfg.ClientID, *c.secret.Load(), []subscription{{"EVENT", "*"}}, c.cfg.UserAgent})
	if err != nil {
		return place{}, errors.New("the request cannot be made")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.open.String(), bytes.NewReader(body))
	if err != nil {
		return place{}, errors.New("the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json") // else the answer is XML
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	res, err := c.transport.RoundTrip(req) // which follows no redirect
	if err != nil {
		return place{}, c.cleanError("gateway", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return place{}, c.cleanError("gateway", err)
	case len(text) > maxAnswer:
		return place{}, fmt.Errorf("gateway: the answer is too large (status %d)", res.StatusCode)
	}
	return c.placeIn(res.StatusCode, text)
}

// placeIn reads the gateway's answer, which may be anything at all.
func (c *Client) placeIn(status int, body []byte) (place, error) {
	found, isObject := members(bytes.TrimSpace(body), "endpoint", "ticket", "code", "message", "requestid")
	if status != http.StatusOK {
		code := text(found["code"])
		said := fmt.Errorf("gateway: status %d", status)
		if status == http.StatusUnauthorized || code == "authFailed" {
			said = fmt.Errorf("gateway: %w: status %d", errCredentials, status)
		}
		if code != "" {
			said = fmt.Errorf("%w: code %s: %q%s%s", said, c.clean(code), c.clean(text(found["message"])), requestMark, c.clean(text(found["requestid"])))
		}
		return place{}, said
	}
	if !isObject {
		return place{}, errors.New("gateway: the answer is not JSON: a proxy or portal in between?")
	}
	ticket := text(found["ticket"])
	if !isToken(ticket) {
		return place{}, errors.New("gateway: the answer has no ticket")
	}
	endpoint, err := url.Parse(text(found["endpoint"]))
	switch {
	case err != nil, endpoint.Host == "", endpoint.Opaque != "", endpoint.User != nil, endpoint.Fragment != "":
		return place{}, errors.New("gateway: the answer has no endpoint that can be used")
	case endpoint.Scheme == "wss":
	case endpoint.Scheme != "ws" || c.open.Scheme != "http" || !isLoopback(endpoint.Hostname()):
		return place{}, errors.New("gateway: the endpoint is not wss")
	}
	return place{endpoint: endpoint, ticket: ticket}, nil
}

// address is the endpoint with the ticket, for the handshake alone.
func (p place) address() string {
	u := *p.endpoint
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "ticket=" + url.QueryEscape(p.ticket)
	return u.String()
}

// cleanError keeps an error's words but not the error, whose chain may hold a URL with
// the ticket.
func (c *Client) cleanError(where string, err error, secrets ...string) error {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", where, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return fmt.Errorf("%s: no answer in time", where)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %s", where, c.clean(err.Error(), secrets...))
}

func (c *Client) clean(words string, secrets ...string) string {
	return clean(words, append(secrets, c.cfg.ClientSecret, *c.secret.Load())...)
}

// newTransport makes the connections, by HTTP/1.1, which a websocket begins with.
func newTransport(proxy string) (*http.Transport, error) {
	t := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		DisableKeepAlives:      true, // the next question to the gateway is hours away
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	switch proxy {
	case "":
	case "environment":
		t.Proxy = http.ProxyFromEnvironment
	default:
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New("proxy must be an http or https URL, or the word environment")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return t, nil
}
