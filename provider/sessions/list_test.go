package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// listed are the sessions of a person that live, as a caller reads them.
func listed(t *testing.T, g *Register, store storage.Store, subject [16]byte) (list []Session, more bool) {
	t.Helper()
	op := g.FetchList(subject)
	if err := store.Together(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	entries, more, err := g.ReadList(subject, op)
	if err != nil {
		t.Fatal(err)
	}
	var ops []*storage.Op
	for _, e := range entries {
		ops = append(ops, e.Ops()...)
	}
	store.Together(t.Context(), ops...) // each op has its own error
	for _, e := range entries {
		s, err := g.ReadEntry(e)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list, more
}

func ids(list []Session) (ids []ID) {
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestE8_WhoseSessionsAreListed(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		want := func(what string, want ...Session) {
			t.Helper()
			if got, more := listed(t, g, store, anna); !slices.Equal(ids(got), ids(want)) || more {
				t.Errorf("%s: %v, more %v, want %v", what, ids(got), more, ids(want))
			}
		}
		want("before any login")
		first, _ := start(t, g, store, anna, nil)
		start(t, g, store, bert, nil)
		time.Sleep(time.Minute)
		second, _ := start(t, g, store, anna, nil)
		want("the newest first, and nobody else's", second, first)

		time.Sleep(time.Minute)
		again, _ := start(t, g, store, anna, &first) // the same browser, under another cookie
		want("once, though it had two cookies", again, second)
		if again.ID != first.ID || !again.Began().Equal(first.Began()) || again.AuthTime().Equal(first.AuthTime()) {
			t.Errorf("it began %v, and went on %v", first.Began(), again.Began())
		}

		if err := store.Together(t.Context(), g.End(second)...); err != nil {
			t.Fatal(err)
		}
		want("without the one that was ended", again)
		// Its note alone ends a session: the record may have stayed.
		third, _ := start(t, g, store, anna, nil)
		store.Together(t.Context(), g.End(third)[0])
		want("without the one whose end is noted", again)

		other, _ := start(t, g, store, bert, &again) // somebody else at the same browser
		want("without the one that another person's login ended")
		if got, _ := listed(t, g, store, bert); len(got) != 2 || !slices.Contains(ids(got), other.ID) {
			t.Errorf("the other's: %v", ids(got))
		}

		last, _ := start(t, g, store, anna, nil)
		want("a new one", last)
		time.Sleep(13 * time.Hour)
		want("without the one that was idle too long")
	})
}

func TestE8_AListIsCut(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		var newest Session
		for range mostListed + 5 {
			newest, _ = start(t, g, store, anna, nil)
			time.Sleep(time.Second)
		}
		got, more := listed(t, g, store, anna)
		if len(got) != mostListed || !more || got[0].ID != newest.ID {
			t.Errorf("%d of %d, more %v, first %v", len(got), mostListed+5, more, got[0].ID)
		}
	})
}

// TestE8_StrangeLinesAreNoSessions: nothing that stands in a set makes up a session.
func TestE8_StrangeLinesAreNoSessions(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		mine, _ := start(t, g, store, anna, nil)
		theirs, _ := start(t, g, store, bert, nil)
		good := line{time.Now(), mine.ID, mine.Ref.hash}.String()
		for _, member := range []string{"", " ", "x y z", good[1:], good + "=", mine.ID.String() + " grafana",
			line{time.Now(), theirs.ID, mine.Ref.hash}.String(), // another id over a record
			line{time.Now(), mine.ID, mine.Ref.hash[:42]}.String(),
			line{time.UnixMilli(-1), mine.ID, mine.Ref.hash}.String(),
			strings.Repeat("\xff", lineSize), strings.Repeat("\x00", lineSize)} {
			if err := store.Together(t.Context(), storage.Join(listOf(anna), member, time.Hour)); err != nil && member != "" {
				t.Fatal(err)
			}
		}
		if got, _ := listed(t, g, store, anna); len(got) != 1 || got[0].ID != mine.ID {
			t.Errorf("listed %v", ids(got))
		}
	})
}

// TestE8_AListThatCannotBeRead is no empty one.
func TestE8_AListThatCannotBeRead(t *testing.T) {
	g := New(Config{})
	if _, _, err := g.ReadList(anna, &storage.Op{Err: storage.ErrUnknown}); !errors.Is(err, storage.ErrUnknown) {
		t.Error(err)
	}
	live := func(op *storage.Op) *storage.Op { op.Err = storage.ErrNotFound; return op }
	for _, broken := range []int{0, 1} {
		e := Entry{record: live(storage.Get("r")), ended: live(storage.Get("e"))}
		e.Ops()[broken].Err = storage.ErrUnknown
		if _, err := g.ReadEntry(e); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("op %d: %v", broken, err)
		}
	}
}

func TestE9_WordsAreFewAndOptional(t *testing.T) {
	inTime(t, func(t *testing.T, g *Register, store storage.Store) {
		for _, words := range []string{"", "Chrome, Windows", strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("张", 4000)} {
			s, cookie, ops, err := g.Start(Login{Subject: anna, AuthTime: time.Now(), Secret: secretOf(), Agent: words, Address: words})
			if err == nil {
				err = store.Together(t.Context(), ops...)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := look(t, g, store, cookie)
			if err != nil || got.Agent != s.Agent || len(got.Agent) > mostWords || len(got.Address) > mostWords || !strings.HasPrefix(words, got.Agent) || len(words) <= mostWords && got.Agent != words {
				t.Errorf("%.20q became %q and %q: %v", words, got.Agent, got.Address, err)
			}
		}
		// As it was written before there were any.
		s, cookie := start(t, g, store, bert, nil)
		old, err := json.Marshal(map[string]any{"f": 1, "co": "ding", "sid": s.ID, "e": 7, "at": s.record.AuthTime, "en": s.record.Ends, "s": s.Seen})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Together(t.Context(), storage.Swap(s.Ref.key(), versionOf(t, g, store, cookie), old, time.Hour)); err != nil {
			t.Fatal(err)
		}
		got, err := look(t, g, store, cookie)
		if err != nil || got.Agent != "" || got.Address != "" || !got.Began().Equal(got.AuthTime()) || got.ID != s.ID || fmt.Sprint(got.Used()) != fmt.Sprint(s.Used()) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func versionOf(t *testing.T, g *Register, store storage.Store, cookie string) storage.Version {
	t.Helper()
	s, err := look(t, g, store, cookie)
	if err != nil {
		t.Fatal(err)
	}
	return s.version
}
