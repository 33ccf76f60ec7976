package telemetry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// mostSpans is how many a trail keeps beside that of the request. No request has so many.
const mostSpans = 128

// A trail is what happened in one request. What its ids are shows on the way: a login is known by
// its record in storage, which all of its requests touch, and the trace's id is made of that
// record's key. So all replicas give one login one trace, and take it or leave it, without a
// word to each other.
type trail struct {
	tracer        *tracer
	method, route string
	start         time.Time
	caller        parent   // of a trusted proxy
	own           [24]byte // random, for a trace and a span

	mu      sync.Mutex
	over    bool
	took    time.Duration
	status  int
	request string // its id
	client  string
	login   [sha256.Size]byte // of the key of the login's record
	begins  bool              // the login, in this request
	inLogin bool
	steps   []step
	told    []told
	lost    int // steps for which there was no room
}

// A step is a trip to storage or a request to DingTalk.
type step struct {
	name    string
	start   time.Time
	took    time.Duration
	failed  bool
	outcome string
	records string // kinds of the records that a trip touched
	call    string // of DingTalk
	again   bool
}

// told is an audit event, without who it was about.
type told struct {
	at                 time.Time
	event, reason, way string
}

type trailKey struct{}

func trailOf(ctx context.Context) *trail {
	tr, _ := ctx.Value(trailKey{}).(*trail)
	return tr
}

func (tr *trail) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, trailKey{}, tr)
}

// begin makes the trail of a request.
func (t *tracer) begin(r *http.Request, method, route string, start time.Time) *trail {
	tr := &trail{tracer: t, method: method, route: route, start: start, caller: t.callerOf(r)}
	rand.Read(tr.own[:]) // never fails
	return tr
}

func (tr *trail) add(s step) {
	switch {
	case tr.over: // what goes on after the answer is nobody's
	case len(tr.steps) >= mostSpans:
		tr.lost++
	default:
		tr.steps = append(tr.steps, s)
	}
}

func (tr *trail) trip(start time.Time, took time.Duration, carried int, e end, ops []*storage.Op) {
	records := make([]string, 0, 4)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, op := range ops {
		kind := kindOf(op.Key)
		if verb := int(op.Verb) - 1; verb >= 0 && verb < len(verbs) {
			records = append(records, verbs[verb]+" "+kind)
		}
		if kind == "login" && !tr.inLogin {
			tr.inLogin, tr.begins = true, op.Verb == storage.VerbCreate
			tr.login = sha256.Sum256([]byte("dingbridge/trace/1\x00" + op.Key))
		}
	}
	tr.add(step{name: "storage " + shape(carried), start: start, took: took, failed: e >= endFailed, outcome: ends[e], records: strings.Join(records, ", ")})
}

func (tr *trail) call(s dingtalk.Sent, call, outcome string) {
	failed := false
	switch dingtalk.ReasonOf(s.Err) {
	case dingtalk.ReasonCodeRejected, dingtalk.ReasonOutsider, dingtalk.ReasonDisabled: // an answer, if an unwelcome one
	default:
		failed = s.Err != nil
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.add(step{name: "dingtalk " + call, start: time.Now().Add(-s.Took), took: s.Took, failed: failed, outcome: outcome, call: call, again: s.Again})
}

func (tr *trail) event(m *metrics, e audit.Event) {
	if !eventNames[e.Name] {
		return
	}
	t := told{at: time.Now(), event: string(e.Name), way: in(ways, e.Way)}
	if e.Reason != "" {
		t.reason = in(reasons, e.Reason)
	}
	client := m.client(e.ClientID)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if e.ClientID != "" {
		tr.client = client
	}
	if !tr.over && len(tr.told) < mostSpans {
		tr.told = append(tr.told, t)
	}
}

// end closes the trail and hands it on, if it is one of those to be kept.
func (tr *trail) end(status int, request string) {
	tr.mu.Lock()
	tr.over, tr.took, tr.status, tr.request = true, time.Since(tr.start), status, request
	tr.mu.Unlock()
	ids := tr.identify()
	if tr.tracer.keeps(ids, tr.caller) {
		tr.tracer.hand(finished{tr, ids})
	}
}

// identity is the place of a request's span.
type identity struct {
	trace        [16]byte
	span, parent [8]byte // no parent: zero
}

// identify says which trace the request belongs to: the caller's, else that of the login, in
// which the request that began it is the parent of all others, else one of its own.
func (tr *trail) identify() (ids identity) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	copy(ids.span[:], tr.own[16:])
	switch {
	case tr.caller.there:
		ids.trace, ids.parent = tr.caller.trace, tr.caller.span
	case tr.inLogin:
		copy(ids.trace[:], tr.login[:16])
		if tr.begins {
			copy(ids.span[:], tr.login[16:24])
		} else {
			copy(ids.parent[:], tr.login[16:24])
		}
	default:
		copy(ids.trace[:], tr.own[:])
	}
	return ids
}

// keeps tells whether a trace is among those that are wanted. A caller's says so itself
// (W3C Trace Context section 3.2.2.5); else its id decides, so that all of it is or none.
func (t *tracer) keeps(ids identity, caller parent) bool {
	if caller.there {
		return caller.sampled
	}
	return float64(binary.BigEndian.Uint64(ids.trace[8:])>>1) < t.ratio*(1<<63)
}

// loginID is what the login is known by beside its trace, which may be a caller's.
func (tr *trail) loginID() string {
	if !tr.inLogin {
		return ""
	}
	return hex.EncodeToString(tr.login[:16])
}
