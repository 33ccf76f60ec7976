package main

import (
	"context"
	"time"
)

// restTime is how long the server rests before its memory is read.
const restTime = 300 * time.Millisecond

// A memory is what the server holds after so many operations.
type memory struct {
	After  string  `json:"after"`
	Count  int     `json:"count"`
	RSS    float64 `json:"rss_mb"`
	Peak   float64 `json:"peak_mb"`
	Redis  float64 `json:"redis_rss_mb"`
	Failed int     `json:"failed"`
	Error  string  `json:"error,omitempty"`
}

// quarters is how many readings there are on the way.
const quarters = 4

// memory watches the resident set of one process while so many different people log
// in, and then while logins are begun and abandoned.
func (b *bench) memory(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: max(b.loginCount, b.people)}, func(h *house) error {
		note := func(m memory) error {
			m, err := b.weigh(h.target(), m)
			b.report.Memory = append(b.report.Memory, m)
			return err
		}
		if err := note(memory{After: "start"}); err != nil {
			return err
		}
		for _, m := range []struct {
			op    string
			count int
		}{{opLogin, b.loginCount}, {opAbandoned, b.abandonCount}} {
			for quarter := range quarters {
				l, err := b.many(ctx, h.target(), es256, m.op, m.count*(quarter+1)/quarters-m.count*quarter/quarters)
				if err != nil {
					return err
				}
				at := memory{After: m.op, Count: m.count * (quarter + 1) / quarters, Failed: l.failed()}
				if at.Failed > 0 {
					at.Error = l.commonest(1)[0]
				}
				if err := note(at); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// weigh fills in what the server and Redis hold now.
func (b *bench) weigh(t target, m memory) (memory, error) {
	time.Sleep(restTime)
	server, err := usageOf(t.server)
	if err != nil {
		return m, err
	}
	redis, err := usageOf(t.redis)
	if err != nil {
		return m, err
	}
	m.RSS, m.Peak, m.Redis = server.rss, server.peak, redis.rss
	b.say("memory after %7d x %-10s %6.1f MB, peak %6.1f MB, redis %6.1f MB", m.Count, m.After, m.RSS, m.Peak, m.Redis)
	return m, nil
}
