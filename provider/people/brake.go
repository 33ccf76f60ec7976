package people

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// ErrWithheld: the directory called the person gone, and that was not believed, or too
// many were removed already. Nothing was ended. It is a case of ErrCannotDecide.
var ErrWithheld = fmt.Errorf("removal withheld: %w", ErrCannotDecide)

// ErrUnvouched is the case of ErrWithheld that may pass by itself: the directory vouched for
// nobody whom we know.
var ErrUnvouched = fmt.Errorf("directory vouches for nobody: %w", ErrWithheld)

// brakeWindow is the time in which removals are counted.
const brakeWindow = time.Hour

// leastLimit keeps a share of a small organisation from being nobody.
const leastLimit = 3

// A Brake says when removals stop. Zero fields take their defaults.
type Brake struct {
	MostPeople  int // removed within an hour; 20
	MostPercent int // of those known, within an hour, but never fewer than 3 people; 10
}

func (b Brake) withDefaults() Brake {
	return Brake{cmp.Or(b.MostPeople, 20), cmp.Or(b.MostPercent, 10)}
}

// limit is how many may be removed within the window.
func (b Brake) limit(known int) int {
	share := max(leastLimit, (known*b.MostPercent+99)/100)
	return min(b.MostPeople, share)
}

// A BrakeState is what the replicas know together about one organisation's removals.
type BrakeState struct {
	Removals  []Removal // within the last hour, oldest first
	Known     int       // people, when it was last counted
	Limit     int       // of removals within an hour
	Engaged   time.Time // zero: removals go on
	Confirmed time.Time // until then an administrator lets all removals go on
	version   storage.Version
}

// confirmed tells whether an administrator's word counts now, and not one from a clock that
// was wrong.
func (b BrakeState) confirmed(now time.Time) bool {
	return now.Before(b.Confirmed) && b.Confirmed.Sub(now) <= brakeWindow+clockSlack
}

// A Removal is one that was counted. With the epoch that it ends it is counted once,
// whoever tries it how often; who came back and is removed again counts again.
type Removal struct {
	Subject Subject `json:"s"`
	Epoch   int64   `json:"p"`
	At      int64   `json:"t"` // Unix milliseconds
}

// brakeRecord is brake/<corp> in storage.
type brakeRecord struct {
	Format    int       `json:"f"`
	Removals  []Removal `json:"r,omitempty"`
	Known     int       `json:"k,omitempty"`
	Engaged   int64     `json:"e,omitempty"` // Unix milliseconds
	Confirmed int64     `json:"c,omitempty"` // Unix milliseconds
}

func brakeKey(corpID string) string { return "brake/" + corpID }

// mayRemove decides whether a positive "gone" may remove somebody. Nil: it may, and it was
// counted. It fails closed the other way round than the rest: what is not certain removes
// nobody, and the person stays only as long as an old answer counts.
func (r *Registry) mayRemove(ctx context.Context, p Person, said time.Time, why Cause) error {
	o := r.organisations[p.CorpID]
	withheld := Happening{Kind: RemovalWithheld, CorpID: p.CorpID, Subject: p.Subject, Cause: why}
	switch {
	case !r.stands(ctx, o, p, said):
		withheld.Reason = "unproven"
		r.happened(ctx, withheld)
		return ErrUnvouched
	case why.DryRun:
		withheld.Reason = "dry_run"
		r.happened(ctx, withheld)
		return fmt.Errorf("%w: dry run", ErrWithheld)
	}
	return r.count(ctx, p, why)
}

// count takes one removal from what the hour allows. Before a share of those known engages
// the brake they are counted anew: an organisation that has only begun to log in grows faster
// than sweeps come.
func (r *Registry) count(ctx context.Context, p Person, why Cause) error {
	var engages, allowed, brink bool
	present := -1 // how many are known and not gone, once they were counted
	take := func(b *BrakeState) bool {
		now := now()
		if present >= 0 { // and who was removed within the hour, perhaps while we counted
			b.Known = present + len(b.Removals)
			b.Limit = r.brake.limit(b.Known)
		}
		counted := slices.ContainsFunc(b.Removals, func(m Removal) bool { return m.Subject == p.Subject && m.Epoch == p.Epoch })
		brink, engages, allowed = false, false, b.Engaged.IsZero() && (counted || b.confirmed(now))
		switch {
		case allowed, !b.Engaged.IsZero():
			return false
		case len(b.Removals) >= b.Limit && b.Limit < r.brake.MostPeople && present < 0:
			brink = true
			return false
		case len(b.Removals) >= b.Limit:
			b.Engaged, engages = now, true
		default:
			b.Removals, allowed = append(b.Removals, Removal{p.Subject, p.Epoch, now.UnixMilli()}), true
		}
		return true
	}
	state, err := r.changeBrake(ctx, p.CorpID, take)
	if err == nil && brink {
		if present, err = r.present(ctx, p.CorpID); err == nil {
			state, err = r.changeBrake(ctx, p.CorpID, take)
		}
	}
	if err != nil {
		return fmt.Errorf("count a removal: %w", err)
	}
	if allowed {
		return nil
	}
	e := Happening{Kind: BrakeEngaged, CorpID: p.CorpID, Cause: why, Reason: "too_many", Count: len(state.Removals)}
	if engages {
		r.happened(ctx, e)
	}
	e.Kind, e.Subject, e.Reason = RemovalWithheld, p.Subject, "brake"
	r.happened(ctx, e)
	return fmt.Errorf("%w: brake", ErrWithheld)
}

// Braked returns the brake of an organisation.
func (r *Registry) Braked(ctx context.Context, corpID string) (BrakeState, error) {
	return r.changeBrake(ctx, corpID, func(*BrakeState) bool { return false })
}

// Confirm says that the removals are right: for an hour they go on whatever their number.
// [Registry.Release] says that they were not: counting begins anew.
func (r *Registry) Confirm(ctx context.Context, corpID string) (BrakeState, error) {
	return r.changeBrake(ctx, corpID, func(b *BrakeState) bool {
		b.Engaged, b.Confirmed = time.Time{}, now().Add(brakeWindow)
		return true
	})
}

// Release takes the brake off; the next removals are counted from none.
func (r *Registry) Release(ctx context.Context, corpID string) (BrakeState, error) {
	return r.changeBrake(ctx, corpID, func(b *BrakeState) bool {
		b.Engaged, b.Confirmed, b.Removals = time.Time{}, time.Time{}, nil
		return true
	})
}

// Counted notes how many people of an organisation are known.
func (r *Registry) Counted(ctx context.Context, corpID string, known int) error {
	_, err := r.changeBrake(ctx, corpID, func(b *BrakeState) bool {
		changed := b.Known != known
		b.Known = known
		return changed
	})
	return err
}

// present counts who is known and not gone.
func (r *Registry) present(ctx context.Context, corpID string) (int, error) {
	everyone, err := r.Everyone(ctx, corpID)
	if err != nil {
		return -1, err
	}
	count := 0
	for some := range slices.Chunk(everyone, 200) {
		list, err := r.Load(ctx, some...)
		if err != nil {
			return -1, err
		}
		for _, p := range list {
			if !p.Gone {
				count++
			}
		}
	}
	return count, nil
}

// changeBrake applies a change to the brake as it is in the store now.
func (r *Registry) changeBrake(ctx context.Context, corpID string, change func(*BrakeState) bool) (BrakeState, error) {
	// Rivals are other replicas alone: the workers of one sweep would wear each other out.
	if o := r.organisations[corpID]; o != nil {
		o.counting.Lock()
		defer o.counting.Unlock()
	}
	op := storage.Get(brakeKey(corpID))
	_ = r.store.Together(ctx, op) // readBrake tells what the op's error means
	for range 16 {
		state, err := r.readBrake(op)
		if err != nil {
			return state, err
		}
		if !change(&state) {
			return state, nil
		}
		op = state.op(corpID)
		if err := r.store.Together(ctx, op); err == nil {
			state.version = op.Version
			return state, nil
		} else if !errors.Is(err, storage.ErrConflict) {
			return state, fmt.Errorf("write the brake: %w", err)
		}
	}
	return BrakeState{}, fmt.Errorf("write the brake: too many rivals: %w", storage.ErrUnknown)
}

func (r *Registry) readBrake(op *storage.Op) (BrakeState, error) {
	state := BrakeState{Limit: r.brake.limit(0)}
	if errors.Is(op.Err, storage.ErrNotFound) {
		return state, nil
	}
	if op.Err != nil && !errors.Is(op.Err, storage.ErrConflict) {
		return state, fmt.Errorf("read the brake: %w", op.Err)
	}
	var rec brakeRecord
	if err := json.Unmarshal(op.Value, &rec); err != nil || rec.Format != format {
		return state, fmt.Errorf("read the brake: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	since := now().Add(-brakeWindow).UnixMilli()
	state.Removals = slices.DeleteFunc(rec.Removals, func(m Removal) bool { return m.At < since })
	state.Known, state.Limit, state.version = rec.Known, r.brake.limit(rec.Known), op.Version
	if rec.Engaged != 0 {
		state.Engaged = time.UnixMilli(rec.Engaged)
	}
	if rec.Confirmed != 0 {
		state.Confirmed = time.UnixMilli(rec.Confirmed)
	}
	return state, nil
}

func (b BrakeState) op(corpID string) *storage.Op {
	rec := brakeRecord{Format: format, Removals: b.Removals, Known: b.Known}
	if !b.Engaged.IsZero() {
		rec.Engaged = b.Engaged.UnixMilli()
	}
	if !b.Confirmed.IsZero() {
		rec.Confirmed = b.Confirmed.UnixMilli()
	}
	value, err := json.Marshal(rec)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	if b.version == (storage.Version{}) {
		return storage.Create(brakeKey(corpID), value, 0)
	}
	return storage.Swap(brakeKey(corpID), b.version, value, 0)
}
