package secret

import "sync/atomic"

// Replace puts the secrets of next in the place of l's own, at once and whole, also for
// all that was made of l (promise X10). What was issued under a secret that next lacks is
// invalid from then on.
func (l *List) Replace(next *List) { l.file.now.Store(next.lines()) }

// keys are what is derived of a list for one purpose. They are derived anew when the list
// has other lines than those they were derived of, by whoever notices first: that costs
// every other call two loads and a comparison.
type keys[T any] struct {
	file   *file
	derive func(*lines) *T
	made   atomic.Pointer[derived[T]]
}

type derived[T any] struct {
	of   *lines
	keys *T
}

func keysOf[T any](l *List, derive func(*lines) *T) *keys[T] {
	k := &keys[T]{file: l.file, derive: derive}
	k.get()
	return k
}

func (k *keys[T]) get() *T {
	now := k.file.now.Load()
	if made := k.made.Load(); made != nil && made.of == now {
		return made.keys
	}
	return k.again(now)
}

func (k *keys[T]) again(now *lines) *T {
	made := &derived[T]{now, k.derive(now)}
	k.made.Store(made) // if that of a slower goroutine is older, the next call notices
	return made.keys
}
