package config

import (
	"os"
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
		return os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
	})
}

const (
	settlings   = 20                    // how often a file that changes is read anew
	settlePause = 50 * time.Millisecond // between two of them
)

// settled calls read until what look sees is the same before and after, so that nothing
// is taken of a file that somebody is writing. It reports whether that came to be.
func settled(look func() Look, read func()) bool {
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
