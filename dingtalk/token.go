package dingtalk

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// renewBefore is how long before its end a token is renewed, if it lives long
	// enough; one that lives shorter is renewed in the last quarter of its life.
	renewBefore = 10 * time.Minute
	// renewAgain is the pause after a renewal that failed while the token still lives.
	renewAgain = 30 * time.Second
	// longestLife caps what DingTalk may claim; it says two hours.
	longestLife = 24 * time.Hour
)

// A tokenCache keeps the app's access token and fetches it in single flight. Its
// zero value with fetch set is ready. Safe for concurrent use.
type tokenCache struct {
	fetch func(context.Context) (appToken, *Error)
	log   *slog.Logger

	mu     sync.Mutex
	value  string
	renew  time.Time // from here on fetch another, while value is still good
	expire time.Time
	flight *flight // nil if none is under way
}

// An appToken is a token and how long it lives from the moment it was asked for.
type appToken struct {
	value string
	life  time.Duration
}

// A flight is one fetch and those who wait for it.
type flight struct {
	done  chan struct{} // closed at the end; only then token and fault may be read
	token string
	fault *Error
}

// get returns a token, at once if there is a live one, else after one fetch that
// all callers share. A caller whose context ends stops waiting; the fetch goes on.
func (t *tokenCache) get(ctx context.Context) (string, *Error) {
	t.mu.Lock()
	now := time.Now()
	if t.value != "" && now.Before(t.expire) {
		value := t.value
		if !now.Before(t.renew) {
			t.start(ctx)
		}
		t.mu.Unlock()
		return value, nil
	}
	f := t.start(ctx)
	t.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		return "", &Error{Reason: ReasonUnavailable, Call: CallAppToken, Err: ctx.Err()}
	}
	if f.fault != nil {
		fault := *f.fault // each caller its own
		return "", &fault
	}
	return f.token, nil
}

// drop forgets a token that DingTalk called invalid, unless it has been replaced.
func (t *tokenCache) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == value {
		t.value = ""
	}
}

// start joins the fetch under way or begins one; t.mu is held. The fetch belongs
// to nobody: it outlives the caller who happened to be first.
func (t *tokenCache) start(ctx context.Context) *flight {
	if t.flight != nil {
		return t.flight
	}
	f := &flight{done: make(chan struct{})}
	t.flight = f
	ctx = inLane(context.WithoutCancel(ctx), lanePerson) // a sweep may have begun it, and a person join
	go func() {
		asked := time.Now()
		token, fault := t.fetch(ctx)
		if fault != nil {
			t.log.Warn("dingtalk app token not fetched", "error", fault)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		f.token, f.fault = token.value, fault
		t.flight = nil
		close(f.done)
		if fault != nil {
			t.renew = time.Now().Add(renewAgain)
			return
		}
		t.value = token.value
		t.expire = asked.Add(token.life)
		t.renew = t.expire.Add(-min(renewBefore, token.life/4))
	}()
	return f
}

// fetchAppToken asks DingTalk for the app's token. Asking again while one is valid
// gives the same one, so a repetition is safe, and so are other replicas.
func (c *Client) fetchAppToken(ctx context.Context) (appToken, *Error) {
	r, fault := c.appTokenRequest(c.secrets.Load().app)
	if fault != nil {
		return appToken{}, fault
	}
	var token appToken
	fault = c.do(ctx, r, func(a answer) (f *Error) {
		token, f = decodeAppToken(a.status, a.body)
		return f
	})
	if fault != nil && (fault.Reason == ReasonOutsider || fault.Reason == ReasonDisabled) {
		fault.Reason = ReasonConfig // this call is about the app: it says nothing of a person
	}
	return token, fault
}

func (c *Client) appTokenRequest(secret string) (request, *Error) {
	body, err := json.Marshal(struct {
		AppKey    string `json:"appKey"`
		AppSecret string `json:"appSecret"`
	}{c.clientID, secret})
	if err != nil {
		return request{}, &Error{Call: CallAppToken, Err: err}
	}
	return request{call: CallAppToken, method: http.MethodPost, url: c.appToken, body: body, secret: secret, repeatable: true}, nil
}

// decodeAppToken reads the answer of accessToken.
func decodeAppToken(status int, body []byte) (appToken, *Error) {
	o, fault := newAnswer(status, body, "accessToken", "expireIn")
	if fault != nil {
		return appToken{}, fault
	}
	value, seconds := o.token("accessToken"), o.integer("expireIn")
	switch {
	case o.err != nil:
		return appToken{}, o.fault()
	case seconds <= 0:
		return appToken{}, strange("the token has no life")
	}
	life := longestLife
	if seconds < int64(longestLife/time.Second) {
		life = time.Duration(seconds) * time.Second
	}
	return appToken{value: value, life: life}, nil
}
