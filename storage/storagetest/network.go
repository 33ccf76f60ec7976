package storagetest

import (
	"net"
	"strconv"
	"sync"
	"testing"
)

// A network is what the members of a group reach each other through. Each speaks from
// a loopback address of its own (bind-source-addr, Redis 7) and is reached through
// ports that are the network's, so that one can be cut off as by a switch that fails:
// silently, with connections that stay open. What was under way arrives when the cut
// is mended, as TCP has it.
type network struct {
	tb testing.TB

	mu      sync.Mutex
	members map[string]int // by the address that it speaks from
	cut     map[int]bool   // members that no other member reaches; true: clients neither
	changed chan struct{}  // closed at each change
	ended   chan struct{}
	conns   map[net.Conn]struct{}
	work    sync.WaitGroup
}

// client is who speaks from no address of a member.
const client = -1

func newNetwork(tb testing.TB) *network {
	n := &network{tb: tb, members: map[string]int{}, cut: map[int]bool{},
		changed: make(chan struct{}), ended: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	tb.Cleanup(func() {
		close(n.ended)
		n.mu.Lock()
		for c := range n.conns {
			c.Close()
		}
		n.conns = nil
		n.mu.Unlock()
		n.work.Wait()
	})
	return n
}

// join returns a new member and the address that it has to speak from.
func (n *network) join() (member int, source string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	member = len(n.members)
	source = "127.0.7." + strconv.Itoa(member+1)
	n.members[source] = member
	return member, source
}

// port opens a port that leads to a member's own, and returns it.
func (n *network) port(member int, own string) string {
	n.tb.Helper()
	l, err := net.Listen("tcp", freeAddr(n.tb))
	if err != nil {
		n.tb.Fatal(err)
	}
	n.tb.Cleanup(func() { l.Close() })
	n.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.work.Go(func() { n.carry(conn, member, own) })
		}
	})
	_, number, _ := net.SplitHostPort(l.Addr().String())
	return number
}

// partition cuts a member off from the others, and from clients if clientsToo.
func (n *network) partition(member int, clientsToo bool) {
	n.change(func() { n.cut[member] = clientsToo })
}

// heal mends all cuts.
func (n *network) heal() { n.change(func() { clear(n.cut) }) }

func (n *network) change(how func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	how()
	close(n.changed)
	n.changed = make(chan struct{})
}

// reaches tells whether from reaches to, and when to ask again.
func (n *network) reaches(from, to int) (bool, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, cut := range []int{from, to} {
		if clientsToo, ok := n.cut[cut]; ok && (clientsToo || from != client) && from != to {
			return false, n.changed
		}
	}
	return true, n.changed
}

// await returns when from reaches to; false at the end of the test.
func (n *network) await(from, to int) bool {
	for {
		ok, changed := n.reaches(from, to)
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-n.ended:
			return false
		}
	}
}

func (n *network) track(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns == nil {
		return false
	}
	n.conns[c] = struct{}{}
	return true
}

func (n *network) forget(c net.Conn) {
	c.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// carry is one connection to a member.
func (n *network) carry(near net.Conn, to int, own string) {
	defer n.forget(near)
	host, _, _ := net.SplitHostPort(near.RemoteAddr().String())
	n.mu.Lock()
	from, ok := n.members[host]
	n.mu.Unlock()
	if !ok {
		from = client
	}
	if !n.track(near) || !n.await(from, to) {
		return
	}
	far, err := net.Dial("tcp", own)
	if err != nil {
		return
	}
	defer n.forget(far)
	if !n.track(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.pass(far, near, from, to) })
	n.pass(near, far, from, to)
	both.Wait()
}

// pass copies what comes, and its end, when it can be carried.
func (n *network) pass(out, in net.Conn, from, to int) {
	defer out.Close()
	buf := make([]byte, 64<<10)
	for {
		got, err := in.Read(buf)
		if !n.await(from, to) {
			return
		}
		if _, werr := out.Write(buf[:got]); err != nil || werr != nil {
			return
		}
	}
}
