package people

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
)

// TestP7_OnlyTheVeryBytesAreRemembered: what a record said is remembered for these
// bytes and this person, and for nothing else.
func TestP7_OnlyTheVeryBytesAreRemembered(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	p := h.login(t, account, member)
	value := h.writeRecord(p)
	remembered, err := h.readRecord(p.Subject, value)
	if err != nil {
		t.Fatal(err)
	}
	h.recall = recall{}
	opened, err := h.readRecord(p.Subject, value)
	if err != nil || !reflect.DeepEqual(opened, remembered) {
		t.Errorf("opened %+v, remembered %+v: %v", opened, remembered, err)
	}
	if _, err := h.readRecord(SubjectOf(p.CorpID, "somebody else"), value); err == nil {
		t.Error("another person's record was remembered")
	}
	ended := p
	ended.Epoch++
	if q, err := h.readRecord(p.Subject, h.writeRecord(ended)); err != nil || q.Epoch != p.Epoch+1 {
		t.Errorf("after a change: epoch %d, %v", q.Epoch, err)
	}
	changed := slices.Clone(value)
	changed[len(changed)/2] ^= 1
	if _, err := h.readRecord(p.Subject, changed); err == nil {
		t.Error("a record that somebody changed was remembered")
	}
}

// TestRecallIsBounded: what is used stays, and there is never more than two halves.
func TestRecallIsBounded(t *testing.T) {
	var m recall
	m.keep([]byte("used"), Person{Subject: "used"})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 3 * recallSize {
				m.keep(fmt.Appendf(nil, "%d %d", worker, i), Person{Subject: "other"})
				if i%64 == 0 {
					if _, found := m.find("used", []byte("used")); !found {
						t.Error("what was used is gone")
						return
					}
				}
			}
		})
	}
	all.Wait()
	if len(m.young) > recallSize || len(m.old) > recallSize {
		t.Errorf("%d and %d", len(m.young), len(m.old))
	}
	if _, found := m.find("other", []byte("0 0")); found {
		t.Error("what was of no use is still there")
	}
}
