package dingtalk

import (
	"context"
	"time"
)

// A lane says who waits for an answer, and so who goes first where calls are few.
type lane uint8

const (
	lanePerson     lane = iota // somebody in front of a screen; the lane of any context
	laneBackground             // a question about somebody that nobody waits for
	laneSweep                  // one of the questions about everybody
	lanes
)

// patience is how long a lane waits for room; nought is as long as its context lasts.
var patience = [lanes]time.Duration{lanePerson: 4 * time.Second, laneBackground: 10 * time.Second}

// share is how many of n calls a lane may use, all lanes' calls counted: background only
// while at least a quarter stays free, sweeps while half does, and each at least one.
func (l lane) share(n int) int {
	switch l {
	case laneBackground:
		n -= (n + 3) / 4
	case laneSweep:
		n -= (n + 1) / 2
	}
	return max(n, 1)
}

type laneKey struct{}

// InBackground is ctx for calls that nobody waits for, such as a recheck. They leave room
// for those somebody waits for (promise U11).
func InBackground(ctx context.Context) context.Context { return inLane(ctx, laneBackground) }

// InSweep is ctx for calls about everybody, which give way to all others.
func InSweep(ctx context.Context) context.Context { return inLane(ctx, laneSweep) }

func inLane(ctx context.Context, l lane) context.Context { return context.WithValue(ctx, laneKey{}, l) }

func laneOf(ctx context.Context) lane {
	l, _ := ctx.Value(laneKey{}).(lane)
	return l
}
