package limits

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var home = netip.MustParseAddr("192.0.2.7")

// TestT1_SoManyAtOnceAndAsManyAnew: a budget is used up, comes back one by one, and is
// whole again after its time; what was given back can be taken.
func TestT1_SoManyAtOnceAndAsManyAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, r := NewTable(64), Rate{10, time.Minute}
		k := table.Key("k", home, "", "")
		all := func() (n int) {
			for n < 100 {
				if _, ok := table.Take(k, r); !ok {
					return n
				}
				n++
			}
			return n
		}
		for _, step := range []struct {
			pause time.Duration
			want  int
		}{{0, 10}, {0, 0}, {5 * time.Second, 0}, {time.Second, 1}, {18 * time.Second, 3}, {time.Hour, 10}, {time.Minute, 10}} {
			time.Sleep(step.pause)
			if got := all(); got != step.want {
				t.Errorf("after %s: %d, want %d", step.pause, got, step.want)
			}
			if table.Has(k, r) {
				t.Error("it has one left that it does not give")
			}
		}
		for range 3 {
			table.GiveBack(k, r)
		}
		if got := all(); got != 3 {
			t.Errorf("%d of 3 that were given back", got)
		}
		time.Sleep(time.Hour)
		for range 50 {
			table.GiveBack(k, r)
		}
		if got := all(); got != 10 {
			t.Errorf("%d after more was given back than taken", got)
		}
		if used, _ := table.Take(table.Key("k", home, "x", ""), r); used != 0 {
			t.Errorf("a new key has used %v", used)
		}
		if used, _ := table.Take(table.Key("k", home, "x", ""), r); used < .09 || used > .11 {
			t.Errorf("a key that took one of ten has used %v", used)
		}
	})
}

// TestT2_NothingGrows: whatever is asked, nothing is allocated, and a table has the entries
// that it began with.
func TestT2_NothingGrows(t *testing.T) {
	l, addr, n := New(Config{Entries: 1 << 10}), netip.MustParseAddr("2001:db8::1"), 0
	texts := make([]string, 4096)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	l.Client("app")
	allocated := testing.AllocsPerRun(10_000, func() {
		n++
		b := addr.As16()
		b[3], b[4], b[5] = byte(n), byte(n>>8), byte(n>>16)
		from, text := netip.AddrFrom16(b), texts[n%len(texts)]
		p := l.Of(Authentications, from, text, "")
		p.Has()
		p.Take()
		l.Of(DeadTokens, netip.Addr{}, "app", text).Take()
		l.Proven(from, "app", text)
		l.WasProven(from, "app", text)
		l.Client("app").Enter()
		l.Client("app").Leave()
	})
	if allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
	if got := len(l.table.sets) * ways; got != 1<<10 {
		t.Errorf("%d entries", got)
	}
}

// TestT3_WhoOwesLeastIsForgotten: whoever has used a budget up, and comes from as many
// other addresses as he likes, once each, does not get it back; and what was forgotten is
// let through.
func TestT3_WhoOwesLeastIsForgotten(t *testing.T) {
	table, r := NewTable(1<<10), Rate{60, time.Hour}
	spent := table.Key("k", home, "", "")
	for range 100 {
		table.Take(spent, r)
	}
	if table.Has(spent, r) {
		t.Fatal("the budget is not used up")
	}
	refused := 0
	for i := range 200_000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if _, ok := table.Take(table.Key("k", addr, "", ""), r); !ok {
			refused++
		}
	}
	if table.Has(spent, r) {
		t.Error("an address got its budget back by coming from others")
	}
	if refused > 0 {
		t.Errorf("%d of those who came once were turned away for others", refused)
	}
}

// TestT4_ByItself: what one key does, no other feels.
func TestT4_ByItself(t *testing.T) {
	l := New(Config{FailuresPerMinute: 3})
	addr := netip.MustParseAddr
	mine := l.Of(Authentications, addr("2001:db8:1:2::1"), "app", "")
	for range 9 {
		mine.Take()
	}
	for name, p := range map[string]struct {
		Purse
		spent bool
	}{
		"itself":                       {mine, true},
		"another host of the network":  {l.Of(Authentications, addr("2001:db8:1:2:ffff::9"), "app", ""), true},
		"another network":              {l.Of(Authentications, addr("2001:db8:1:3::1"), "app", ""), false},
		"another app":                  {l.Of(Authentications, addr("2001:db8:1:2::1"), "apq", ""), false},
		"no app":                       {l.Of(Authentications, addr("2001:db8:1:2::1"), "", ""), false},
		"the app's name as the second": {l.Of(Authentications, addr("2001:db8:1:2::1"), "", "app"), false},
		"another limit":                {l.Of(Codes, addr("2001:db8:1:2::1"), "app", ""), false},
		"no address":                   {l.Of(Authentications, netip.Addr{}, "app", ""), false},
		"an IPv4 address":              {l.Of(Authentications, home, "app", ""), false},
	} {
		if p.Has() == p.spent {
			t.Errorf("%s: spent %v, want %v", name, !p.Has(), p.spent)
		}
	}
	one := l.Of(Authentications, home, "app", "")
	for range 9 {
		one.Take()
	}
	if l.Of(Authentications, addr("::ffff:192.0.2.7"), "app", "").Has() {
		t.Error("an IPv4 address in IPv6 is another")
	}
	if !l.Of(Authentications, home.Next(), "app", "").Has() {
		t.Error("the next IPv4 address is the same")
	}
	if !(Purse{}).Has() {
		t.Error("the purse that is nobody's is empty")
	}
	if _, ok := (Purse{}).Take(); !ok {
		t.Error("the purse that is nobody's gives nothing")
	}
	(Purse{}).GiveBack()
}

// TestT6_AGateTurnsAway: never more than its number are inside, and all places come back.
func TestT6_AGateTurnsAway(t *testing.T) {
	g := NewGate(5)
	var all sync.WaitGroup
	var mu sync.Mutex
	most, turned := 0, 0
	for range 50 {
		all.Go(func() {
			for range 200 {
				if !g.Enter() {
					mu.Lock()
					turned++
					mu.Unlock()
					continue
				}
				mu.Lock()
				most = max(most, min(g.Inside(), 5))
				mu.Unlock()
				g.Leave()
			}
		})
	}
	all.Wait()
	if g.Inside() != 0 || most == 0 {
		t.Errorf("%d are inside, at most %d were", g.Inside(), most)
	}
	for i := range 8 {
		if g.Enter() != (i < 5) {
			t.Errorf("entry %d of 5", i+1)
		}
	}
	l := New(Config{RequestsAtOnce: 16})
	first := l.Client("a")
	if again := l.Client("a"); again != first {
		t.Error("a client has two gates")
	}
	if l.Client("b") == first {
		t.Error("clients share gates")
	}
}

// TestT7_ARightSecretIsRemembered: this very one, of this client, from this address, for
// a day.
func TestT7_ARightSecretIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{})
		l.Proven(home, "app", "right")
		for i := range 3000 {
			l.Of(Authentications, home, fmt.Sprint(i), "").Take()
		}
		if !l.WasProven(home, "app", "right") {
			t.Error("it was forgotten")
		}
		if l.WasProven(home, "app", "wrong") || l.WasProven(home, "other", "right") || l.WasProven(home.Next(), "app", "right") {
			t.Error("another is remembered")
		}
		time.Sleep(provenLife + time.Second)
		if l.WasProven(home, "app", "right") {
			t.Error("it is remembered for longer than a day")
		}
	})
}

func TestTheCatalogueIsWhole(t *testing.T) {
	l, listed := New(Config{}), map[Word]bool{}
	for _, row := range Catalogue() {
		if listed[row.Word] || row.Of == "" || row.Counts == "" || row.Setting == "" || row.Answer != "429" && row.Answer != "503" {
			t.Errorf("%+v", row)
		}
		listed[row.Word] = true
	}
	for word, rate := range l.rates {
		if !listed[word] {
			t.Errorf("%s is not in the catalogue", word)
		}
		if rate.Most < 1 || rate.Per <= 0 {
			t.Errorf("%s: %v", word, rate)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	l := New(Config{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.Of(ClientRequests, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "grafana", "").Take()
	}
}

func BenchmarkTakeParallel(b *testing.B) {
	l := New(Config{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Of(ClientRequests, home, "grafana", "").Take()
		}
	})
}
