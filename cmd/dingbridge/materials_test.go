package main

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// demoMaterials are what demo is built of, and the simulator that it asks; nothing listens.
func demoMaterials(t *testing.T) (*materials, *simulator.Simulator) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sim, err := newSimulator(simulation{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	d := &demonstration{way: "oauth2"}
	m, cleanUp, err := d.materials(t.Context(), "http://127.0.0.1:1", "http://127.0.0.1:1", sim, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(m.close(), cleanUp()); err != nil {
			t.Error(err)
		}
	})
	return m, sim
}
