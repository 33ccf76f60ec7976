package main

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/telemetry"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
)

// away is a store that does not answer while it is.
type away struct {
	storage.Store
	now atomic.Bool
}

func (a *away) Together(ctx context.Context, ops ...*storage.Op) error {
	if !a.now.Load() {
		return a.Store.Together(ctx, ops...)
	}
	<-ctx.Done() // as long as it is let
	for _, op := range ops {
		op.Err = storage.ErrUnknown
	}
	return storage.ErrUnknown
}

func (a *away) Ping(ctx context.Context) error {
	if !a.now.Load() {
		return a.Store.Ping(ctx)
	}
	return a.Together(ctx)
}

// TestM7_StatusOfAHouse: with its storage nothing is to be looked at; without, it is told first
// what is wrong, within the time that an administrator waits, and once.
func TestM7_StatusOfAHouse(t *testing.T) {
	m, sim := demoMaterials(t)
	store := &away{Store: m.store}
	m.store, m.audit = store, audit.Discard
	m.clients, _ = clients.NewSet(nil)
	h, err := build(t.Context(), m, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := h.status(t.Context())
	if len(s.Troubles) != 0 || !s.Storage.Answers || s.Storage.Kind != "bolt" || len(s.Keys.Each) != 2 || len(s.Organisations) != 1 || s.Issuer != m.config.Issuer {
		t.Errorf("%+v", s)
	}
	if o := s.Organisations[0]; o.CorpID != sim.CorpID() || o.Stream == nil || o.Leavers.CorpID != o.CorpID || len(o.Calls) != 0 {
		t.Errorf("%+v", o)
	}
	if len(s.Replicas.Each) != 1 || s.Replicas.Each[0].Name != s.Replicas.Self {
		t.Errorf("%+v", s.Replicas)
	}
	store.now.Store(true)
	h.provider.Drain()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s = h.status(short)
	if s.Storage.Answers || len(s.Troubles) != 2 || !s.Draining || !strings.HasPrefix(s.Troubles[0].Text, "the server is ending") || !strings.HasPrefix(s.Troubles[1].Text, "storage: ") || s.Troubles[1].Remedy == "" {
		t.Errorf("%+v", s.Troubles)
	}
}

// TestM7_StatusNamesTheStorage: by its address, also where its trips are measured.
func TestM7_StatusNamesTheStorage(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	url := config.StorageURL("redis://:hunter2@" + address)
	opened, err := openStore(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for name, store := range map[string]storage.Store{
		"as it is": opened,
		"measured": telemetry.New(telemetry.Config{Metrics: true}).Store(opened),
	} {
		h := &house{materials: &materials{config: config.Config{Storage: url}, store: store}}
		if s := h.storageStatus(t.Context()); s.Answers || !strings.HasPrefix(s.Fault, address+" does not answer (") || s.Remedy == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
