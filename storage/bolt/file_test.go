package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// checkFile closes the store, lets bbolt check its pages, and checks that the
// bucket of ends lists what has an end and nothing else.
func checkFile(t *testing.T, s *bolt.Store, path string) (records, ends int) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("page check: %v", err)
		}
		listed := map[string]bool{}
		_ = tx.Bucket([]byte("end")).ForEach(func(k, _ []byte) error {
			listed[string(k)] = true
			return nil
		})
		ends = len(listed)
		for kind, bucket := range map[string]string{"v": "value", "m": "member"} {
			_ = tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
				records++
				if end := string(v[:8]); end != strings.Repeat("\xff", 8) {
					if !listed[end+kind+string(k)] {
						t.Errorf("%s %q has an end that is not listed", bucket, k)
					}
					delete(listed, end+kind+string(k))
				}
				return nil
			})
		}
		for entry := range listed {
			t.Errorf("an end is listed of what is not there: %q", entry)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, ends
}

func TestB4_SweepKeepsTheFileSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, path)
		var first int64
		for day := range 6 {
			// A day of abandoned logins, 100 to a commit as from many browsers.
			for range 20 {
				ops := make([]*storage.Op, 0, 101)
				for i := range 100 {
					ops = append(ops, storage.Create(fmt.Sprintf("login/%d/%d/%d", day, time.Now().UnixNano(), i), make([]byte, 1000), 10*time.Minute))
				}
				ops = append(ops, storage.Join("sessions-of/somebody", fmt.Sprint(time.Now().UnixNano()), time.Hour))
				if err := s.Together(t.Context(), ops...); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
			}
			time.Sleep(23 * time.Hour) // nobody writes: the sweep has to run by itself
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if day == 0 {
				first = info.Size()
			} else if info.Size() > 2*first {
				t.Fatalf("day %d: the file grew from %d to %d bytes", day, first, info.Size())
			}
		}
		if records, ends := checkFile(t, s, path); records != 0 || ends != 0 {
			t.Errorf("%d records and %d ends are left of what has ended", records, ends)
		}
	})
}

func TestB4_BusyWritersSweepAlong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, path)
		for i := range 2000 { // about 20 live at any time
			if err := s.Together(t.Context(), storage.Create(fmt.Sprint(i), nil, 20*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if records, _ := checkFile(t, s, path); records > 200 {
			t.Errorf("%d records, though writers went on all the time", records)
		}
	})
}

// TestEndsStayTrue moves ends in every way and then checks the file.
func TestEndsStayTrue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, path)
		lives := []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour}
		for i, a := range lives {
			for j, b := range lives {
				key := fmt.Sprint(i, "/", j)
				made := storage.Create(key, nil, a)
				if err := s.Together(t.Context(), made); err != nil {
					t.Fatal(err)
				}
				ops := []*storage.Op{
					storage.Swap(key, made.Version, nil, b), storage.Put("put"+key, nil, a), storage.Put("put"+key, nil, b),
					storage.Join("s"+key, "m", a), storage.Join("s"+key, "m", b), storage.Join("gone", key, a),
					storage.Put("deleted"+key, nil, a), storage.Delete("deleted" + key),
				}
				if err := s.Together(t.Context(), ops...); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(30 * time.Minute)
		if err := s.Together(t.Context(), storage.Delete("gone"), storage.Delete("0/0")); err != nil {
			t.Fatal(err)
		}
		if records, _ := checkFile(t, s, path); records == 0 {
			t.Error("nothing left")
		}
	})
}

// TestB2 counts commits by the file's own transaction number.
func TestB2_ManyWritersShareOneCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	const writers = 400
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			<-start
			if err := s.Together(t.Context(), storage.Create(fmt.Sprint(i), nil, 0)); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error {
		if tx.ID() > writers/2 {
			t.Errorf("%d writers took %d commits", writers, tx.ID())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestB5_ClosedInTheMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	var done sync.Map
	var wg sync.WaitGroup
	var count atomic.Int64
	for w := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				create := storage.Create(fmt.Sprint(w, "/", n), nil, 0)
				switch err := s.Together(context.Background(), create); {
				case err == nil:
					done.Store(create.Key, create.Version)
					count.Add(1)
				case errors.Is(err, storage.ErrUnknown):
					return
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	for count.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	wg.Wait()
	s = open(t, path)
	done.Range(func(key, version any) bool {
		got := storage.Get(key.(string))
		if err := s.Together(t.Context(), got); err != nil || got.Version != version.(storage.Version) {
			t.Errorf("%s was answered before Close and is lost: %v", key, err)
		}
		return true
	})
}

func TestOpenFaults(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a bolt file\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"folder": dir, "no folder": filepath.Join(dir, "none", "x"), "garbage": garbage} {
		if s, err := bolt.Open(path); err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v does not name the file", name, err)
		}
	}
	if got, _ := os.ReadFile(garbage); !strings.HasPrefix(string(got), "not a bolt file\n") {
		t.Error("a file that is not ours was changed")
	}
	path := filepath.Join(dir, "state.db")
	open(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestS5_StrangeRecords: what another program wrote into our buckets is unknown,
// neither "not found" nor replaced.
func TestS5_StrangeRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	open(t, path).Close()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(
			tx.Bucket([]byte("value")).Put([]byte("short"), []byte("abc")),
			tx.Bucket([]byte("member")).Put([]byte("\x00\x03setm"), []byte("abc")),
			tx.Bucket([]byte("end")).Put([]byte("odd"), nil),
		)
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	for _, op := range []*storage.Op{
		storage.Get("short"), storage.Create("short", nil, 0), storage.Swap("short", storage.Version{}, nil, 0),
		storage.Members("set"), storage.Join("set", "m", 0),
	} {
		neighbour := storage.Put("neighbour", nil, 0)
		if err := s.Together(t.Context(), op, neighbour); !errors.Is(err, storage.ErrUnknown) || neighbour.Err != nil {
			t.Errorf("%s: %v, neighbour %v", op.Verb, err, neighbour.Err)
		}
	}
}
