package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/storage"
)

// A trial is a store in which nothing is created: it says that it was, so that what
// follows can be tried. check must leave no signing ring that nobody asked for.
type trial struct {
	storage.Store
	spared bool // something would have been created
}

func (t *trial) Together(ctx context.Context, ops ...*storage.Op) error {
	done := slices.DeleteFunc(slices.Clone(ops), func(op *storage.Op) bool { return op.Verb == storage.VerbCreate })
	t.spared = t.spared || len(done) < len(ops)
	if len(done) == 0 {
		return nil
	}
	return t.Store.Together(ctx, done...)
}

// trialFile puts another file in the place of a bolt file that is not there yet, which
// check must not make: it would be its user's, not the service's. The other is in the
// same folder, so that one which cannot be written is noticed. missing is the file, if
// so; remove takes the other away.
func trialFile(c *config.Config) (missing string, remove func() error) {
	remove = func() error { return nil }
	path, err := c.Storage.BoltPath()
	if err != nil {
		return "", remove
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return "", remove
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".dingbridge-check-")
	if err != nil {
		return "", remove // opening the file says why
	}
	other := url.URL{Scheme: "bolt", Path: filepath.ToSlash(filepath.Join(folder, "state.db"))}
	c.Storage = config.StorageURL(other.String())
	return path, func() error { return os.RemoveAll(folder) }
}
