package stream

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// backoff is the wait after so many attempts in a row that came to nothing: the first
// wait doubled each time, and between half of that and the whole, so that replicas that
// were cut off together do not come back together.
func (c *Client) backoff(failures int) time.Duration {
	wait := c.cfg.BackoffMin
	for range failures {
		if wait >= c.cfg.BackoffMax/2 {
			return spread(c.cfg.BackoffMax)
		}
		wait *= 2
	}
	return spread(wait)
}

func spread(wait time.Duration) time.Duration { return wait - rand.N(wait/2+1) }

// sleep waits. It reports false if ctx ended first.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A complaint says in the log why there is no connection: again only if the words
// change, or after a while.
type complaint struct {
	words string
	at    time.Time
}

const complainEvery = 15 * time.Minute

func (c *Client) complain(last *complaint, err error) {
	words, _, _ := strings.Cut(err.Error(), requestMark) // which is another each time
	if words == last.words && time.Since(last.at) < complainEvery {
		return
	}
	*last = complaint{words: words, at: time.Now()}
	if errors.Is(err, errCredentials) {
		c.cfg.Log.Error("stream: DingTalk does not take the app's credentials: no events are heard, and leavers are found by sweeps alone; put right client_id and client_secret, and see in DingTalk's console that the app is enabled and receives its events in Stream mode",
			"error", err, "client_id", c.cfg.ClientID)
		return
	}
	c.cfg.Log.Warn("stream: cannot connect; no events are heard meanwhile", "error", err)
}
