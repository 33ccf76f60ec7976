package storagetest

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// A Harness is a back end as the suite sees it.
type Harness struct {
	// Open makes a store with no data in it, closed when the test ends.
	Open func(t *testing.T) storage.Store

	// Peers makes n stores on the same data, as n processes would have. Nil if
	// the back end serves one process.
	Peers func(t *testing.T, n int) []storage.Store

	// Lossy makes a store and a function that makes it lose its next n replies,
	// after their commands took effect. Nil if nothing can be lost.
	Lossy func(t *testing.T) (s storage.Store, lose func(n int))

	// Virtual says that the back end takes its time from package time, so that
	// lives are tested in a bubble of testing/synctest, in which Open is called.
	// Otherwise they are short and real.
	Virtual bool
}

// peers returns n stores on the same data, of a back end that has only one store
// the same one n times.
func (h Harness) peers(t *testing.T, n int) []storage.Store {
	if h.Peers != nil {
		return h.Peers(t, n)
	}
	one := h.Open(t)
	all := make([]storage.Store, n)
	for i := range all {
		all[i] = one
	}
	return all
}

// timed runs a test of lives. short is a life that the test may wait for; an
// assertion may say that something has ended, never that it has not ended yet,
// unless its life is long.
func (h Harness) timed(t *testing.T, test func(t *testing.T, s storage.Store, short time.Duration)) {
	if h.Virtual {
		synctest.Test(t, func(t *testing.T) { test(t, h.Open(t), 20*time.Minute) })
		return
	}
	test(t, h.Open(t), 60*time.Millisecond)
}

// long is a life that outlasts every test.
const long = 1000 * time.Hour

// Run proves each promise of package storage as a subtest with its number.
func Run(t *testing.T, h Harness) {
	for _, p := range []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"Verbs", testVerbs},
		{"S1_CreateHasOneWinner", testCreateRace},
		{"S1_AnEndedValueIsNoRival", testCreateAfterEnd},
		{"S2_SwapNeedsTheVersionThatWasRead", testSwap},
		{"S2_SwapHasOneWinner", testSwapRace},
		{"S3_ALostReplyIsNotAConflict", testLost},
		{"S3_ALostReplyHidesNoConflict", testLostConflict},
		{"S3_LostRepliesInARace", testLostRace},
		{"S4_NothingOutlivesItsLife", testLives},
		{"S4_AWriteSetsTheLifeAnew", testLivesAnew},
		{"S5_AContextThatEndedIsUnknown", testContext},
		{"S5_AClosedStoreIsUnknown", testClosed},
		{"S5_WrongUseIsUnknown", testWrongUse},
		{"S6_EveryOpHasItsOwnResult", testTogether},
		{"S6_OpsAreDoneInOrder", testOrder},
		{"S6_TogetherFromManySides", testTogetherRace},
		{"S7_MembersEndOneByOne", testMembersEnd},
		{"S7_ARenewalNeverShortens", testMembersRenew},
		{"S7_NoMemberIsForgottenInARace", testMembersRace},
		{"Sizes", testSizes},
		{"Keys", testKeys},
	} {
		t.Run(p.name, func(t *testing.T) { p.test(t, h) })
	}
}

// do performs one op.
func do(t *testing.T, s storage.Store, op *storage.Op) *storage.Op {
	t.Helper()
	if err := s.Together(t.Context(), op); !errors.Is(err, op.Err) {
		t.Fatalf("Together = %v, but the op's error is %v", err, op.Err)
	}
	return op
}

// must performs one op that has to succeed.
func must(t *testing.T, s storage.Store, op *storage.Op) *storage.Op {
	t.Helper()
	if do(t, s, op); op.Err != nil {
		t.Fatalf("%s %q: %v", op.Verb, op.Key, op.Err)
	}
	return op
}

// fails performs one op that has to fail with want, and with nothing else.
func fails(t *testing.T, s storage.Store, op *storage.Op, want error) *storage.Op {
	t.Helper()
	do(t, s, op)
	wantError(t, op, want)
	return op
}

func wantError(t *testing.T, op *storage.Op, want error) {
	t.Helper()
	for _, e := range []error{storage.ErrNotFound, storage.ErrConflict, storage.ErrUnknown} {
		if errors.Is(op.Err, e) != (e == want) {
			t.Fatalf("%s %q: error %v, want %v", op.Verb, op.Key, op.Err, want)
		}
	}
}

// holds checks what an op brought back.
func holds(t *testing.T, op *storage.Op, value string, version storage.Version) {
	t.Helper()
	if !bytes.Equal(op.Value, []byte(value)) {
		t.Fatalf("%s %q: value %q, want %q", op.Verb, op.Key, shorten(op.Value), shorten([]byte(value)))
	}
	if op.Version != version {
		t.Fatalf("%s %q: version %x, want %x", op.Verb, op.Key, op.Version, version)
	}
}

func shorten(b []byte) []byte { return b[:min(len(b), 40)] }
