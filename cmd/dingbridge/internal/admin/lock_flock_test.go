//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package admin

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestThreat_FolderHeldByAnother: who may look into the folder may lock it, for ever. The
// server that wants its socket there says so, and does not hang.
func TestThreat_FolderHeldByAnother(t *testing.T) {
	dir := folder(t)
	unlock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(filepath.Join(dir, "s")); !errors.Is(err, ErrHeld) {
		t.Errorf("held by another: %v", err)
	}
	alone(t, dir)
	unlock()
	open(t, filepath.Join(dir, "s"))
	alone(t, dir, "s")
}
