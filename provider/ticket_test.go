package provider

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// TestH11_Tickets: a ticket opens for its purpose and session, unchanged, and until its
// time is over.
func TestH11_Tickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list, err := secret.Parse([]byte(secret.Generate()))
		if err != nil {
			t.Fatal(err)
		}
		p := &Provider{tickets: list.Tokens("form")}
		mine, theirs := sessionRef(t, 1), sessionRef(t, 2)
		hidden, err := p.ticket(ticketEndSession, mine, logoutRequest{ClientID: "app", State: "s"})
		if err != nil {
			t.Fatal(err)
		}
		shown := url.Values{}
		for _, f := range hidden {
			shown.Set(f.Name, f.Value)
		}
		open := func(purpose string, session sessions.Ref, form url.Values) (l logoutRequest, err error) {
			err = p.openTicket(&http.Request{PostForm: form}, purpose, session, &l)
			return l, err
		}
		with := func(name, value string) url.Values {
			form := url.Values{"request": shown["request"], "ticket": shown["ticket"]}
			form.Set(name, value)
			return form
		}
		time.Sleep(ticketLife - time.Second)
		if l, err := open(ticketEndSession, mine, shown); err != nil || l.ClientID != "app" || l.State != "s" {
			t.Errorf("at its end: %v, %v", l, err)
		}
		for name, form := range map[string]url.Values{
			"another request": with("request", base64.RawURLEncoding.EncodeToString([]byte(`{"c":"wiki"}`))),
			"no request":      with("request", ""),
			"not base64url":   with("request", "?"),
			"padded":          with("request", shown.Get("request")+"="),
			"no ticket":       with("ticket", ""),
			"another ticket":  with("ticket", list.Tokens("code").Issue(make([]byte, 40))),
		} {
			if _, err := open(ticketEndSession, mine, form); err == nil {
				t.Errorf("%s: it opens", name)
			}
		}
		for _, purpose := range []string{ticketConsent, ticketDevice, ticketDeviceCode, ticketAccount, ""} {
			if _, err := open(purpose, mine, shown); err == nil {
				t.Errorf("it opens for %q", purpose)
			}
		}
		if _, err := open(ticketEndSession, theirs, shown); err == nil {
			t.Error("it opens in another session")
		}
		time.Sleep(time.Second)
		if _, err := open(ticketEndSession, mine, shown); err == nil {
			t.Error("it opens after its time")
		}
	})
}

func sessionRef(t *testing.T, b byte) sessions.Ref {
	t.Helper()
	secret := make([]byte, 32)
	secret[0] = b
	ref, err := sessions.Parse(sessions.Cookie([16]byte{9}, secret))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}
