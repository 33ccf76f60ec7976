package storagetest

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Ports from lowest to highest are below those that the system gives to outgoing
// connections: one of these may be taken at any moment, also while a killed server is
// to come back on its port.
const lowest, highest = 12000, 31999

var lastPort struct {
	sync.Mutex
	port int
}

// FreePort is a port of 127.0.0.1 that nobody listens on. None is given twice until all
// were; where one begins differs from process to process, so that packages that are
// tested at once seldom choose the same. It may be called from any goroutine.
func FreePort() (string, error) {
	lastPort.Lock()
	defer lastPort.Unlock()
	const all = highest - lowest + 1
	if lastPort.port == 0 {
		lastPort.port = lowest + os.Getpid()*7919%all
	}
	for range all {
		lastPort.port = lowest + (lastPort.port-lowest+1)%all
		port := strconv.Itoa(lastPort.port)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("no free port")
}

func freeAddr(tb testing.TB) string {
	tb.Helper()
	port, err := FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", port)
}
