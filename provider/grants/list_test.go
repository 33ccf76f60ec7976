package grants

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// listed are the living grants of a person's list, as a caller reads them.
func listed(t *testing.T, l *Ledger, subject [16]byte) (list []Grant, more bool) {
	t.Helper()
	op := l.FetchList(subject)
	do(t, l, op)
	refs, more, err := l.ReadList(subject, op)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs {
		g, err := read(t, l, ref)
		if err == nil && g.Lives() {
			list = append(list, g)
		} else if err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
	}
	return list, more
}

// kept issues a grant and puts it on the list, as the callers do.
func kept(t *testing.T, l *Ledger, r Request) Ref {
	t.Helper()
	ref, op := l.Issue(r)
	for _, op := range append(l.Enlist(ref, r.Refreshable), op) {
		do(t, l, op)
	}
	return ref
}

func TestG12_WhatIsListed(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		want := func(what string, want ...Ref) {
			t.Helper()
			got, more := listed(t, l, testSubject)
			var refs []Ref
			for _, g := range got {
				refs = append(refs, g.Ref)
			}
			if !slices.Equal(refs, want) || more {
				t.Errorf("%s: %v, more %v, want %v", what, refs, more, want)
			}
		}
		redeem := func(ref Ref) Grant {
			t.Helper()
			g, err := read(t, l, ref)
			if err == nil {
				g, err = l.Redeem(t.Context(), g)
			}
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		want("nothing granted")
		bound := request()
		bound.Session = [16]byte{9}
		redeem(kept(t, l, bound))
		somebody := request()
		somebody.Subject = [16]byte{7}
		redeem(kept(t, l, somebody))
		want("neither what ends with a session, nor another's")

		made := time.Now()
		first := kept(t, l, request())
		want("no code that nobody came for")
		g := redeem(first)
		want("offline_access", first)
		time.Sleep(time.Hour)
		device := request()
		device.RedirectURI, device.SessionID = "", ""
		second, op := l.IssueActive(device)
		for _, op := range append(l.Enlist(second.Ref, true), op) {
			do(t, l, op)
		}
		want("the newest first", second.Ref, first)
		if !second.OnDevice() || g.OnDevice() {
			t.Error("which of them is a device")
		}
		if !l.Issued(g).Truncate(time.Second).Equal(made.Truncate(time.Second)) || !l.Used(g).Equal(l.Issued(g)) {
			t.Errorf("made %v, issued %v, used %v", made, l.Issued(g), l.Used(g))
		}
		g, _, err := l.Rotate(t.Context(), g, 1)
		if err != nil || time.Since(l.Used(g)) > time.Second || !l.Issued(g).Truncate(time.Second).Equal(made.Truncate(time.Second)) {
			t.Errorf("issued %v, used %v after a refresh: %v", l.Issued(g), l.Used(g), err)
		}
		if err := l.End(t.Context(), second, "for the test"); err != nil {
			t.Fatal(err)
		}
		want("without what was ended", first)
		time.Sleep(15 * 24 * time.Hour)
		want("without what was not used for too long")
	})
}

func TestG12_AListIsCutAndTakesNothingStrange(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		for _, member := range []string{" ", "1", "1 ", "x AAAAAAAAAAAAAAAAAAAAAA", "1 AAAA", "1 AAAAAAAAAAAAAAAAAAAAAA=", "99999999999999999999 AAAAAAAAAAAAAAAAAAAAAA"} {
			do(t, l, storage.Join(listOf(testSubject), member, time.Hour))
		}
		var newest Ref
		for range mostListed + 3 {
			newest = Ref{ID: newID(), Subject: testSubject}
			do(t, l, l.Enlist(newest, true)[0])
			time.Sleep(time.Second)
		}
		op := l.FetchList(testSubject)
		do(t, l, op)
		refs, more, err := l.ReadList(testSubject, op)
		if err != nil || len(refs) != mostListed || !more || refs[0] != newest {
			t.Errorf("%d, more %v, %v", len(refs), more, err)
		}
		if _, _, err := l.ReadList(testSubject, &storage.Op{Err: storage.ErrUnknown}); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("a list that could not be read: %v", err)
		}
		if len(newest.IDText()) != 22 || l.Enlist(Ref{Session: [16]byte{1}}, true) != nil {
			t.Error("enlisted")
		}
	})
}

// TestG12_AllOfSomeAreEnded: whoever changes one of them meanwhile, and whatever is over.
func TestG12_AllOfSomeAreEnded(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		var list []Grant
		for range 5 {
			g, op := l.IssueActive(request())
			do(t, l, op)
			g, err := read(t, l, g.Ref)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, g)
		}
		if _, _, err := l.Rotate(t.Context(), list[1], 1); err != nil { // refreshed since it was read
			t.Fatal(err)
		}
		if err := l.End(t.Context(), list[2], "before"); err != nil {
			t.Fatal(err)
		}
		do(t, l, storage.Delete(list[3].Ref.key()))
		for range 2 {
			if err := l.EndAll(t.Context(), list, "for the test"); err != nil {
				t.Fatal(err)
			}
			for i, g := range list {
				got, err := read(t, l, g.Ref)
				if gone := errors.Is(err, ErrInvalid); gone != (i == 3) || !gone && (err != nil || got.State != Ended) {
					t.Errorf("grant %d: %q, %v", i, got.State, err)
				}
			}
		}
		if err := l.EndAll(t.Context(), nil, "nothing"); err != nil {
			t.Error(err)
		}
	})
}

// TestG12_WhatMayLiveIsAnError though the others are ended.
func TestG12_WhatMayLiveIsAnError(t *testing.T) {
	inTime(t, func(t *testing.T, l *Ledger) {
		var list []Grant
		for range 3 {
			g, op := l.IssueActive(request())
			do(t, l, op)
			list = append(list, g)
		}
		for i := range list {
			list[i], _ = read(t, l, list[i].Ref)
		}
		store := l.store
		l.store = storagetest.Faulty(store, func(op *storage.Op) storagetest.Fault {
			if op.Key == list[1].Ref.key() {
				return storagetest.FailBefore
			}
			return storagetest.NoFault
		})
		err := l.EndAll(t.Context(), list, "for the test")
		l.store = store
		if !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("told %v", err)
		}
		for i, want := range []State{Ended, Active, Ended} {
			if got, err := read(t, l, list[i].Ref); err != nil || got.State != want {
				t.Errorf("grant %d: %q, %v", i, got.State, err)
			}
		}
	})
}
