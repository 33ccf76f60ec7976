package systemtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// soakLives are short, so that what ends by itself does so many times in a soak. A login
// that nobody finishes lives ten minutes, however.
const soakLives = ", id_token: 1m, access_token: 1m, session_idle: 2m, session_absolute: 4m, refresh_idle: 2m, refresh_absolute: 4m}"

// TestE40_Soak lets mixed traffic run over three replicas for as long as DINGBRIDGE_SOAK
// says, such as 30m, prints what they need meanwhile, and holds the last third of the time
// to be as the one before it.
func TestE40_Soak(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("DINGBRIDGE_SOAK"))
	if err != nil {
		t.Skip("DINGBRIDGE_SOAK=30m asks for it")
	}
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "everysec")
	w := newWorld(t, setting{storage: r.URL})
	w.addClients(t, "  - {id: screen, public: true, device_authorization: true, allow: everyone}\n")
	w.replaceConfig("lives: {refresh_leeway: 30s}", "lives: {refresh_leeway: 30s"+soakLives)
	w.addConfig("trusted_proxies: [127.0.0.1/32]\n")
	b := w.balance()
	var all []watched
	for range 3 {
		base, metrics := "http://127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
		all = append(all, watched{replica: w.replica(file, base, "DINGBRIDGE_METRICS_LISTEN="+metrics), metrics: "http://" + metrics + "/metrics"})
		b.add(base)
	}
	b.await(t, len(all))

	ctx, end := context.WithTimeout(t.Context(), lasts)
	defer end()
	s := &soak{load: load{w: w, end: end}}
	var samples []sample
	s.begin(ctx)
	for ctx.Err() == nil {
		samples = append(samples, look3(t, all, r))
		select {
		case <-ctx.Done():
		case <-time.After(min(10*time.Second, lasts/30)):
		}
	}
	s.all.Wait()
	t.Logf("%v: %d logins, the slowest in %v, %d refreshes, %d requests of other kinds; %d failed", lasts, s.logins.Load(),
		s.slowest.Round(time.Millisecond), s.refreshes.Load(), s.others.Load(), len(s.failed))
	for i, f := range s.failed {
		if i < 5 {
			t.Error(f)
		}
	}
	third := len(samples) / 3
	first, second, last := samples[:third], samples[third:2*third], samples[2*third:]
	for _, what := range slices.Sorted(maps.Keys(samples[0])) {
		before, after := median(second, what), median(last, what)
		t.Logf("%-28s median of the first third %9d, of the second %9d, of the last %9d, at most %9d", what, median(first, what), before, after, most(samples, what))
		if after > before+before/10+slack(what) {
			t.Errorf("%s grows: %d, then %d", what, before, after)
		}
	}
}

// slack is what a figure may differ by for no reason.
func slack(what string) int {
	switch {
	case strings.Contains(what, "MiB"):
		return 4
	case strings.Contains(what, "KiB"):
		return 1 << 10
	case strings.Contains(what, "keys"):
		return 200
	}
	return 20
}

// soak is a load of all kinds of requests.
type soak struct {
	load
	others atomic.Int64
}

// watched is a replica whose metrics are read.
type watched struct {
	replica
	metrics string
}

func (s *soak) begin(ctx context.Context) {
	s.all.Go(func() { s.arrive(ctx, time.Second/3) })
	for range 10 {
		s.all.Go(func() { s.live(ctx) })
	}
	w := s.w
	for _, kind := range []struct {
		perSecond int
		do        func(context.Context) error
	}{
		{5, func(ctx context.Context) error { // begun, and left
			_, err := newPerson().follow(ctx, w.authorization(w.app("es")), w.simulator)
			return err
		}},
		{5, func(ctx context.Context) error {
			return is(userinfo(ctx, w.issuer, "no-token"), http.StatusUnauthorized)
		}},
		{3, func(ctx context.Context) error {
			return is(w.app("api").introspect(ctx, w.issuer, "no-token"), http.StatusOK)
		}},
		{2, func(ctx context.Context) error {
			return is(w.app("rs").redeem(ctx, w.issuer, "no-code"), http.StatusBadRequest)
		}},
		{1, func(ctx context.Context) error {
			a := app{id: "screen"}
			codes := a.call(ctx, w.issuer+"/device_authorization", url.Values{"scope": {"openid"}})
			if codes.status != http.StatusOK {
				return fmt.Errorf("device: %v", codes)
			}
			return is(a.call(ctx, w.issuer+"/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
				"device_code": {codes.text("device_code")}}), http.StatusBadRequest)
		}},
		{5, func(ctx context.Context) error {
			for path, want := range map[string]int{"/jwks": 200, "/.well-known/openid-configuration": 200, "/nothing": 404, "/": 200, "/authorize?client_id=nobody": 400} {
				got, err := newPerson().get(ctx, w.issuer+path)
				if err != nil {
					return err
				}
				if got.status != want {
					return fmt.Errorf("%s: %d", path, got.status)
				}
			}
			return nil
		}},
	} {
		s.all.Go(func() {
			tick := time.NewTicker(time.Second / time.Duration(kind.perSecond))
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := kind.do(context.WithoutCancel(ctx)); err != nil {
					s.fail("%v", err)
				}
				s.others.Add(1)
			}
		})
	}
}

// live is somebody who logs in, whose app refreshes for a while, and who then leaves it at
// that or revokes.
func (s *soak) live(ctx context.Context) {
	for ctx.Err() == nil {
		short, end := context.WithTimeout(ctx, time.Duration(10+rand.IntN(90))*time.Second)
		token := s.login(context.WithoutCancel(ctx))
		for token != "" && short.Err() == nil {
			got := s.w.app("es").refresh(context.WithoutCancel(ctx), s.w.issuer, token)
			if got.status != http.StatusOK {
				s.fail("refresh: %v", got)
			}
			token = got.text("refresh_token")
			s.refreshes.Add(1)
			select {
			case <-short.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
		end()
		if token != "" && rand.IntN(2) == 0 {
			if err := is(s.w.app("es").revoke(context.WithoutCancel(ctx), s.w.issuer, token), http.StatusOK); err != nil {
				s.fail("revoke: %v", err)
			}
		}
	}
}

func is(got answer, status int) error {
	if got.status != status {
		return fmt.Errorf("%d wanted: %v", status, got)
	}
	return nil
}

// A sample is what was in use at a moment, by name.
type sample map[string]int

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)

// look3 reads what the replicas need, and the storage.
func look3(t *testing.T, all []watched, r *storagetest.Redis) sample {
	t.Helper()
	now := sample{}
	for i, one := range all {
		rss, _ := memory(t, one.process)
		now[fmt.Sprintf("replica %d, MiB", i)] = rss
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", one.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		now[fmt.Sprintf("replica %d, open files", i)] = len(open)
		got, err := newPerson().get(context.WithoutCancel(t.Context()), one.metrics)
		if err != nil {
			t.Fatal(err)
		}
		found := goroutines.FindStringSubmatch(got.body)
		if found == nil {
			t.Fatalf("no go_goroutines among the metrics: %d %.200s", got.status, got.body)
		}
		now[fmt.Sprintf("replica %d, goroutines", i)], _ = strconv.Atoi(found[1])
	}
	now["Redis, keys"], _ = strconv.Atoi(r.Do("DBSIZE"))
	for line := range strings.Lines(r.Do("INFO", "memory")) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			bytes, _ := strconv.Atoi(n)
			now["Redis, KiB"] = bytes >> 10
		}
	}
	return now
}

func median(of []sample, what string) int {
	var list []int
	for _, one := range of {
		list = append(list, one[what])
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func most(of []sample, what string) (n int) {
	for _, one := range of {
		n = max(n, one[what])
	}
	return n
}

// replaceConfig writes other text into config.yaml, before anything is served.
func (w *world) replaceConfig(old, by string) {
	w.t.Helper()
	before, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	if err != nil || !strings.Contains(string(before), old) {
		w.t.Fatalf("config.yaml has no %q (%v)", old, err)
	}
	w.write("config.yaml", strings.Replace(string(before), old, by, 1))
}
