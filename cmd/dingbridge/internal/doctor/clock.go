package doctor

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// From these differences on a clock is told. DingTalk refuses signatures that are more
// than a minute off (853002); apps commonly suffer less in a token.
const (
	clockOff   = 20 * time.Second
	clockWrong = 60 * time.Second
)

// clock compares ours with the one that DingTalk's answers show. The smallest
// difference counts: a slow answer makes it larger, nothing makes it smaller.
func (v *visit) clock() {
	if len(v.clocks) == 0 {
		if len(v.answered) > 0 || v.clockRefused != nil {
			v.unreadClock()
		}
		return
	}
	skew := slices.MinFunc(v.clocks, func(a, b dingtalk.Probe) int { return cmp.Compare(a.Skew.Abs(), b.Skew.Abs()) }).Skew
	val := values{"seconds": strconv.Itoa(int(skew / time.Second))}
	switch {
	case v.clockRefused != nil && skew.Abs() < clockWrong:
		v.unreadClock() // something in between has a clock of its own
	case skew.Abs() >= clockWrong && v.has(signed...):
		v.tell("clock-wrong", val, v.clockRefused)
	case skew.Abs() >= clockOff:
		v.find("clock-off", val)
	default:
		v.find("clock-ok", val)
	}
}

// unreadClock tells what is known without a difference that could be measured.
func (v *visit) unreadClock() {
	if v.clockRefused != nil {
		v.tell("clock-wrong", values{"seconds": "> 60"}, v.clockRefused)
		return
	}
	v.find("clock-unread", nil)
}
