package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/people"
)

// deadToken notes that an access token was shown that opens nothing any more because of whose
// it is. An app that goes on asking with it is told of once in a while: its loop must not fill
// the audit log.
func (p *Provider) deadToken(ctx context.Context, ref grants.Ref, err error) {
	reason := ""
	switch {
	case errors.Is(err, errRemoved), errors.Is(err, people.ErrEnded):
		reason = "removed"
	case errors.Is(err, people.ErrBlocked):
		reason = "blocked"
	case errors.Is(err, errNotAdmitted):
		reason = "not_admitted"
	default:
		return // person.gone or person.cannot_decide says so, or storage.trouble
	}
	if p.dead.first(ref.Name()) {
		p.record(ctx, audit.Event{Name: audit.TokenRefused, Subject: string(people.SubjectFromRaw(ref.Subject)), GrantID: ref.Name(), Reason: reason})
	}
}

const (
	latelyFor  = 10 * time.Minute
	mostLately = 4096
)

// lately remembers what there was in the last minutes, and no more than a bound of it: in two
// halves, of which the older is forgotten whole. Its zero value is ready; safe for concurrent use.
type lately struct {
	mu          sync.Mutex
	now, before map[string]bool
	turned      time.Time
}

// first tells whether there was none such lately, and remembers it. While there is no room for
// more, nothing is the first.
func (l *lately) first(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := time.Since(l.turned); age >= latelyFor {
		l.now, l.before, l.turned = map[string]bool{}, l.now, time.Now()
		if age >= 2*latelyFor {
			l.before = nil
		}
	}
	if l.now[what] || l.before[what] {
		return false
	}
	if len(l.now) >= mostLately {
		return false
	}
	l.now[what] = true
	return true
}
