package login

import (
	"slices"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func TestL7_AStateNamesWayAndOrganisation(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		sealed := map[string]bool{}
		for _, corp := range []string{"dingone", "dingtwo"} {
			for _, way := range Ways() {
				state := s.Seal(opened.For(corp, way))
				got, err := s.Open(state, mine)
				if err != nil || got.Way != way || !got.Leads(corp) || got.Leads(corp+"x") || got.Leads("") || got.ID != opened.ID || sealed[state] {
					t.Errorf("%s by %s: %+v, %v, seen before: %v", corp, way, got, err, sealed[state])
				}
				sealed[state] = true
			}
		}
		none := opened.For("dingone", "")
		if none.Leads("dingone") || none.Leads("") {
			t.Error("a state without a way leads into an organisation")
		}
	})
}

// TestL7_TheSameCodeOtherwise shows the code that is being worked on once more, by
// another way or for another organisation.
func TestL7_TheSameCodeOtherwise(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		first, err := s.Claim(t.Context(), opened, answer)
		if err != nil {
			t.Fatal(err)
		}
		others := []State{opened.For("dingother", OAuth2), opened.For("dingcorp", Frame), opened.For("dingcorp", "")}
		for _, other := range others {
			_, err := s.Claim(t.Context(), other, answer)
			want(t, err, ErrOtherAnswer)
		}
		finish(t, s, first)
		for _, other := range others {
			_, err := s.Claim(t.Context(), other, answer)
			want(t, err, ErrOtherAnswer)
		}
		if again, err := s.Claim(t.Context(), opened, answer); err != nil || again.Done == nil {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

func TestReadClaimsNothing(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		counter := storagetest.Count(s.store)
		s.store = counter
		mine := NewBinding()
		_, opened := begin(t, s, mine)
		counter.Reset()
		for range 3 {
			if l, err := s.Read(t.Context(), opened); err != nil || l.ClientID != "app" {
				t.Fatalf("%+v, %v", l, err)
			}
		}
		if counter.Trips() != 3 {
			t.Errorf("%d trips for three reads", counter.Trips())
		}
		l, err := s.Claim(t.Context(), opened, answer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context(), opened); err != nil {
			t.Error("a login that is claimed and not finished:", err)
		}
		again, err := s.Again(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context(), opened)
		want(t, err, ErrExpired)
		if _, err = s.Read(t.Context(), again); err != nil {
			t.Error(err)
		}
		time.Sleep(s.Left(again))
		_, err = s.Read(t.Context(), again)
		want(t, err, ErrExpired)
	})
}

func TestWays(t *testing.T) {
	for _, way := range Ways() {
		if got, ok := ParseWay(string(way)); !ok || got != way {
			t.Errorf("%s: %s, %v", way, got, ok)
		}
	}
	for _, text := range []string{"", "OAuth2", "qr", "inapp "} {
		if _, ok := ParseWay(text); ok {
			t.Errorf("%q is a way", text)
		}
	}
	full := slices.DeleteFunc(Ways(), func(w Way) bool { return !w.FullPage() })
	if !slices.Equal(full, []Way{OAuth2, Sns, Password}) {
		t.Errorf("pages of DingTalk's own: %v", full)
	}
}
