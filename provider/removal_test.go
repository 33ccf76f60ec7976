package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestH18_ToldThoughNobodyWaits: whoever led to a removal goes away, or the server ends,
// between the write and the notices. Nobody writes it again, so it is told all the same.
func TestH18_ToldThoughNobodyWaits(t *testing.T) {
	p := party(t, "told")
	h := build(t, registered(p))
	p.enters(h, h.browser())
	ctx, leave := context.WithCancel(t.Context())
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if strings.HasPrefix(op.Key, "sessions-of/") && op.Verb == storage.VerbMembers {
			leave()
		}
		return storagetest.NoFault
	})
	defer h.store.fail(nil)
	h.events.take()
	_, _ = h.provider.Block(ctx, root, "zhangsan") // reads back how the person is, which may fail
	if ctx.Err() == nil {
		t.Fatal("nobody was removed")
	}
	for _, e := range h.events.take() {
		if e.Name == audit.PersonRemoved && e.Count != 1 {
			t.Errorf("%d notices", e.Count)
		}
	}
	select {
	case <-p.notices:
	case <-time.After(time.Minute):
		t.Error("the app was not told")
	}
}
