package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDriveRunsUntilTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := func(_ context.Context, lap lap) error {
			time.Sleep(time.Second)
			lap(stepTotal, time.Second)
			return nil
		}
		l := drive(t.Context(), []op{second, second}, 9500*time.Millisecond, 0)
		if l.done != 20 || l.elapsed != 10*time.Second || len(l.steps[stepTotal]) != 20 || l.failed() != 0 {
			t.Errorf("%d done in %v", l.done, l.elapsed)
		}
	})
}

func TestDriveRunsUntilTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("bad")
		n := 0
		every := func(_ context.Context, lap lap) error {
			if n++; n%2 == 0 {
				lap(stepToken, time.Second)
				return bad
			}
			return nil
		}
		l := drive(t.Context(), []op{every}, time.Minute, 7)
		if l.done != 4 || l.failed() != 3 || l.errors["bad"] != 3 || len(l.steps) != 0 {
			t.Errorf("%+v", l)
		}
		if got := l.commonest(5); len(got) != 1 || got[0] != "bad" {
			t.Errorf("commonest: %q", got)
		}
	})
}

func TestDriveEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := drive(ctx, []op{func(context.Context, lap) error { cancel(); return nil }}, time.Minute, 0)
		if l.done != 1 {
			t.Errorf("%d done", l.done)
		}
	})
}

func TestQuantiles(t *testing.T) {
	var took []time.Duration
	for i := range 1000 {
		took = append(took, time.Duration(999-i)*time.Millisecond)
	}
	if q := quantiles(took); q.P50 != 499 || q.P99 != 989 {
		t.Errorf("%+v", q)
	}
	if q := quantiles([]time.Duration{time.Second}); q.P50 != 1000 || q.P99 != 1000 {
		t.Errorf("of one: %+v", q)
	}
	if q := quantiles(nil); q != (quantile{}) {
		t.Errorf("of none: %+v", q)
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{2}, spread{2, 2, 2}},
		{[]float64{3, 1}, spread{2, 1, 3}},
		{[]float64{9, 1, 5}, spread{5, 1, 9}},
	} {
		if got := spreadOf(test.values); got != test.want {
			t.Errorf("%v: %+v", test.values, got)
		}
	}
}
