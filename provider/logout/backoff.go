package logout

import (
	"math/rand/v2"
	"time"
)

// waits are the times between one try and the next; the last try has none. They, the
// spread and the tries themselves end before the token does.
var waits = [...]time.Duration{time.Second, 4 * time.Second, 12 * time.Second, 30 * time.Second}

const tries = len(waits) + 1

// backoff is how long to wait after so many tries: up to a quarter more or less than
// the table says, so that replicas do not knock at one app together.
func backoff(done int) time.Duration {
	wait := waits[done-1]
	return wait*3/4 + rand.N(wait/2)
}
