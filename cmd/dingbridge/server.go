package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os/signal"
	"syscall"
	"time"
)

// Limits of every connection. A login calls DingTalk several times before it
// answers, hence the long time to write.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	drainTimeout      = 30 * time.Second // longer than a login that is being answered may take
	noticeTimeout     = 10 * time.Second // for notices of logouts after that; a dead app must not hold up the end
)

// A server is one handler on one address.
type server struct {
	listener net.Listener
	handler  http.Handler
	tls      *tls.Config // nil: plain http
	log      *slog.Logger
	most     int // open connections; 0: any number
}

// serveAll serves until ctx ends or a server fails, then lets what is under way
// finish (promise M3). begin is called once all of them accept connections, drain
// before they stop accepting. Connections that outlast the bound are cut.
func serveAll(ctx context.Context, servers []server, begin func() error, drain func()) error {
	failed := make(chan error, len(servers)+1)
	running := make([]*http.Server, len(servers))
	for i, s := range servers {
		running[i] = &http.Server{
			Handler:           s.handler,
			TLSConfig:         s.tls,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			// Mostly handshakes that strangers broke off.
			ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		}
		bound(running[i], s.most)
		go func() {
			if s.tls != nil {
				failed <- running[i].ServeTLS(s.listener, "", "")
			} else {
				failed <- running[i].Serve(s.listener)
			}
		}()
	}
	err := begin()
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	if drain != nil {
		drain()
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	for i, s := range running {
		if e := s.Shutdown(bounded); e != nil {
			servers[i].log.Warn("cut connections that did not finish", "after", drainTimeout.String())
			_ = s.Close()
		}
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// untilSignal ends with SIGTERM or SIGINT. A second signal kills, as usual.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// listen opens a TCP address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, listenCause(err))
	}
	return l, nil
}

// baseURL is the plain http address of l, which was asked for as address: with the
// real port, and the name that was given where it is one.
func baseURL(l net.Listener, address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "http://" + net.JoinHostPort(host, port)
}
