package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// A late store answers only after it was asked some times, as one that is being
// started does.
type late struct {
	storage.Store
	asked  atomic.Int64
	silent int64
}

func (l *late) Together(ctx context.Context, ops ...*storage.Op) error {
	if l.asked.Add(1) > l.silent {
		return l.Store.Together(ctx, ops...)
	}
	for _, op := range ops {
		op.Err = storage.ErrUnknown
	}
	return storage.ErrUnknown
}

func TestServeWaitsForTheStorage(t *testing.T) {
	for name, tc := range map[string]struct {
		silent int64
		wait   time.Duration
		opens  bool
	}{
		"there at once": {0, 0, true},
		"late":          {5, storageWait, true},
		"never":         {1 << 40, storageWait, false},
		"no waiting":    {1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.db")
			secrets, err := secret.Parse([]byte(secret.Generate()))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				real, err := bolt.Open(file)
				if err != nil {
					t.Fatal(err)
				}
				defer real.Close()
				m := &materials{config: config.Defaults(), store: &late{Store: real, silent: tc.silent}, secrets: secrets,
					log: slog.New(slog.DiscardHandler), audit: audit.Discard}
				ring, err := openRing(t.Context(), m, tc.wait)
				if (ring != nil) != tc.opens || (err == nil) != tc.opens {
					t.Errorf("opened: %v, %v", ring != nil, err)
				}
				if err != nil && !errors.Is(err, storage.ErrUnknown) {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

// TestRingEventsAreAudited: every event that the ring has, and what the audit trail
// makes of it.
func TestRingEventsAreAudited(t *testing.T) {
	for kind, want := range map[string]string{
		keys.EventCreated: "key.published", keys.EventPublished: "key.published", keys.EventSigning: "key.rotated",
		keys.EventStale: "key.trouble", keys.EventRestored: "key.trouble", keys.EventResealed: "", keys.EventReread: "",
	} {
		var log bytes.Buffer
		m := &materials{audit: audit.NewLog(logTo(&log))}
		m.keyEvent(keys.Event{Kind: kind, KID: "k1", Err: errors.New("why")})
		if (want == "") != (log.Len() == 0) || !strings.Contains(log.String(), want) {
			t.Errorf("%s: %s", kind, log.String())
		}
	}
}

// TestPagesOf: the pages' head is the operator's, their sentences the organisation's.
func TestPagesOf(t *testing.T) {
	one, two := []config.Organisation{{Name: "Example Ltd"}}, []config.Organisation{{Name: "Example Ltd"}, {Name: "Example Inc"}}
	for name, tc := range map[string]struct {
		operator           string
		organisations      []config.Organisation
		head, organisation string
	}{
		"both":          {"IT desk", one, "IT desk", "Example Ltd"},
		"organisation":  {"", one, "Example Ltd", "Example Ltd"},
		"operator":      {"IT desk", make([]config.Organisation, 1), "IT desk", ""},
		"several":       {"IT desk", two, "IT desk", ""},
		"several alone": {"", two, "", ""},
	} {
		var c config.Config
		c.Operator.Name, c.DingTalk.Organisations = tc.operator, tc.organisations
		if got := pagesOf(c, []byte("logo")); got.Operator != tc.head || got.Organisation != tc.organisation || string(got.Logo) != "logo" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
