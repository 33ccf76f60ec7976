package storagetest

// The ways in which a primary is lost.
const (
	Killed      = "killed"      // kill -9; its connections are refused
	Paused      = "paused"      // SIGSTOP: connections stay, nothing answers, and it goes on later as if nothing had been
	Partitioned = "partitioned" // nothing reaches it, nor it anything
	Isolated    = "isolated"    // its replicas and those who watch it do not reach it, clients do
)

// Faults are those after which nothing may be lost that a replica was waited for.
func Faults() []string { return []string{Killed, Paused, Partitioned} }

func strike(n *network, r *Redis, member int, fault string) {
	switch fault {
	case Killed:
		r.Kill()
	case Paused:
		r.Pause()
	case Partitioned:
		n.partition(member, true)
	case Isolated:
		n.partition(member, false)
	default:
		n.tb.Fatalf("no such fault: %q", fault)
	}
}

func mend(n *network, nodes []*Redis) {
	n.heal()
	for _, r := range nodes {
		if r.ended() {
			r.Restart()
		} else {
			r.Resume()
		}
	}
}

// ended tells whether the process is gone.
func (r *Redis) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}
