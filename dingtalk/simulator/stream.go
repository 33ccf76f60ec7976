package simulator

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Bounds of what is remembered, each dropping the oldest.
const (
	maxWaiting = 1000    // events kept while nobody is connected
	maxFlying  = 100_000 // events not acknowledged; beyond it the newest is lost
	maxSpent   = 20_000  // messages that are done with, known in case they are answered again
	maxTraces  = 1000    // events that [Simulator.Events] tells of
	maxWrongs  = 20      // answers that were wrong
)

// stream carries events to the relying party by Stream mode. A ticket ages by the
// simulated clock; its other waits are short ones between two programs and run by the
// real one.
type stream struct {
	sim  *Simulator
	over context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	tickets map[string]ticket
	conns   []*connection
	set     StreamSettings
	epoch   int      // counts resets, so that what was before is forgotten
	waiting []*event // nobody is connected, oldest first
	flying  int      // how many are neither acknowledged nor lost
	sent    map[string]*message
	spent   []string // ids in sent that are done with, oldest first
	traces  []*event // the last raised, oldest first
	tally   StreamState
}

// event is one happening on its way.
type event struct {
	id, kind, corpID, data string
	born                   time.Time
	epoch                  int
	attempts               int
	state                  string // waiting, sent, later, acked or lost
	message                string // id of the last attempt
	timer                  *time.Timer
}

// message is one frame that may be answered.
type message struct {
	kind string // EVENT, ping, disconnect or another SYSTEM topic
	conn *connection
	at   time.Time
	data string
	of   *event

	epoch    int
	answered bool
	retired  bool // in the stream's spent
}

func newStream(sim *Simulator) *stream {
	s := &stream{sim: sim, sent: map[string]*message{}}
	s.over, s.end = context.WithCancel(context.Background())
	return s
}

// reset forgets all events, tickets and settings. Connections stay: they belong to the
// programs at their other ends.
func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	s.tickets = map[string]ticket{}
	s.waiting, s.traces, s.flying = nil, nil, 0
	s.set, s.tally = defaultStream, StreamState{Opened: s.tally.Opened}
	for _, c := range s.conns {
		c.silent, c.out, c.delivered, c.acked = false, nil, 0, 0
	}
	for id := range s.sent { // may yet be answered
		s.retire(id)
	}
}

// raise sends one event, or keeps it until somebody is connected.
func (s *stream) raise(e *event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(e)
}

// begin takes e up; the caller holds the lock.
func (s *stream) begin(e *event) {
	e.epoch = s.epoch
	s.tally.Raised++
	if s.traces = append(s.traces, e); len(s.traces) > 2*maxTraces { // in batches: cheap storms
		s.traces = slices.Clone(s.traces[len(s.traces)-maxTraces:])
	}
	if s.flying++; s.flying > maxFlying {
		s.lose(e)
		return
	}
	s.dispatch(e)
}

// lose gives e up; the caller holds the lock.
func (s *stream) lose(e *event) {
	e.state = "lost"
	s.flying--
	s.tally.Lost++
}

// dispatch sends e to one connection chosen at random; the caller holds the lock.
func (s *stream) dispatch(e *event) {
	var takers []*connection
	for _, c := range s.conns {
		if c.takesEvents() {
			takers = append(takers, c)
		}
	}
	switch {
	case len(takers) == 0 && s.sim.reads(eventChannel, "lost"):
		s.lose(e)
		return
	case len(takers) == 0:
		e.state = "waiting"
		if s.waiting = append(s.waiting, e); len(s.waiting) > maxWaiting {
			s.lose(s.waiting[0])
			s.waiting = slices.Delete(s.waiting, 0, 1)
		}
		return
	}
	c := takers[rand.IntN(len(takers))]
	s.retire(e.message)
	e.message, e.state = newMessageID(), "sent"
	if e.attempts++; e.attempts > 1 {
		s.tally.Redelivered++
	}
	if !c.silent {
		s.tally.Delivered++
		c.delivered++
	}
	topic := "*"
	if s.sim.reads(eventTopic, "dingTalk") {
		topic = "dingTalk"
	}
	s.send(c, e.message, &message{kind: "EVENT", data: e.data, of: e}, frame{"1.0", "EVENT", frameHeaders{
		Topic: topic, EventID: e.id, EventType: e.kind, EventCorpID: e.corpID,
		EventBornTime: millis(e.born), EventUnifiedAppID: unifiedAppID(s.sim.app.Load().ClientID),
	}, e.data})
	e.timer = time.AfterFunc(s.set.Redeliver, func() { s.again(e) })
}

// again sends e another time, unless it has been acknowledged since.
func (s *stream) again(e *event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.epoch == s.epoch && !s.closed && (e.state == "sent" || e.state == "later") {
		s.dispatch(e)
	}
}

// flush sends what waits for somebody to be connected; the caller holds the lock.
func (s *stream) flush() {
	kept := s.waiting
	s.waiting = nil
	for _, e := range kept {
		s.dispatch(e)
	}
}

// retire lets the message id be forgotten after many others; the caller holds the lock.
func (s *stream) retire(id string) {
	if m := s.sent[id]; m == nil || m.retired {
		return
	}
	s.sent[id].retired = true
	if s.spent = append(s.spent, id); len(s.spent) > 2*maxSpent {
		for _, old := range s.spent[:maxSpent] {
			delete(s.sent, old)
		}
		s.spent = slices.Clone(s.spent[maxSpent:])
	}
}

// Close cuts all connections of Stream mode, which no [net/http.Server] does, and lets
// none begin.
func (s *Simulator) Close() {
	s.stream.mu.Lock()
	s.stream.closed = true
	s.stream.mu.Unlock()
	s.stream.end()
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
