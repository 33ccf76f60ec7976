package stream

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestProbe_ConnectsNothing: it asks for a ticket and shows it to nobody, and tells apart a
// gateway that refuses and a host that cannot be reached.
func TestProbe_ConnectsNothing(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		status     int
		host       string // that the gateway names; empty: its own
		want, said string
	}{
		"all is well":         {http.StatusOK, "", "its own", ""},
		"refused":             {http.StatusUnauthorized, "", "", errCredentials.Error()},
		"nothing is there":    {http.StatusOK, gone, gone, "connection: "},
		"an endpoint in vain": {http.StatusOK, "dingtalk.example", "", "not wss"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Method+" "+r.RequestURI)
				if r.Method == http.MethodGet {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				host := row.host
				if host == "" {
					host = r.Host
				}
				w.WriteHeader(row.status)
				fmt.Fprintf(w, `{"code":"authFailed","endpoint":"ws://%s/connect?x=1","ticket":"ticket-of-the-test"}`, host)
			}))
			defer server.Close()
			c, err := New(Config{API: server.URL, CorpID: corp, ClientID: clientID, ClientSecret: secret, Handle: func(context.Context, Event) bool { return true }})
			if err != nil {
				t.Fatal(err)
			}
			host, err := c.Probe(t.Context())
			want := []string{"POST /v1.0/gateway/connections/open"}
			if row.want == "its own" {
				row.want = strings.TrimPrefix(server.URL, "http://")
				want = append(want, "GET /")
			}
			server.Close() // what was asked is written
			if host != row.want || (err == nil) != (row.said == "") || err != nil && !strings.Contains(err.Error(), row.said) {
				t.Errorf("host %q, %v", host, err)
			}
			if fmt.Sprint(asked) != fmt.Sprint(want) {
				t.Errorf("asked %q, want %q", asked, want)
			}
			if err != nil && strings.Contains(err.Error(), "ticket-of") {
				t.Error("the ticket is told")
			}
		})
	}
}
