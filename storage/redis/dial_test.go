package redis

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestR9 has an address that refuses, then swallows, then is back.
func TestR9_OneAtATimeAndSoonAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDialer(time.Second, nil)
		var attempts atomic.Int64
		how := func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }
		dial := func() bool {
			t.Helper()
			conn, err := d.through(t.Context(), "a:1", func(ctx context.Context) (net.Conn, error) {
				attempts.Add(1)
				return how(ctx)
			})
			if err != nil {
				t.Errorf("the driver is shown %v", err)
				return false
			}
			_, err = conn.Write(nil)
			return err == nil
		}
		wants := func(what string, ok bool, after int64) {
			t.Helper()
			if got := dial(); got != ok || attempts.Load() != after {
				t.Fatalf("%s: %v after %d attempts", what, got, attempts.Load())
			}
		}
		wants("the first", false, 1)
		wants("at once again", false, 1)
		time.Sleep(attemptGap)
		wants("after the gap", false, 2)

		time.Sleep(attemptGap)
		how = func(context.Context) (net.Conn, error) { time.Sleep(time.Minute); return nil, errors.New("no answer") }
		go dial()
		synctest.Wait()
		for range 100 {
			wants("while another tries", false, 3)
		}
		time.Sleep(time.Minute + attemptGap)
		how = func(context.Context) (net.Conn, error) { a, _ := net.Pipe(); return severed{nil}, a.Close() }
		wants("when it is back", true, 4)
		wants("and then everybody", true, 5)

		// Who goes away says nothing of the server, and holds nobody up.
		how = func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.through(ctx, "a:1", how); !errors.Is(err, context.Canceled) {
			t.Fatalf("who went away was told %v", err)
		}
		how = func(context.Context) (net.Conn, error) { return severed{nil}, nil }
		wants("after that", true, 6)
	})
}
