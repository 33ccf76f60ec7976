package device

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// proves: user codes as people type them | RFC 8628 section 6.1
func TestD4_TypedAsPeopleType(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		c := begin(t, s)
		code, ok := NormalizeUserCode(c.UserCode)
		if !ok || FormatUserCode(code) != c.UserCode || len(c.UserCode) != 9 {
			t.Fatalf("shown as %q", c.UserCode)
		}
		wide := strings.Map(func(r rune) rune { return r - '!' + '！' }, c.UserCode)
		for _, typed := range []string{
			c.UserCode, code, strings.ToLower(c.UserCode), " " + strings.ToLower(code[:4]) + "  " + code[4:] + "\t\n", strings.Join(strings.Split(code, ""), "-"),
			wide, strings.ToLower(wide), code[:4] + "—" + code[4:], code[:4] + "\u3000" + code[4:], code[:4] + "‑" + code[4:], "--" + code,
		} {
			if r, err := s.Find(t.Context(), anna, typed); err != nil || r.ID != c.ID {
				t.Errorf("%q: %v", typed, err)
			}
		}
		for _, typed := range []string{"", "-", code[:7], code + "B", code[:7] + "A", code[:7] + "1", code[:7] + "é", code[:7] + "\x00", code + strings.Repeat(" ", maxTyped), c.DeviceCode, "０" + code[1:]} {
			if _, err := s.Find(t.Context(), anna, typed); !errors.Is(err, ErrWrongCode) {
				t.Errorf("%q: %v", typed, err)
			}
		}
	})
}

// TestD4_LettersAreEquallyLikely: a code that favoured letters would be guessed
// sooner. With 16,000 letters each comes 800 times, give or take; 150 is five and more
// standard deviations.
//
// proves: user codes are hard to guess | RFC 8628 section 6.1
func TestD4_LettersAreEquallyLikely(t *testing.T) {
	seen := map[rune]int{}
	for range 2000 {
		for _, r := range newUserCode() {
			seen[r]++
		}
	}
	for _, r := range letters {
		if n := seen[r]; n < 650 || n > 950 {
			t.Errorf("%c came %d times", r, n)
		}
	}
	if len(seen) != len(letters) {
		t.Errorf("letters: %v", seen)
	}
}

// crowded makes the first user codes be taken by others at the moment they are made.
type crowded struct {
	storage.Store
	taken int
}

func (c *crowded) Together(ctx context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		if op.Verb == storage.VerbCreate && strings.HasPrefix(op.Key, "usercode/") && c.taken > 0 {
			c.taken--
			if err := c.Store.Together(ctx, storage.Create(op.Key, []byte("another's"), time.Minute)); err != nil {
				return err
			}
		}
	}
	return c.Store.Together(ctx, ops...)
}

func TestD4_ATakenCodeIsNotGivenAgain(t *testing.T) {
	store := &crowded{Store: openBolt(t), taken: beginTries - 1}
	s := New(Config{Store: store, Secrets: testSecrets(t)})
	c := begin(t, s)
	if r := find(t, s, anna, c.UserCode); r.ID != c.ID {
		t.Error("the code stands for another request")
	}
	poll(t, s, c, ErrPending)
	store.taken = beginTries
	if c, err := s.Begin(t.Context(), Ask{ClientID: "tv"}); !errors.Is(err, storage.ErrUnknown) || c.DeviceCode != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

// wrongCode makes the n-th of many codes that no request has.
func wrongCode(n int) string {
	return "BCDFGH" + string(letters[n/len(letters)]) + string(letters[n%len(letters)])
}

// proves: guesses of user codes are limited | RFC 8628 section 5.1
func TestD5_GuessesAreLimited(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		c := begin(t, s)
		for range 30 { // right, and the same wrong one, and what is no code, however often
			find(t, s, anna, c.UserCode)
			_, err := s.Find(t.Context(), anna, wrongCode(0))
			want(t, err, ErrWrongCode)
			_, err = s.Find(t.Context(), anna, "hello")
			want(t, err, ErrWrongCode)
		}
		for n := 1; n < s.guesses; n++ {
			_, err := s.Find(t.Context(), anna, wrongCode(n))
			want(t, err, ErrWrongCode)
		}
		find(t, s, anna, c.UserCode) // its own guess is cleared
		fresh := begin(t, s)
		for _, code := range []string{wrongCode(s.guesses), fresh.UserCode, c.UserCode, wrongCode(0)} {
			_, err := s.Find(t.Context(), anna, code)
			want(t, err, ErrTooManyGuesses)
		}
		find(t, s, bert, fresh.UserCode) // others are not held up
		time.Sleep(s.guessLife)
		again := begin(t, s)
		find(t, s, anna, again.UserCode)
	})
}

func TestD5_RightCodesDoNotCount(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		for range 3 * s.guesses { // a person who sets up many devices
			approve(t, s, begin(t, s))
		}
		for n := range s.guesses { // and they clear no wrong one
			_, err := s.Find(t.Context(), anna, wrongCode(n))
			want(t, err, ErrWrongCode)
		}
		_, err := s.Find(t.Context(), anna, wrongCode(s.guesses))
		want(t, err, ErrTooManyGuesses)
	})
}

// TestD5_GuessesAtOnce: as many guesses at once as one likes, on all replicas, and no
// more are looked up than the limit allows.
func TestD5_GuessesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, replicas []*Steps) {
		var mu sync.Mutex
		told := map[error]int{}
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				_, err := replicas[i%3].Find(t.Context(), anna, wrongCode(i))
				mu.Lock()
				defer mu.Unlock()
				told[err]++
			})
		}
		wg.Wait()
		if told[ErrWrongCode] > replicas[0].guesses || told[ErrWrongCode]+told[ErrTooManyGuesses] != 60 {
			t.Errorf("told %v", told)
		}
		if _, err := replicas[0].Find(t.Context(), anna, begin(t, replicas[0]).UserCode); !errors.Is(err, ErrTooManyGuesses) {
			t.Errorf("a right code afterwards: %v", err)
		}
	})
}

// TestThreat_GuessesFillNothing: who was refused and tries on makes storage keep no more,
// and count no more, than a few guesses.
func TestThreat_GuessesFillNothing(t *testing.T) {
	inTime(t, func(t *testing.T, s *Steps) {
		counter := storagetest.Count(s.store)
		s.store = counter
		refused := 0
		for n := range 300 {
			if _, err := s.Find(t.Context(), anna, wrongCode(n)); errors.Is(err, ErrTooManyGuesses) {
				refused++
			}
			time.Sleep(10 * time.Millisecond)
		}
		if most := s.guesses + 1; refused != 300-s.guesses || counter.Trips() > most {
			t.Errorf("%d refused, %d trips of %d", refused, counter.Trips(), most)
		}
		c := begin(t, s)
		find(t, s, bert, c.UserCode) // others are not held up
		for n := range 2 * mostResting {
			s.resting.add([16]byte{0: 7, 1: byte(n >> 8), 2: byte(n)})
		}
		if len(s.resting.until) > mostResting {
			t.Errorf("%d people are remembered", len(s.resting.until))
		}
		time.Sleep(s.guessLife)
		find(t, s, anna, begin(t, s).UserCode)
	})
}

func FuzzNormalizeUserCode(f *testing.F) {
	f.Add("BCDF-GHJK")
	f.Add("ｂｃｄｆ－ｇｈｊｋ")
	f.Add(" b c d f\u3000ghjk ")
	f.Add("BCDF-GHJ\xff")
	f.Add("WDJB-MJHT-")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := NormalizeUserCode(typed)
		if !ok {
			return
		}
		if len(code) != codeLength || strings.Trim(code, letters) != "" {
			t.Fatalf("%q became %q", typed, code)
		}
		for _, spelling := range []string{code, FormatUserCode(code), strings.ToLower(code)} {
			if again, ok := NormalizeUserCode(spelling); !ok || again != code {
				t.Fatalf("%q became %q, and %q became %q", typed, code, spelling, again)
			}
		}
	})
}
