package people

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// rootDepartment is the organisation itself (DingTalk's fixed id).
const rootDepartment = 1

// chainsSize is how many departments of one organisation are remembered.
const chainsSize = 20_000

// chains remember the way from a department to the root, for as long as a directory
// answer counts: people share departments, so that few logins have to ask. Safe for
// concurrent use.
type chains struct {
	mu   sync.Mutex
	seen map[int64]chain
}

type chain struct {
	up []int64
	at time.Time
}

func (c *chains) find(department int64, young time.Duration) ([]int64, bool) {
	if department == rootDepartment {
		return []int64{rootDepartment}, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, found := c.seen[department]
	return known.up, found && time.Since(known.at) <= young
}

func (c *chains) keep(up []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil || len(c.seen) >= chainsSize {
		c.seen = map[int64]chain{}
	}
	c.seen[up[0]] = chain{up, time.Now()}
}

func (c *chains) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = nil
}

// ForgetDepartments drops what is remembered of an organisation's tree: an event said
// that it has changed.
func (r *Registry) ForgetDepartments(corpID string) {
	if o := r.organisations[corpID]; o != nil {
		o.chains.forget()
	}
}

// aged is p as far as an older answer counts: the ways to the root may be older than it is.
func (r *Registry) aged(p Person) Person {
	if len(p.Profile.Paths) > 0 && time.Since(time.UnixMilli(p.Profile.PathsAt)) > r.maxStale {
		p.Profile.Paths, p.Profile.PathsUnknown = nil, true
	}
	return p
}

// trace fills in the ways from a person's departments to the root. What the directory does
// not tell now is as it was, if the person is in the same departments; else it is unknown,
// and no right follows from it.
func (r *Registry) trace(ctx context.Context, corpID string, profile *Profile, before Profile, ask bool) {
	o := r.organisations[corpID]
	profile.Paths, profile.PathsUnknown = make([][]int64, 0, len(profile.Departments)), false
	profile.PathsAt = now().UnixMilli()
	complete := true
	for _, department := range profile.Departments {
		up, known := o.chains.find(department, r.recheckAfter)
		if !known {
			complete = false
			break
		}
		profile.Paths = append(profile.Paths, up)
	}
	if complete {
		return
	}
	same := slices.Equal(before.Departments, profile.Departments) && !before.PathsUnknown && len(before.Paths) == len(before.Departments) &&
		time.Since(time.UnixMilli(before.PathsAt)) <= r.maxStale
	if !ask && same {
		profile.Paths, profile.PathsAt = before.Paths, before.PathsAt
		return
	}
	answer, err := o.directory.Parents(ctx, profile.UserID)
	if err == nil {
		byDepartment := make(map[int64][]int64, len(answer))
		for _, up := range answer {
			if len(up) > 0 {
				byDepartment[up[0]] = up
				o.chains.keep(up)
			}
		}
		profile.Paths = profile.Paths[:0]
		for _, department := range profile.Departments {
			up, told := byDepartment[department]
			if !told { // moved between the two questions, or the root, which has none above
				up, told = []int64{department}, department == rootDepartment
				profile.PathsUnknown = profile.PathsUnknown || !told
			}
			profile.Paths = append(profile.Paths, up)
		}
		return
	}
	r.log.WarnContext(ctx, "the directory does not tell the departments above a person's own", "corp_id", corpID,
		"reason", dingtalk.ReasonOf(err).String(), "error", err)
	if same {
		profile.Paths, profile.PathsAt = before.Paths, before.PathsAt
		return
	}
	profile.Paths, profile.PathsUnknown = nil, true
}
