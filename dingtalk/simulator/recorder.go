package simulator

import (
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// defaultLogSize is how many calls are remembered unless Config says.
const defaultLogSize = 1000

// Call is one remembered call. Secrets, tokens, signatures, codes and states are
// replaced by the beginning of their SHA-256, equal for equal values.
type Call struct {
	Seq    uint64            `json:"seq"` // from 1, without gaps while calls are remembered
	Time   time.Time         `json:"time"`
	Call   string            `json:"call"` // name in the call table, or unknown
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Query  map[string]string `json:"query,omitempty"`
	Body   map[string]string `json:"body,omitempty"`
	Kind   string            `json:"token_kind,omitempty"` // none, unknown, app, user or signature
	Token  string            `json:"token,omitempty"`
	Status int               `json:"status"` // 0 when the connection was cut
	Code   string            `json:"code"`   // ok, or the effective error code
	Fault  string            `json:"fault,omitempty"`
}

// recorder is a ring of the last calls.
type recorder struct {
	on   atomic.Bool
	mu   sync.Mutex
	seq  uint64
	ring []Call
	max  int
	head int // where the oldest stands once the ring is full
}

// size empties the ring and makes it hold n calls (0: the default, < 0: none).
func (r *recorder) size(n int) {
	if n == 0 {
		n = defaultLogSize
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq, r.ring, r.head, r.max = 0, nil, 0, n
	r.on.Store(n > 0)
}

func (r *recorder) add(c *call, a *answer) {
	if !r.on.Load() {
		return
	}
	e := Call{Time: c.now, Call: c.route.call, Method: c.r.Method, Path: shown(c.r.URL.Path), Query: maskedQuery(c.query),
		Body: maskedBody(c.params), Status: a.status, Code: a.code, Fault: c.fault}
	if c.route.needs != noToken {
		e.Kind, e.Token = c.token.String(), masked(c.secret)
	}
	if a.reset {
		e.Status = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.max <= 0 {
		return
	}
	r.seq++
	e.Seq = r.seq
	if len(r.ring) < r.max {
		r.ring = append(r.ring, e)
		return
	}
	r.ring[r.head] = e
	r.head = (r.head + 1) % r.max
}

func (r *recorder) list() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.ring[r.head:], r.ring[:r.head])
}

// Calls returns the remembered calls, oldest first.
func (s *Simulator) Calls() []Call { return s.calls.list() }

// KeepCalls forgets all calls and remembers at most n from now on: 0 means
// 1000, less than zero means none (for load tests).
func (s *Simulator) KeepCalls(n int) { s.calls.size(n) }

// open are the parameters whose values are no secret; all others are masked.
var open = map[string]bool{
	"client_id": true, "clientId": true, "appKey": true, "appkey": true, "appid": true, "accessKey": true, "timestamp": true, "corpId": true,
	"redirect_uri": true, "response_type": true, "scope": true, "prompt": true, "org_type": true, "continue": true,
	"exclusiveLogin": true, "exclusiveCorpId": true, "iframe": true, "grantType": true, "grant_type": true,
	"unionid": true, "userid": true, "other": true, "decision": true, "language": true, "dept_id": true,
	"roleId": true, "role_id": true, "size": true, "offset": true, "cursor": true, "startTime": true,
	"endTime": true, "nextToken": true, "maxResults": true,
}

// maxShown bounds each remembered value, in bytes, and maxNames their number.
const (
	maxShown = 200
	maxNames = 32
)

func shown(v string) string {
	if len(v) > maxShown {
		return v[:maxShown] + "..."
	}
	return v
}

func shownParam(name, value string) string {
	if open[name] {
		return shown(value)
	}
	return masked(value)
}

func maskedQuery(q url.Values) map[string]string {
	if len(q) == 0 {
		return nil
	}
	m := make(map[string]string, len(q))
	for k, v := range q {
		if len(m) < maxNames {
			m[shown(k)] = shownParam(k, v[0])
		}
	}
	return m
}

func maskedBody(params map[string]any) map[string]string {
	if len(params) == 0 {
		return nil
	}
	m := make(map[string]string, len(params))
	for k, v := range params {
		if len(m) == maxNames {
			break
		}
		switch v := v.(type) {
		case string:
			m[shown(k)] = shownParam(k, v)
		case json.Number:
			m[shown(k)] = shownParam(k, v.String())
		default:
			m[shown(k)] = "?" // no call takes such a value
		}
	}
	return m
}
