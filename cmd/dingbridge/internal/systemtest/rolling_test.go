package systemtest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A load is people who log in and apps that refresh, at a rate, until it is ended.
type load struct {
	w                 *world
	logins, refreshes atomic.Int64 // that went well
	mu                sync.Mutex
	failed            []string
	slowest           time.Duration
	all               sync.WaitGroup
	end               context.CancelFunc
}

// keepLoaded begins a load of so many logins and refreshes a second. The refreshes are
// those of people who have logged in before it begins.
func (w *world) keepLoaded(logins, refreshes int) *load {
	w.t.Helper()
	ctx, end := context.WithCancel(w.t.Context())
	l := &load{w: w, end: end}
	apps := min(refreshes, 40)
	tokens := make([]string, apps)
	var ready sync.WaitGroup
	for i := range apps {
		ready.Go(func() { tokens[i] = l.login(ctx) })
	}
	ready.Wait()
	if len(l.failed) > 0 {
		end()
		w.t.Fatalf("before anything was restarted: %s", l.failed[0])
	}
	l.logins.Store(0)
	for _, token := range tokens {
		l.all.Go(func() { l.refresh(ctx, token, time.Duration(apps)*time.Second/time.Duration(refreshes)) })
	}
	l.all.Go(func() { l.arrive(ctx, time.Second/time.Duration(logins)) })
	return l
}

// arrive lets somebody log in each period, whatever becomes of those before.
func (l *load) arrive(ctx context.Context, period time.Duration) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	room := make(chan struct{}, 200) // of logins under way; more than that are no load but a heap
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		l.all.Go(func() {
			defer func() { <-room }()
			l.login(context.WithoutCancel(ctx)) // who has begun is let in
		})
	}
}

// login is one person's, with the app's token and userinfo; it returns the refresh token.
func (l *load) login(ctx context.Context) string {
	began := time.Now()
	a := l.w.app("es")
	code, err := newPerson().login(ctx, l.w, a)
	if err != nil {
		l.fail("login: %v", err)
		return ""
	}
	got := a.redeem(ctx, l.w.issuer, code)
	if got.status != http.StatusOK || got.text("refresh_token") == "" {
		l.fail("code: %v", got)
		return ""
	}
	if info := userinfo(ctx, l.w.issuer, got.text("access_token")); info.status != http.StatusOK {
		l.fail("userinfo: %v", info)
		return ""
	}
	l.logins.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slowest = max(l.slowest, time.Since(began))
	return got.text("refresh_token")
}

func (l *load) refresh(ctx context.Context, token string, period time.Duration) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for token != "" {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		got := l.w.app("es").refresh(context.WithoutCancel(ctx), l.w.issuer, token)
		if got.status != http.StatusOK || got.text("id_token") == "" {
			l.fail("refresh: %v", got)
			return
		}
		token = got.text("refresh_token")
		l.refreshes.Add(1)
	}
}

func (l *load) fail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, fmt.Sprintf(format, args...))
}

// finish ends the load, waits for what is under way, and fails the test with what failed.
func (l *load) finish(what string) {
	l.w.t.Helper()
	l.end()
	l.all.Wait()
	l.w.t.Logf("%s: %d logins, the slowest in %v, and %d refreshes; %d failed", what, l.logins.Load(), l.slowest.Round(time.Millisecond), l.refreshes.Load(), len(l.failed))
	for i, f := range l.failed {
		if i < 5 {
			l.w.t.Errorf("%s: %s", what, f)
		}
	}
	if l.logins.Load() == 0 || l.refreshes.Load() == 0 {
		l.w.t.Errorf("%s: nothing was asked", what)
	}
}

// drain is how long a replica goes on after it said that it is not ready: longer than the
// balancer takes to ask.
const drain = "DINGBRIDGE_DRAIN_DELAY=1s"

// replica is one process behind the balancer, at an address that it keeps.
type replica struct {
	*process
	base string
}

func (w *world) replica(file, base string, env ...string) replica {
	w.t.Helper()
	p, err := launchFile(w.t, file, w.folder, append([]string{"DINGBRIDGE_LISTEN=" + strings.TrimPrefix(base, "http://")}, env...), "serve", "--config", "config.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	w.readyURL(p)
	return replica{p, base}
}

// more waits until so many more people have logged in, and as many refreshes were made.
func (l *load) more(n int64) {
	l.w.t.Helper()
	logins, refreshes := l.logins.Load()+n, l.refreshes.Load()+n
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if l.logins.Load() >= logins && l.refreshes.Load() >= refreshes {
			return
		}
	}
	l.fail("hardly anybody gets in any more")
}

// roll replaces each replica by one of the build in file, one after the other.
func (w *world) roll(b *balancer, l *load, all []replica, file string, env ...string) {
	w.t.Helper()
	for i, r := range all {
		l.more(10)
		if code, err := r.stop(); code != 0 || err != nil {
			w.t.Fatalf("replica %d ended with %d (%v):\n%s", i, code, err, r.log())
		}
		all[i] = w.replica(file, r.base, env...)
		b.await(w.t, len(all))
	}
	l.more(10)
}

// threeReplicas serves three processes of the build in file behind a balancer.
func (w *world) threeReplicas(file string, env ...string) (*balancer, []replica) {
	w.t.Helper()
	b := w.balance()
	var all []replica
	for range 3 {
		base := "http://127.0.0.1:" + freePort(w.t)
		all = append(all, w.replica(file, base, env...))
		b.add(base)
	}
	b.await(w.t, len(all))
	return b, all
}

// long proofs take minutes: DINGBRIDGE_LONG=1 asks for them.
func long() bool { return os.Getenv("DINGBRIDGE_LONG") == "1" }

// loadRates are logins and refreshes a second.
func loadRates() (int, int) {
	if testing.Short() {
		return 3, 10
	}
	return 15, 200
}

// TestE21_RollingRestart restarts three replicas one after the other while people log in:
// nobody notices.
func TestE21_RollingRestart(t *testing.T) {
	t.Parallel()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	w.addConfig("trusted_proxies: [127.0.0.1/32]\n")
	b, all := w.threeReplicas(file, drain)
	l := w.keepLoaded(loadRates())
	times := 1
	if long() {
		times = 10
	}
	for range times {
		w.roll(b, l, all, file, drain)
	}
	l.finish(fmt.Sprintf("%d rolling restarts", times))
}

// TestE21_RollingUpgrade is a rolling restart in which the program becomes another: from
// the build of the commit before, or of DINGBRIDGE_UPGRADE_FROM.
func TestE21_RollingUpgrade(t *testing.T) {
	if !long() {
		t.Skip("DINGBRIDGE_LONG=1 asks for it: the program of another commit has to be built")
	}
	from := os.Getenv("DINGBRIDGE_UPGRADE_FROM")
	if from == "" {
		from = "HEAD^"
	}
	old := buildOf(t, from)
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	w.addConfig("trusted_proxies: [127.0.0.1/32]\n")
	b, all := w.threeReplicas(old, drain)
	l := w.keepLoaded(loadRates())
	w.roll(b, l, all, file, drain)
	l.finish("rolling upgrade from " + from)
	l = w.keepLoaded(loadRates())
	w.roll(b, l, all, old, drain)
	l.finish("and back to " + from)
}

// buildOf is the program of another commit.
func buildOf(t *testing.T, commit string) string {
	t.Helper()
	folder := t.TempDir()
	root, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Fatalf("not in a clone: %v", err)
	}
	tree := filepath.Join(folder, "tree")
	if out, err := exec.Command("git", "clone", "-q", "--shared", strings.TrimSpace(string(root)), tree).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	at, err := exec.Command("git", "rev-parse", commit).Output()
	if err != nil {
		t.Fatalf("no commit %s: %v", commit, err)
	}
	for _, args := range [][]string{
		{"git", "-C", tree, "checkout", "-q", "--detach", strings.TrimSpace(string(at))},
		{"go", "build", "-C", tree, "-tags", "no_otel", "-o", filepath.Join(folder, "dingbridge"), "./cmd/dingbridge"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return filepath.Join(folder, "dingbridge")
}
