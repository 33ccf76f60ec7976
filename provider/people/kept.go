package people

import (
	"errors"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

const (
	// keptPause is for how long a use does not ask again about somebody about whom nothing
	// could be decided, and blipPause where that is likely to pass by itself.
	keptPause = 5 * time.Second
	blipPause = time.Second
	// keptFree is how often one is asked about in a row before that, within a minute.
	keptFree = 2
	// mostKept is how many of them are remembered.
	mostKept = 4096
)

// kept are those about whom nothing could be decided a moment ago: the directory called them
// gone and they were not removed, it may not tell, or it does not answer. Their tokens work for
// a while, and one who shows them again and again must not use up DingTalk's limit, by which
// hints and sweeps find the others. Safe for concurrent use.
type kept struct {
	mu sync.Mutex
	of map[Subject]keptPerson
}

type keptPerson struct {
	version storage.Version // of the record: whoever logged in or was blocked since is another matter
	until   time.Time
	times   int // in a row
	err     error
}

// find returns why nothing could be decided a moment ago, time and again; else nil.
func (k *kept) find(p Person) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.of[p.Subject]; known.version == p.Version && known.times > keptFree && time.Now().Before(known.until) {
		return known.err
	}
	return nil
}

func (k *kept) note(p Person, err error) {
	pause := keptPause
	if upstream, ok := errors.AsType[*dingtalk.Error](err); ok && upstream.Transient() {
		pause = blipPause
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of) >= mostKept {
		k.of = map[Subject]keptPerson{}
	}
	times := 1
	if before := k.of[p.Subject]; before.version == p.Version && time.Since(before.until) < time.Minute {
		times += before.times
	}
	k.of[p.Subject] = keptPerson{p.Version, time.Now().Add(pause), times, err}
}
