package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// A Client hears the events of one organisation, by one app. [Client.Run] does the
// work; all else is safe to call meanwhile.
type Client struct {
	cfg       Config
	secret    atomic.Pointer[string]
	open      *url.URL
	transport *http.Transport
	times     times

	running atomic.Bool
	room    chan struct{} // one element for each event that has come and is not yet answered
	held    atomic.Int64  // bytes of the frames that these came in
	turns   chan struct{} // one element for each Handle that runs
	events  memory

	mu     sync.Mutex
	status Status
}

// The times that DingTalk and good manners set. Tests shorten them.
type times struct {
	open, handshake time.Duration // for the gateway's answer and for the connection
	answer          time.Duration // before an event is answered LATER; DingTalk waits 3 s
	ping, pong      time.Duration // silence before a ping of ours, and how long its answer may take
	write           time.Duration // for one frame of ours
	drain           time.Duration // for a connection that was told to move
	farewell        time.Duration // for answers and the closing handshake at the end
	settled         time.Duration // after which a connection counts as a good one
}

const (
	mostWaiting = 1024    // events that have come and are not yet answered
	mostHeld    = 1 << 24 // bytes of their frames
	mostAtOnce  = 8       // calls of Handle
	mostKnown   = 10_000  // ids of events that were handled
	maxFrame    = 1 << 18 // bytes of a frame that is read
	maxSkipped  = 1 << 22 // bytes of one that is passed over; more is no frame
)

// A Status is how things stand and what there was since New.
type Status struct {
	Connected  bool          // a connection stands on which events are expected
	Since      time.Time     // of Connected, or of its loss; zero before Run
	LastFrame  time.Time     // when anything last came
	Gap        time.Duration // how long there was none before the connection that stands
	Connects   uint64        // connections made
	Events     uint64        // events of the organisation, repeated ones included
	Handled    uint64        // of these, taken by Handle in time
	Repeated   uint64        // of these, known from an earlier delivery
	Later      uint64        // of these, asked for again
	Refused    uint64        // events of others
	Unreadable uint64        // frames
	// LastError is why a connection last ended or could not be made, in words fit for
	// a log; empty if none ever did.
	LastError string
}

// New makes a client. It sends nothing yet. The error names every fault of the
// configuration and never holds the secret.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	api, apiFault := parseAPI(cfg.API)
	transport, proxyFault := newTransport(cfg.Proxy)
	if err := errors.Join(cfg.check(), apiFault, proxyFault); err != nil {
		return nil, fmt.Errorf("configure stream: %w", err)
	}
	c := &Client{
		cfg:       cfg,
		open:      api.JoinPath("v1.0/gateway/connections/open"),
		transport: transport,
		times: times{
			open: 5 * time.Second, handshake: 5 * time.Second, answer: 2500 * time.Millisecond,
			ping: time.Minute, pong: 10 * time.Second, write: 5 * time.Second,
			drain: 10 * time.Second, farewell: time.Second, settled: time.Minute,
		},
		room:   make(chan struct{}, mostWaiting),
		turns:  make(chan struct{}, mostAtOnce),
		events: newMemory(mostKnown),
	}
	c.secret.Store(&c.cfg.ClientSecret)
	return c, nil
}

// ReplaceSecret takes another client secret for the next connection. The one that stands
// goes on. Let DingTalk have taken the secret before.
func (c *Client) ReplaceSecret(secret string) error {
	if !isToken(secret) {
		return errors.New("the client secret is missing, or holds spaces or characters other than ASCII")
	}
	c.secret.Store(&secret)
	return nil
}

// Status returns how things stand.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// note changes the status.
func (c *Client) note(change func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status)
}

// observe counts an outcome and tells of it.
func (c *Client) observe(o Outcome, e Event) {
	c.note(func(s *Status) {
		switch o {
		case Handled:
			s.Handled++
		case Later:
			s.Later++
		case Repeated:
			s.Repeated++
		case Refused:
			s.Refused++
		case Unreadable:
			s.Unreadable++
		}
	})
	c.cfg.Observe(o, e)
}

// LogValue hides the secret.
func (c *Client) LogValue() slog.Value { return c.cfg.LogValue() }

// String hides the secret.
func (c *Client) String() string {
	return "stream.Client{CorpID: " + c.cfg.CorpID + ", ClientID: " + c.cfg.ClientID + "}"
}

// GoString hides the secret.
func (c *Client) GoString() string { return c.String() }
