package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Look is what some files were at one moment.
type Look []glance

type glance struct {
	name string
	info os.FileInfo // nil: there was none, or we may not look
}

// LookAt looks at files, through symbolic links.
func LookAt(files ...string) Look {
	l := make(Look, len(files))
	for i, name := range files {
		l[i].name = name
		if info, err := os.Stat(name); err == nil {
			l[i].info = info
		}
	}
	return l
}

// Same reports whether no file has changed between the two looks. One that was replaced
// by a file of the same size and time is another, and so is one behind a link that
// points elsewhere.
func (l Look) Same(other Look) bool {
	return slices.EqualFunc(l, other, func(a, b glance) bool {
		if a.name != b.name || a.info == nil || b.info == nil {
			return a.name == b.name && a.info == nil && b.info == nil
		}
		return os.SameFile(a.info, b.info) && a.info.Mode() == b.info.Mode() && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
	})
}

// Folders are those in which something happens when one of the files changes: where its
// name is, and where what the name stands for is.
func (l Look) Folders() []string {
	all := map[string]bool{}
	for _, g := range l {
		all[filepath.Dir(g.name)] = true
		if g.info != nil && g.info.IsDir() {
			all[g.name] = true
		}
		if info, err := os.Lstat(g.name); err == nil && info.Mode()&os.ModeSymlink != 0 {
			if real, err := filepath.EvalSymlinks(g.name); err == nil {
				all[filepath.Dir(real)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

const (
	settlings   = 20                    // how often a file that changes is read anew
	settlePause = 50 * time.Millisecond // between two of them
)

// Settled calls read until what look sees is the same before and after, so that nothing
// is taken of a file that somebody is writing. It reports whether that came to be.
func Settled(look func() Look, read func()) bool {
	before := look()
	for range settlings {
		read()
		after := look()
		if after.Same(before) {
			return true
		}
		before = after
		time.Sleep(settlePause)
	}
	return false
}
