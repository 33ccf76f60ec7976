package leavers

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

// Bounds of what is held.
const (
	mostHints = 20_000
	workers   = 4 // for each organisation, and as many for people whose organisation is not told
)

// A Directory tells who has left lately, so that what happened while nobody listened can be
// caught up with; *dingtalk.Client is one.
type Directory interface {
	Leavers(ctx context.Context, since, until time.Time, each func(userID string, left time.Time) error) error
}

// Config is what a Watch needs. Store, People and Organisations are required.
type Config struct {
	Store         storage.Store
	People        *people.Registry
	Organisations map[string]Directory // by corpId
	SweepEvery    time.Duration        // 24 hours; less than zero: never by itself
	// DryRun asks and tells, and removes nobody for an event or in a sweep.
	DryRun bool
	// Tell is told of sweeps; it must not block for long.
	Tell func(context.Context, Report)
	Log  *slog.Logger
}

// A Watch looks after leavers. It is safe for concurrent use.
type Watch struct {
	Config
	name string // of this replica, in leases

	mu      sync.Mutex
	waiting map[subject]hint     // not yet begun
	later   map[subject]hint     // to be begun anew after a pause
	urgent  map[string][]subject // of waiting, by corpId; before those in order
	order   map[string][]subject // of waiting, by corpId
	busy    map[subject]bool     // under way
	under   map[string]int       // how many of those, by corpId
	missed  map[string]time.Time // when something was last refused, by corpId
	wake    chan struct{}
	sweeps  map[string]chan string // why to sweep, by corpId
}

// hint is what is known beside who is meant.
type hint struct {
	why    people.Cause
	urgent bool
	tries  int // that were in vain
}

// subject is who is meant: a person whom we know, or a userId that has to be looked up.
type subject struct {
	corpID string
	userID string
	person people.Subject
}

// New makes a Watch.
func New(c Config) *Watch {
	c.SweepEvery = cmp.Or(c.SweepEvery, 24*time.Hour)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	w := &Watch{Config: c, name: newName(), waiting: map[subject]hint{}, later: map[subject]hint{}, urgent: map[string][]subject{}, order: map[string][]subject{},
		busy: map[subject]bool{}, under: map[string]int{}, missed: map[string]time.Time{},
		wake: make(chan struct{}, 1), sweeps: map[string]chan string{}}
	for corpID := range c.Organisations {
		w.sweeps[corpID] = make(chan string, 1)
	}
	return w
}

// Hint takes an event that names people by their userIds. False: there is no room, deliver it
// again later.
func (w *Watch) Hint(corpID string, userIDs []string, eventID string) bool {
	return w.hint(corpID, userIDs, eventID, false)
}

// Left is Hint for an event that says that people have left: no number of others goes before.
func (w *Watch) Left(corpID string, userIDs []string, eventID string) bool {
	return w.hint(corpID, userIDs, eventID, true)
}

func (w *Watch) hint(corpID string, userIDs []string, eventID string, urgent bool) bool {
	if w.Organisations[corpID] == nil {
		return true // not ours; nothing to wait for
	}
	taken := true
	for _, userID := range userIDs {
		why := people.Cause{Source: people.FromEvent, Event: eventID, At: time.Now()}
		taken = w.add(subject{corpID: corpID, userID: userID}, hint{why: why, urgent: urgent}) && taken
	}
	return taken
}

// Suspect takes a hint about a person whom we know.
func (w *Watch) Suspect(s people.Subject, why people.Cause) {
	w.add(subject{person: s}, hint{why: why})
}

// Missed says that hints of an organisation may have been lost.
func (w *Watch) Missed(corpID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.missed[corpID] = time.Now()
}

func (w *Watch) add(s subject, h hint) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.waiting[s]; known {
		if i := slices.Index(w.order[s.corpID], s); h.urgent && i >= 0 {
			take(w.order, s.corpID, i)
			w.urgent[s.corpID] = append(w.urgent[s.corpID], s)
			w.waiting[s] = h
		}
		return true
	}
	if len(w.waiting) >= mostHints {
		if s.corpID != "" {
			w.missed[s.corpID] = time.Now()
		}
		return false
	}
	w.waiting[s] = h
	queues := w.order
	if h.urgent {
		queues = w.urgent
	}
	queues[s.corpID] = append(queues[s.corpID], s)
	w.rouse()
	return true
}

func (w *Watch) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// next takes the oldest hint that nobody works on, of any organisation of which fewer are worked
// on than it has workers: one whose directory does not answer keeps no other waiting.
func (w *Watch) next() (s subject, h hint, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, queues := range []map[string][]subject{w.urgent, w.order} {
		for corpID, queue := range queues {
			// What came meanwhile waits for the end of what is under way (promise V2).
			i := slices.IndexFunc(queue, func(s subject) bool { return !w.busy[s] })
			if i < 0 || w.under[corpID] >= workers {
				continue
			}
			s = take(queues, corpID, i)
			h = w.waiting[s]
			delete(w.waiting, s)
			w.busy[s] = true
			w.under[corpID]++
			if len(w.waiting) > 0 {
				w.rouse()
			}
			return s, h, true
		}
	}
	return subject{}, hint{}, false
}

// take takes one out of a queue, and the queue out of the map if it was the last.
func take(queues map[string][]subject, corpID string, i int) subject {
	queue := queues[corpID]
	s := queue[i]
	if i == 0 {
		queue = queue[1:]
	} else {
		queue = slices.Delete(queue, i, i+1)
	}
	if queues[corpID] = queue; len(queue) == 0 {
		delete(queues, corpID)
	}
	return s
}

func (w *Watch) done(s subject) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, s)
	w.under[s.corpID]--
	if len(w.waiting) > 0 {
		w.rouse()
	}
}

// again lets a hint wait for another try, in nobody's way. False: there is no room.
func (w *Watch) again(s subject, h hint, pause time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.later[s]; known {
		return true
	}
	if len(w.later) >= mostHints {
		return false
	}
	w.later[s] = h
	time.AfterFunc(pause, func() {
		w.mu.Lock()
		h := w.later[s]
		delete(w.later, s)
		w.mu.Unlock()
		w.add(s, h)
	})
	return true
}

// Held is how many hints wait.
func (w *Watch) Held() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) + len(w.later)
}
