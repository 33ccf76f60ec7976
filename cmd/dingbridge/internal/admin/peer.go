package admin

import (
	"net"
	"net/http"
	"os/user"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/provider"
)

// callerMark begins the address of a connection whose other end is known.
const callerMark = "user "

// A callerConn says by its address who is at the other end, which is all that a handler
// gets to see of a connection.
type callerConn struct {
	net.Conn
	who string
}

type callerAddr string

func (callerAddr) Network() string  { return "unix" }
func (a callerAddr) String() string { return callerMark + string(a) }

// RemoteAddr tells who it is instead of a path, which the other end of a call has none of.
func (c callerConn) RemoteAddr() net.Addr { return callerAddr(c.who) }

// Accept waits for the next call and asks the system whose it is (promise A7).
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	uid, known := uidOf(c)
	if !known {
		return c, nil
	}
	id := strconv.FormatUint(uint64(uid), 10)
	who := "uid " + id
	if u, err := user.LookupId(id); err == nil {
		who = u.Username
	}
	return callerConn{c, who}, nil
}

// callerOf is who sent a call; empty if the system does not tell.
func callerOf(r *http.Request) provider.Administrator {
	who, known := strings.CutPrefix(r.RemoteAddr, callerMark)
	if !known {
		return ""
	}
	return provider.Administrator(who)
}
