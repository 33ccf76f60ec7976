package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hosting serves a handler with a bound of connections until the test ends.
func hosting(t *testing.T, s server) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s.listener, s.log = local(t), slog.New(slog.DiscardHandler)
	ended, began := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- serveAll(ctx, []server{s}, func() error { close(began); return nil }, nil)
	}()
	<-began
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s.listener.Addr().String()
}

// dialed is a connection that ends with the test.
func dialed(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// closed waits until a connection was closed at the other end.
func closed(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatal("it stays open")
	}
}

func ask(t *testing.T, c net.Conn) string {
	t.Helper()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

// TestThreat_DoS_IdleConnections: whoever opens very many connections and says nothing, or
// one byte now and then of headers or of a body, loses them to those who come after.
func TestThreat_DoS_IdleConnections(t *testing.T) {
	const most = 64
	begins := map[string]string{
		"nothing":      "",
		"half a line":  "GET / HT",
		"half headers": "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: a",
		"half a body":  "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na",
		"a chunk":      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
	}
	for name, begin := range begins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := hosting(t, server{most: most, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, "here")
			})})
			first := dialed(t, address)
			fmt.Fprint(first, begin)
			for range 3 * most {
				c := dialed(t, address)
				fmt.Fprint(c, begin)
			}
			closed(t, first)
			if got := ask(t, dialed(t, address)); got != "HTTP/1.1 200 OK" {
				t.Errorf("somebody else got %q", got)
			}
		})
	}
}

// TestWhatIsBeingAnsweredIsNotCut: not for others, however many come; they are turned away
// while all that there are are busy, and let in afterwards.
func TestWhatIsBeingAnsweredIsNotCut(t *testing.T) {
	const most = 64
	release, arrived := make(chan struct{}), make(chan struct{}, most)
	address := hosting(t, server{most: most, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-release
		}
		fmt.Fprint(w, "here")
	})})
	var busy []net.Conn
	for range most {
		c := dialed(t, address)
		fmt.Fprint(c, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
		<-arrived
		busy = append(busy, c)
	}
	for range 10 {
		closed(t, dialed(t, address))
	}
	close(release)
	for _, c := range busy {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Fatalf("what was under way got %q, %v", line, err)
		}
	}
	if got := ask(t, dialed(t, address)); got != "HTTP/1.1 200 OK" {
		t.Errorf("afterwards: %q", got)
	}
	if got := ask(t, busy[most-1]); got != "HTTP/1.1 200 OK" && !strings.Contains(got, "EOF") && !strings.Contains(got, "reset") {
		t.Errorf("a connection that is used again: %q", got)
	}
}

// TestConnectionsOverTLS: the bound holds for https and HTTP/2 too.
func TestConnectionsOverTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, certFile, keyFile)
	c, err := loadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	address := hosting(t, server{most: 64, tls: c.config(), handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })})
	client := func() *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	first := dialed(t, address)
	for n := range 100 {
		if n%2 == 0 {
			dialed(t, address) // no handshake at all
			continue
		}
		answer, err := client().Get("https://" + address)
		if err != nil {
			t.Fatalf("connection %d: %v", n, err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if string(body) != "HTTP/2.0" {
			t.Fatalf("%s", body)
		}
	}
	closed(t, first)
}
