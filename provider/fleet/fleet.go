package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

const set = "replicas/all"

// settling is for how many beats a replica that starts takes the newcomer's share.
const settling = 2

// Config is what a Member needs. Whole and Share are required.
type Config struct {
	// Store is where replicas meet; nil for one that is alone by its nature.
	Store storage.Store
	// Whole is what all replicas together may do in a second.
	Whole float64
	// Share is told what this one may do in a second, when that changes.
	Share func(perSecond float64)
	Every time.Duration // between two beats; 2 seconds
	Log   *slog.Logger
}

// A Member is one replica. Run it once.
type Member struct {
	Config
	name  string
	share float64
	view  view
}

// New makes a Member.
func New(c Config) *Member {
	c.Every = cmp.Or(c.Every, 2*time.Second)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	var name [8]byte
	rand.Read(name[:])
	m := &Member{Config: c, name: hex.EncodeToString(name[:])}
	m.view.status.Self = Replica{Name: m.name, Since: time.Now()}
	return m
}

// Run keeps this replica in the set and tells its share, until ctx ends. It tells a share
// before it asks storage anything.
func (m *Member) Run(ctx context.Context) {
	if m.Store == nil {
		m.take(m.Whole)
		return
	}
	m.take(m.newcomer())
	next := time.NewTicker(m.Every)
	defer next.Stop()
	away := false
	first := true
	for beats := 0; ; {
		replicas, err := m.beat(ctx, 3*m.Every)
		m.view.note(err)
		switch {
		case err != nil && ctx.Err() == nil:
			if !away { // not at every beat
				m.Log.Warn("cannot tell how many replicas there are; this one's share of DingTalk's limit does not grow", "error", err)
			}
			away = true
			beats = 0 // the others may have lost sight of this one
			m.take(min(m.share, m.newcomer()))
		case err == nil:
			away = false
			beats++
			// Of several that start at once only one can find nobody else: each is in the set
			// before it reads it. After an outage all have to find each other again.
			if share := m.established(replicas); beats > settling || first && replicas == 1 || share < m.share {
				m.take(share)
			}
		}
		first = false
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

// Of the whole, a tenth is for those who start, and the rest for those who are settled.
func (m *Member) newcomer() float64 { return m.Whole / 20 }

func (m *Member) established(replicas int) float64 { return m.Whole * 0.9 / float64(max(1, replicas)) }

func (m *Member) take(share float64) {
	if share != m.share {
		m.share = share
		m.view.take(share)
		m.Share(share)
	}
}

// beat says that this replica lives, and counts who does.
func (m *Member) beat(ctx context.Context, life time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, m.Every)
	defer cancel()
	members := storage.Members(set)
	if err := m.Store.Together(ctx, storage.Join(set, m.view.status.Self.member(), life), members); err != nil {
		return 0, fmt.Errorf("beat: %w", err)
	}
	m.view.see(members.Members)
	return len(members.Members), nil
}
