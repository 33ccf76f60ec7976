package limits

import (
	"cmp"
	"net/netip"
	"sync"
	"time"
)

// Config says how much. Zero fields take their defaults.
type Config struct {
	// LoginsPerAddress may be under way: begun within ten minutes and not come back; 3000.
	LoginsPerAddress int
	// FailuresPerMinute is how often what an app or a person shows may be wrong; 60.
	FailuresPerMinute int
	// RequestsPerClient a second, from one address; 1000.
	RequestsPerClient int
	// RequestsAtOnce are at work in one replica; 512.
	RequestsAtOnce int
	// Circles is how often a browser with a session may come for one client, at once; half
	// as many anew within a minute. 120.
	Circles int
	// Entries of the table; 65536, which are 1.1 MB.
	Entries int
}

// loginLife is how long a login under way is kept.
const loginLife = 10 * time.Minute

// provenLife is how long a right secret is remembered.
const provenLife = 24 * time.Hour

// Limits are those of one replica. It is safe for concurrent use.
type Limits struct {
	Requests, Logins *Gate

	table, proven *Table
	rates         map[Word]Rate
	share         int // of one client, of what is at work

	mu      sync.RWMutex
	clients map[string]*Gate // of clients that are registered, or were
}

// New makes Limits.
func New(c Config) *Limits {
	failures, atOnce := cmp.Or(c.FailuresPerMinute, 60), cmp.Or(c.RequestsAtOnce, 512)
	requests := cmp.Or(c.RequestsPerClient, 1000)
	return &Limits{
		Requests: NewGate(atOnce - atOnce/2), Logins: NewGate(atOnce / 2),
		share: max(atOnce/4, 1), clients: map[string]*Gate{},
		table: NewTable(cmp.Or(c.Entries, 1<<16)), proven: NewTable(1 << 12),
		rates: map[Word]Rate{
			LoginsOfAddress: {cmp.Or(c.LoginsPerAddress, 3000), loginLife},
			ClientRequests:  {requests * 10, 10 * time.Second},
			Circles:         {cmp.Or(c.Circles, 120), 2 * time.Minute},
			Authentications: {failures, time.Minute},
			AddressAnswers:  {failures, time.Minute},
			Codes:           {failures, time.Minute},
			DeadTokens:      {failures, time.Minute},
			Tokens:          {failures * 100, time.Minute},
			UserCodes:       {failures * 5, time.Minute},
		},
	}
}

// A Purse is one key's budget of one limit.
type Purse struct {
	of   *Limits
	key  Key
	rate Rate
}

// Of returns the budget of an address and of two texts, such as a client's id; what the
// limit is not kept by is empty.
func (l *Limits) Of(word Word, from netip.Addr, first, second string) Purse {
	return Purse{l, l.table.Key(string(word), from, first, second), l.rates[word]}
}

// OfSite returns the budget of all that is in one place, whose networks each have budgets
// of their own: of IPv6 the network of 48 bits, which is the most that comes with a line
// or a rented machine. IPv4 has none, and its Purse is the zero one (promise T4).
func (l *Limits) OfSite(word Word, from netip.Addr, text string) Purse {
	if !from.Is6() || from.Is4In6() {
		return Purse{}
	}
	site, _ := from.Prefix(48) // it fits every IPv6 address
	return l.Of(word, site.Addr(), text, "site")
}

// Take takes one, if there is one, and tells which part was used before. The zero Purse
// is never empty.
func (p Purse) Take() (used float64, ok bool) {
	if p.of == nil {
		return 0, true
	}
	return p.of.table.Take(p.key, p.rate)
}

// Has tells whether there is one left.
func (p Purse) Has() bool { return p.of == nil || p.of.table.Has(p.key, p.rate) }

// GiveBack returns one.
func (p Purse) GiveBack() {
	if p.of != nil {
		p.of.table.GiveBack(p.key, p.rate)
	}
}

// Proven remembers that a client has shown the right secret, from an address.
func (l *Limits) Proven(from netip.Addr, clientID, secret string) {
	l.proven.Note(l.proven.Key("proven", from, clientID, secret), provenLife)
}

// WasProven tells whether it has shown this very secret there lately (promise T7). It
// says nothing of whether the secret is right now.
func (l *Limits) WasProven(from netip.Addr, clientID, secret string) bool {
	return l.proven.Noted(l.proven.Key("proven", from, clientID, secret))
}

// Client is the gate of a registered client.
func (l *Limits) Client(id string) *Gate {
	l.mu.RLock()
	g := l.clients[id]
	l.mu.RUnlock()
	if g != nil {
		return g
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if g = l.clients[id]; g == nil {
		g = NewGate(l.share)
		l.clients[id] = g
	}
	return g
}
