package dingtalk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestStatus: what a person or a code is refused for is an answer; what is a failure is counted
// from the last answer on.
func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		c, err := New(Config{CorpID: "ding1", ClientID: "app", ClientSecret: "secret", Observe: func(context.Context, Sent) { told++ }})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Status(); len(got) != 0 {
			t.Errorf("before any call: %+v", got)
		}
		began := time.Now()
		for i, err := range []error{nil, &Error{Reason: ReasonOutsider}, &Error{Reason: ReasonCodeRejected}, &Error{Reason: ReasonDisabled}, &Error{Reason: ReasonOutOfRange}} {
			c.observe(t.Context(), Sent{Call: CallMe, Took: time.Second, Err: err})
			if got := c.Status(); len(got) != 1 || got[0] != (CallStatus{Call: CallMe, Answered: time.Now(), Took: time.Second}) {
				t.Errorf("answer %d: %+v", i, got)
			}
			time.Sleep(time.Minute)
		}
		failing := time.Now()
		for _, reason := range []Reason{ReasonStrange, ReasonPermission, ReasonConfig, ReasonClock, ReasonThrottled, ReasonUnavailable} {
			c.observe(t.Context(), Sent{Call: CallMe, Took: time.Hour, Err: &Error{Reason: reason}})
			time.Sleep(time.Minute)
		}
		c.observe(t.Context(), Sent{Call: CallAppToken, Err: errors.New("odd")})
		got := c.Status()
		want := CallStatus{Call: CallMe, Answered: began.Add(4 * time.Minute), Took: time.Second, Fails: 6, Failing: failing,
			Failed: failing.Add(5 * time.Minute), Reason: ReasonUnavailable, LastError: "dingtalk unavailable"}
		if len(got) != 2 || got[0].Call != CallAppToken || got[0].Fails != 1 || got[0].Reason != ReasonStrange || got[1] != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		c.observe(t.Context(), Sent{Call: CallMe, Took: time.Millisecond})
		if got := c.Status()[1]; got.Fails != 0 || got.LastError != "" || !got.Failing.IsZero() || !got.Answered.Equal(time.Now()) {
			t.Errorf("again: %+v", got)
		}
		if told != 13 {
			t.Errorf("the observer was told %d times", told)
		}
	})
}
