package conformance_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
)

const tls12 = tls.VersionTLS12

// A notice is what an app's back-channel logout address was sent.
type notice struct {
	method, contentType string
	form                url.Values
	tls                 uint16
}

// A receiver is that address, and answers as an app does that has done as it was told
// (Back-Channel Logout section 2.8).
type receiver struct {
	url     string
	notices chan notice
}

func listen(pair tls.Certificate) (*receiver, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "https://" + l.Addr().String() + "/backchannel_logout", notices: make(chan notice, 16)}
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if err := req.ParseForm(); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.notices <- notice{req.Method, req.Header.Get("Content-Type"), req.PostForm, req.TLS.Version}
			w.Header().Set("Cache-Control", "no-store")
		}),
	}
	go func() { _ = server.ServeTLS(l, "", "") }() // ends with the tests
	return r, nil
}
