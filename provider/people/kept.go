package people

import (
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

const (
	// keptPause is for how long a use does not ask again about somebody whom the directory
	// called gone and who was not removed.
	keptPause = 5 * time.Second
	// mostKept is how many of them are remembered.
	mostKept = 4096
)

// kept are those who were called gone by the directory and not removed. Their tokens work for
// a while, and one who shows them again and again must not use up DingTalk's limit, by which
// hints and sweeps find the others. Safe for concurrent use.
type kept struct {
	mu sync.Mutex
	of map[Subject]keptPerson
}

type keptPerson struct {
	version storage.Version // of the record: whoever logged in or was blocked since is another matter
	at      time.Time
	err     error
}

// find returns why the person was not removed a moment ago; nil if there was no such thing.
func (k *kept) find(p Person) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.of[p.Subject]; known.version == p.Version && time.Since(known.at) < keptPause {
		return known.err
	}
	return nil
}

func (k *kept) note(p Person, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of) >= mostKept {
		k.of = map[Subject]keptPerson{}
	}
	k.of[p.Subject] = keptPerson{p.Version, time.Now(), err}
}
