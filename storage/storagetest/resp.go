package storagetest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// command speaks just enough RESP for a test to ask a server without the client
// that is under test.
func (r *Redis) command(args ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", r.Addr, 10*time.Second)
	if err != nil {
		return "", err
	}
	defer func() { conn.Close() }()
	if r.tls != nil {
		config := r.tls.Clone()
		config.ServerName = "127.0.0.1"
		conn = tls.Client(conn, config)
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	replies := bufio.NewReader(conn)
	if r.user != "" {
		if _, err := ask(conn, replies, "AUTH", r.user, "any"); err != nil {
			return "", err
		}
	}
	return ask(conn, replies, args...)
}

func ask(w io.Writer, replies *bufio.Reader, args ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return "", err
	}
	return readReply(replies)
}

func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("empty reply")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return "", fmt.Errorf("reply %q", line)
	}
	switch {
	case n < 0:
		return "(nil)", nil
	case kind == '$':
		b := make([]byte, n+2)
		_, err := io.ReadFull(r, b)
		return string(b[:n]), err
	case kind == '*':
		all := make([]string, n)
		for i := range all {
			if all[i], err = readReply(r); err != nil {
				return "", err
			}
		}
		return strings.Join(all, "\n"), nil
	}
	return "", fmt.Errorf("reply %q", line)
}
