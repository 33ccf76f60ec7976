package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// A fleet is several replicas on one store, in virtual time. Requests go round them
// through memory: a bubble has no network, and no DingTalk either.
type fleet struct {
	login.Upstream // the ways that are not gone
	*house
	rings    []*keys.Ring
	replicas []http.Handler
	next     int
	member   dingtalk.Member
	signers  map[string]bool // what has signed: algorithm and kid
}

// AuthorizeURL, Account and Member make the fleet its own upstream, with one member.
func (f *fleet) AuthorizeURL(_, state string) string {
	return "https://dingtalk.test/?" + url.Values{"state": {state}}.Encode()
}

func (f *fleet) Account(context.Context, string) (dingtalk.Account, error) {
	return dingtalk.Account{UnionID: f.member.UnionID, Nick: "Xiaosan"}, nil
}

func (f *fleet) ClientID() string { return "app" }

func (f *fleet) Member(context.Context, string) (dingtalk.Member, error) { return f.member, nil }

// RoundTrip carries a request to the replica whose turn it is.
func (f *fleet) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.RemoteAddr = "192.0.2.1:40000"; in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	f.replicas[f.next%len(f.replicas)].ServeHTTP(w, in)
	f.next++
	return w.Result(), nil
}

// newFleet starts three replicas, whose rings reread the store each minute. It belongs
// into a bubble.
func newFleet(t *testing.T, c keys.Config) *fleet {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait(); store.Close() })
	secrets, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		t.Fatal(err)
	}
	specs := testClients()
	for i := range specs {
		if specs[i].ID == "es" {
			specs[i].AccessToken = clients.AccessJWT
		}
	}
	set, faults := clients.NewSet(specs)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	f := &fleet{house: &house{t: t, issuer: "http://localhost:8080"}, signers: map[string]bool{},
		member: dingtalk.Member{CorpID: "dingcorp", UserID: "zhangsan", UnionID: "union-of-zhangsan", Name: "Zhang San", Active: true, Departments: []int64{1}}}
	written, err := pages.New(pages.Config{Issuer: f.issuer})
	if err != nil {
		t.Fatal(err)
	}
	c.Store, c.Secrets = store, secrets
	for i := range 3 {
		ring, err := keys.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		p, err := provider.New(provider.Config{Issuer: f.issuer, Store: store, Secrets: secrets, Ring: ring, Clients: set,
			Organisations: []provider.Organisation{{CorpID: f.member.CorpID, Upstream: f}}, Pages: written, Audit: audit.Discard})
		if err != nil {
			t.Fatal(err)
		}
		f.rings, f.replicas = append(f.rings, ring), append(f.replicas, p.Handler())
		running.Go(func() {
			time.Sleep(time.Duration(i) * 17 * time.Second) // they tick apart
			ring.Run(ctx)
		})
	}
	return f
}

func (f *fleet) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &browser{f.t, &http.Client{Transport: f, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// tokens logs a browser into a client and returns what the token endpoint gave.
func (f *fleet) tokens(b *browser, client string) map[string]any {
	f.t.Helper()
	p := b.get(f.authorization("client_id", client, "scope", "openid"))
	if at, _ := url.Parse(p.location); at.Host == "dingtalk.test" {
		p = b.get(f.issuer + "/login/callback?" + url.Values{"authCode": {fmt.Sprint("code-", f.next)}, "state": at.Query()["state"]}.Encode())
	}
	code := answer(f.t, p).Get("code")
	p = b.post(f.issuer+"/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback},
		"code_verifier": {testVerifier}, "client_id": {client}, "client_secret": {testSecret}})
	var tokens map[string]any
	if err := json.Unmarshal([]byte(p.body), &tokens); err != nil || tokens["id_token"] == nil {
		f.t.Fatalf("no tokens: %d %s", p.status, p.body)
	}
	return tokens
}

// keySet is what one replica publishes, and how long that may be kept.
func (f *fleet) keySet() (*jose.JSONWebKeySet, time.Duration) {
	f.t.Helper()
	p := f.browser().get(f.issuer + "/jwks")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(p.body), &set); err != nil {
		f.t.Fatal(err)
	}
	seconds, err := strconv.Atoi(strings.TrimPrefix(p.header.Get("Cache-Control"), "public, max-age="))
	if err != nil {
		f.t.Fatal(err)
	}
	return &set, time.Duration(seconds) * time.Second
}

// verify reads a token as an app does: the one key with the token's kid, of the set it
// has, and that key's own algorithm.
func (f *fleet) verify(set *jose.JSONWebKeySet, token string) error {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return err
	}
	header := jws.Signatures[0].Protected
	f.signers[header.Algorithm+" "+header.KeyID] = true
	found := set.Key(header.KeyID)
	if len(found) != 1 || found[0].Algorithm != header.Algorithm {
		return errors.New("unknown kid " + header.KeyID)
	}
	_, err = jws.Verify(found[0].Key)
	return err
}

// TestRotation_AnAppThatKeepsTheKeySetForAnHour meets no kid that it does not know:
// through four changes of keys, three by age and one by hand, logging in all the time,
// at whichever replica.
//
// proves: key rotation | Core section 10.1.1
func TestRotation_AnAppThatKeepsTheKeySetForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		f := newFleet(t, keys.Config{RotateEvery: 2 * day})
		start := time.Now()
		var kept *jose.JSONWebKeySet
		var fetched time.Time
		var before string
		byHand := false
		for turn := 0; time.Since(start) < 8*day; turn++ {
			if kept == nil || time.Since(fetched) >= time.Hour {
				kept, _ = f.keySet()
				fetched = time.Now()
			}
			token := f.tokens(f.browser(), []string{"app", "es"}[turn%2])["id_token"].(string)
			if err := f.verify(kept, token); err != nil {
				t.Fatalf("after %v, with a set of %v ago: %v", time.Since(start), time.Since(fetched), err)
			}
			if before != "" { // the last one's key is still published
				if fresh, _ := f.keySet(); f.verify(fresh, before) != nil {
					t.Fatalf("after %v: %v", time.Since(start), f.verify(fresh, before))
				}
			}
			before = token
			if !byHand && time.Since(start) > 6*day+12*time.Hour {
				byHand = true
				if err := f.rings[turn%3].Rotate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(37*time.Minute + time.Duration(turn%7)*time.Second)
		}
		if len(f.signers) != 10 { // two algorithms: the first key, three by age, one by hand
			t.Errorf("%d keys have signed: %v", len(f.signers), f.signers)
		}
	})
}

// TestRotation_WhatTheKeyBeforeSigned is good until it ends: tokens of the last moment
// open what they open, at every replica, and an ID token serves as a hint for seven
// days more, though its key is no longer published.
func TestRotation_WhatTheKeyBeforeSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, keys.Config{})
		if err := f.rings[0].Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var change time.Time
		for _, info := range f.rings[0].List() {
			if info.Alg == keys.ES256 && info.State == keys.Next {
				change = info.Signs
			}
		}
		time.Sleep(time.Until(change) - 2*time.Second)
		b := f.browser()
		old := f.tokens(b, "es")
		time.Sleep(4 * time.Second)
		if id := f.tokens(b, "es")["id_token"].(string); part(t, id, 0)["kid"] == part(t, old["id_token"].(string), 0)["kid"] {
			t.Fatal("the key has not changed")
		}
		set, _ := f.keySet()
		for _, name := range []string{"id_token", "access_token"} {
			if err := f.verify(set, old[name].(string)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range f.replicas {
			req, _ := http.NewRequest(http.MethodGet, f.issuer+"/userinfo", nil)
			req.Header.Set("Authorization", "Bearer "+old["access_token"].(string))
			if p := b.send(req); p.status != http.StatusOK {
				t.Errorf("userinfo: %d %s", p.status, p.body)
			}
		}

		hint := func() string {
			b := f.browser()
			f.tokens(b, "es") // the same person, here now
			q := answer(t, b.get(f.authorization("client_id", "es", "scope", "openid", "prompt", "none", "id_token_hint", old["id_token"].(string))))
			return q.Get("error")
		}
		const published, remembered, slack = time.Hour, 7 * 24 * time.Hour, 10 * time.Minute
		time.Sleep(time.Until(change.Add(published + slack)))
		if set, _ := f.keySet(); f.verify(set, old["id_token"].(string)) == nil {
			t.Error("the key is still published")
		}
		if got := hint(); got != "" {
			t.Errorf("as a hint, no longer published: %s", got)
		}
		time.Sleep(time.Until(change.Add(published + remembered - slack)))
		if got := hint(); got != "" {
			t.Errorf("as a hint, after seven days: %s", got)
		}
		time.Sleep(3 * slack)
		if got := hint(); got != "invalid_request" {
			t.Errorf("as a hint, when its key is forgotten: %q", got)
		}
	})
}

// TestRotation_TheKeySetIsKeptForLessThanTheLead, whatever the lead: the header says so.
func TestRotation_TheKeySetIsKeptForLessThanTheLead(t *testing.T) {
	for _, lead := range []time.Duration{5 * time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(t, keys.Config{PublishLead: lead})
			if _, kept := f.keySet(); kept <= 0 || kept > lead/2 || kept > time.Hour {
				t.Errorf("published %v before it signs, kept for %v", lead, kept)
			}
		})
	}
}
