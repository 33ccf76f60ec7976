package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"
)

var (
	// ErrNotServed: nobody listens at the socket.
	ErrNotServed = errors.New("no server runs there")
	// ErrForbidden: this user may not open the socket.
	ErrForbidden = errors.New("this user may not open it")
	// ErrStranger: who answered is no server of ours.
	ErrStranger = errors.New("the answer is not that of dingbridge")
)

const (
	maxAnswer = 4 << 20          // bytes
	patience  = 45 * time.Second // longer than a rotation may take
)

// A Client asks the server behind one socket. It is safe for concurrent use.
type Client struct {
	path string
	http http.Client
}

// NewClient makes a client of the socket called path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", address(path))
	}
	return &Client{path: path, http: http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Keys lists the signing keys, by algorithm and then in the order in which they sign.
// The server's view of them may be a minute old.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var list KeyList
	if err := c.call(ctx, patience, http.MethodGet, "/keys", nil, &list); err != nil {
		return nil, err
	}
	return list.Keys, nil
}

// Status tells how the server stands.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.call(ctx, patience, http.MethodGet, "/status", nil, &s)
	return s, err
}

// Rotate publishes the next key of each algorithm that has none waiting, and tells
// which sign next.
func (c *Client) Rotate(ctx context.Context) ([]Rotation, error) {
	var done Rotations
	if err := c.call(ctx, patience, http.MethodPost, "/keys/rotations", nil, &done); err != nil {
		return nil, err
	}
	return done.Rotations, nil
}

// call asks and reads the answer into out. wait is for all of it; 0 is as long as it takes.
// Its errors are those above, or say in the server's words what went wrong and what to do.
func (c *Client) call(ctx context.Context, wait time.Duration, method, path string, in, out any) error {
	var asked io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("asking at %s: %w", c.path, err)
		}
		asked = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://dingbridge"+path, asked)
	if err != nil {
		return fmt.Errorf("asking at %s: %w", c.path, err)
	}
	asks := http.Client{Timeout: wait, Transport: c.http.Transport}
	answer, err := asks.Do(r)
	if err != nil {
		return fmt.Errorf("asking at %s: %w", c.path, cause(err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer from %s: %w", c.path, err)
	}
	if err := decode(answer.StatusCode, body, out); err != nil {
		return fmt.Errorf("asking at %s: %w", c.path, err)
	}
	return nil
}

// cause says why there is no answer.
func cause(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return ErrNotServed
	case errors.Is(err, fs.ErrPermission):
		return ErrForbidden
	}
	return err
}

// decode reads an answer. It goes to a terminal, so it may hold no character that
// is more than text: in a folder that others may write, somebody else's server
// could be at the path.
func decode(status int, body []byte, out any) error {
	if status != http.StatusOK {
		var f fault
		if err := json.Unmarshal(body, &f); err != nil || f.Text == "" || !plain(f) {
			return fmt.Errorf("%w (status %d)", ErrStranger, status)
		}
		if f.Remedy != "" {
			f.Text += "; " + f.Remedy
		}
		return errors.New(f.Text)
	}
	if err := json.Unmarshal(body, out); err != nil || !plain(out) {
		return ErrStranger
	}
	return nil
}

// plain reports whether every text in v can be shown as it is.
func plain(v any) bool {
	text, err := json.Marshal(v) // which escapes control characters
	if err != nil {
		return false
	}
	var shown any
	if err := json.Unmarshal(text, &shown); err != nil {
		return false
	}
	var walk func(any) bool
	walk = func(v any) bool {
		switch v := v.(type) {
		case string:
			return !strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) })
		case []any:
			for _, item := range v {
				if !walk(item) {
					return false
				}
			}
		case map[string]any:
			for _, item := range v {
				if !walk(item) {
					return false
				}
			}
		}
		return true
	}
	return walk(shown)
}
