package main

import (
	"strings"
	"testing"
	"time"
)

// times is how often an operation is tried.
const times = 2

// try runs an operation against a provider with a fault.
func try(t *testing.T, alg, fault, name string, lax bool) (load, error) {
	t.Helper()
	f := newFake(t, alg, fault)
	p, err := target{name: "fake", issuer: f.URL, clientID: "bench-ALG", secret: "s%+", lax: lax}.party(t.Context(), alg, scopeLogin, 1)
	if err != nil {
		return load{}, err
	}
	t.Cleanup(p.wire.transport.CloseIdleConnections)
	do, err := p.operation(t.Context(), name)
	if err != nil {
		return load{}, err
	}
	return drive(t.Context(), []op{do}, time.Minute, times), nil
}

func TestAnHonestProviderHasNoErrors(t *testing.T) {
	for _, alg := range []string{rs256, es256} {
		for _, name := range append([]string{opLogin, opSSO, opAbandoned}, alone...) {
			for _, fault := range []string{"", "audience in a list", "turned keys"} {
				l, err := try(t, alg, fault, name, false)
				if err != nil || l.done != times || len(l.errors) != 0 {
					t.Errorf("%s %s with %q: %d done, %v, %v", alg, name, fault, l.done, l.errors, err)
				}
			}
		}
	}
	l, err := try(t, es256, "", opLogin, false)
	if err != nil {
		t.Fatal(err)
	}
	for step, n := range map[string]int{stepAuthorize: 1, stepUpstream: 1, stepCallback: 2, stepToken: 1, stepUserinfo: 1, stepTotal: 1} {
		if len(l.steps[step]) != n*times { // the fake sends the browser by way of a page of its own
			t.Errorf("%s was timed %d times, not %d", step, len(l.steps[step]), n*times)
		}
	}
}

func TestB1_OneThingWrongIsAnError(t *testing.T) {
	for _, alg := range []string{rs256, es256} {
		for _, test := range []struct{ fault, want string }{
			{"state", "wrong state"},
			{"no state", "wrong state"},
			{"iss of the answer", "wrong iss in the answer"},
			{"no iss", "wrong iss in the answer"},
			{"no code", "no code"},
			{"doubled code", "no code"},
			{"refused", "access_denied"},
			{"redirect", "connection refused"}, // followed, and nobody is there
			{"page", "answered 400"},
			{"endless", "too many redirects"},
			{"token refused", "status 401"},
			{"no access token", "no bearer token"},
			{"token type", "no bearer token"},
			{"no id token", "id token"},
			{"signature", "wrong signature"},
			{"no signature", "wrong signature"},
			{"key", "wrong signature"},
			{"kid", "no key of that id"},
			{"alg none", `alg is "none"`},
			{"another alg", "alg is"},
			{"iss", "iss is"},
			{"no sub", "no sub"},
			{"aud", "aud is"},
			{"two audiences", "aud is"},
			{"exp", "expired"},
			{"no exp", "expired"},
			{"nonce", "wrong nonce"},
			{"no nonce", "wrong nonce"},
			{"at_hash", "wrong at_hash"},
			{"no at_hash", "wrong at_hash"},
			{"userinfo refused", "status 401"},
			{"sub at userinfo", "another sub"},
		} {
			l, err := try(t, alg, test.fault, opLogin, false)
			if err != nil {
				t.Errorf("%s %s: %v", alg, test.fault, err)
				continue
			}
			if l.done != 0 || l.failed() != times {
				t.Errorf("%s %s: %d done, %d failed", alg, test.fault, l.done, l.failed())
			}
			for text := range l.errors {
				if !strings.Contains(text, test.want) {
					t.Errorf("%s %s: the error is %q", alg, test.fault, text)
				}
			}
			if len(l.steps) != 0 {
				t.Errorf("%s %s: steps of failed logins were kept", alg, test.fault)
			}
		}
	}
}

func TestB1_OneThingWrongAfterTheLoginIsAnError(t *testing.T) {
	for _, test := range []struct{ op, fault string }{
		{opRefresh, "sub of a refresh"}, {opRefresh, "refresh does not rotate"},
		{opIntrospect, "inactive"}, {opIntrospect, "sub at introspection"},
	} {
		l, err := try(t, es256, test.fault, test.op, false)
		if err != nil || l.done != 0 || l.failed() != times {
			t.Errorf("%s, %s: %d done, %d failed, %v", test.op, test.fault, l.done, l.failed(), err)
		}
	}
	for _, fault := range []string{"issuer of the metadata"} {
		if _, err := try(t, es256, fault, opDiscovery, false); err == nil {
			t.Errorf("%s: no error", fault)
		}
	}
}

// The yardstick leaves two things out, and may do nothing else that is wrong.
func TestB1_LaxIsLaxAboutTwoAbsences(t *testing.T) {
	for fault, done := range map[string]int{
		"": times, "no iss": times, "no at_hash": times, "iss of the answer": 0, "at_hash": 0, "nonce": 0, "no nonce": 0, "signature": 0, "aud": 0, "state": 0,
	} {
		if l, err := try(t, es256, fault, opLogin, true); err != nil || l.done != done {
			t.Errorf("%q: %d done, %v, %v", fault, l.done, l.errors, err)
		}
	}
}

func TestB2_OnlyLoopbackIsDialled(t *testing.T) {
	for _, issuer := range []string{"http://192.0.2.1:1", "http://[2001:db8::1]:1", "http://localhost.example:1"} {
		_, err := target{issuer: issuer}.party(t.Context(), es256, scopeLogin, 1)
		if err == nil || !strings.Contains(err.Error(), "is not a loopback address") {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	key, err := ecKey()
	if err != nil {
		f.Fatal(err)
	}
	keys := keySet{"k1": key.Public()}
	good := (&fake{alg: es256, key: key}).sign(map[string]any{"sub": "u1"})
	for _, seed := range []string{good, good + ".", good + "\n", good[1:], "..", "", "e30.e30.", strings.SplitN(good, ".", 2)[0], strings.TrimSuffix(good, good[strings.LastIndexByte(good, '.'):])} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := keys.verify(token, es256); err == nil && token != good {
			t.Errorf("%q is taken for signed", token)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","kid":"b","x":"AA","y":"AA"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if keys, err := parseKeys(document); (err == nil) == (len(keys) == 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
	})
}
