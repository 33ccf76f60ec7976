package provider

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// errTooOften is what was shown again and again after it had been refused.
var errTooOften = errors.New("shown too often")

// The kinds of what is kept before anybody has proven anything.
const (
	kindLogin  = "login"
	kindPosted = "posted"
	kindPushed = "pushed"
	kindDevice = "device"
)

// mayBegin takes what one of a kind may cost storage before anybody has proven anything:
// from the replica's budget and from the address's own. An address that has used a part
// of its own, or whose site has, leaves the last of the replica's to others. byApp is a client that has
// proven itself: its address is that of many people, and is never the one that refuses.
func (p *Provider) mayBegin(ctx context.Context, kind string, byApp *clients.Client) (over limits.Word, ok bool) {
	app := ""
	if byApp != nil && !byApp.Public {
		app = byApp.ID
	}
	from := callOf(ctx).from
	own, site := p.limits.Of(limits.LoginsOfAddress, from, kind, app), p.limits.OfSite(limits.LoginsOfAddress, from, kind)
	used, ok := own.Take()
	if !ok && app == "" {
		return limits.LoginsOfAddress, false
	}
	there, room := site.Take()
	part := 0.
	if !ok || !room || max(used, there) > .1 {
		part = .25
	}
	if !p.begun.takeAbove(part) {
		if ok {
			own.GiveBack()
		}
		if room {
			site.GiveBack()
		}
		return limits.Logins, false
	}
	return "", true
}

// cameBack returns to an address what one of a kind had taken: a person has come back.
func (p *Provider) cameBack(ctx context.Context, kind string) {
	from := callOf(ctx).from
	p.limits.Of(limits.LoginsOfAddress, from, kind, "").GiveBack()
	p.limits.OfSite(limits.LoginsOfAddress, from, kind).GiveBack()
}

// mayWork takes a place, and one request, from a client that was proven; or says which
// limit it is over.
func (p *Provider) mayWork(ctx context.Context, c *clients.Client) (over limits.Word, ok bool) {
	call := callOf(ctx)
	if _, ok := p.limits.Of(limits.ClientRequests, call.from, c.ID, "").Take(); !ok {
		return limits.ClientRequests, false
	}
	if call.work.client == nil {
		gate := p.limits.Client(c.ID)
		if !gate.Enter() {
			return limits.ClientAtOnce, false
		}
		call.work.client = gate
	}
	return "", true
}

// show notes which code or token a client shows. One that was refused again and again
// is not looked at for a while; each by itself, so that no other is hit.
func (p *Provider) show(ctx context.Context, c *clients.Client, token string) error {
	id := ""
	if c != nil {
		id = c.ID
	}
	call := callOf(ctx)
	call.shown = p.limits.Of(limits.DeadTokens, netip.Addr{}, id, token)
	if !call.shown.Has() {
		p.limited(ctx, limits.DeadTokens)
		return errTooOften
	}
	return nil
}

// mayFail counts what a client showed that was wrong, or says that it was too often.
func (p *Provider) mayFail(ctx context.Context, word limits.Word) (over limits.Word, ok bool) {
	call, id := callOf(ctx), ""
	if call.client != nil {
		id = call.client.ID
	}
	_, ok = p.limits.Of(word, call.from, id, "").Take()
	return word, ok
}

// statusOf is 503 where we have too much to do, and 429 where whoever asks does too much.
func statusOf(over limits.Word) int {
	switch over {
	case limits.Logins, limits.Answers, limits.AddressAnswers, limits.RequestsAtOnce, limits.LoginsAtOnce, limits.ClientAtOnce:
		return http.StatusServiceUnavailable
	}
	return http.StatusTooManyRequests
}

// limitedTry is when to come again after too much of one's own, in seconds.
const limitedTry = "30"

func retryAfter(status int) string {
	if status == http.StatusTooManyRequests {
		return limitedTry
	}
	return unavailableTry
}

// turnAwayPerson answers what is over a limit with a page, from which to try again.
func (p *Provider) turnAwayPerson(w http.ResponseWriter, r *http.Request, over limits.Word, retryURL string) {
	p.limited(r.Context(), over)
	status := statusOf(over)
	w.Header().Set("Retry-After", retryAfter(status))
	if r.Form == nil {
		r.Form = map[string][]string{}
	}
	p.page(w, r, status, pages.Page{Kind: pages.TooManyRequests, ClientName: clientName(callOf(r.Context()).client), RetryURL: retryURL})
}

// turnAwayClient answers it with an error of OAuth.
func (p *Provider) turnAwayClient(w http.ResponseWriter, r *http.Request, over limits.Word) {
	p.limited(r.Context(), over)
	status, code := statusOf(over), "temporarily_unavailable"
	if r.PostForm.Get("grant_type") == string(oidc.GrantTypeDeviceCode) && over == limits.ClientRequests {
		code = "slow_down" // RFC 8628 section 3.5
	}
	w.Header().Set("Retry-After", retryAfter(status))
	writeOAuthError(w, status, code, tooMuch)
}

// turnAway answers in the form that the route's callers read.
func (p *Provider) turnAway(w http.ResponseWriter, r *http.Request, route route, over limits.Word) {
	if route.audience != person {
		p.turnAwayClient(w, r, over)
		return
	}
	retry := ""
	if r.Method != http.MethodPost {
		retry = r.URL.RequestURI() // not yet cut off
	}
	p.turnAwayPerson(w, r, over, retry)
}

// overLimit is turnAwayClient for what the library writes.
func (p *Provider) overLimit(ctx context.Context, over limits.Word) error {
	p.limited(ctx, over)
	return tooOften(statusOf(over))
}

func tooOften(status int) error {
	return op.NewStatusError(&oidc.Error{ErrorType: "temporarily_unavailable", Description: tooMuch}, status)
}

// tellEvery is how often one limit is written into the audit log at most: what strangers
// do must not fill it.
const tellEvery = time.Second

// turned counts, by limit, what was turned away and is not written yet.
type turned struct {
	mu    sync.Mutex
	words map[limits.Word]*tally
}

type tally struct {
	count   int
	told    time.Time
	waiting bool // to be told
}

// limited writes that a request was turned away: at once, or with those that follow.
func (p *Provider) limited(ctx context.Context, over limits.Word) {
	t := &p.turned
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.words == nil {
		t.words = map[limits.Word]*tally{}
	}
	n := t.words[over]
	if n == nil {
		n = &tally{}
		t.words[over] = n
	}
	n.count++
	if n.waiting {
		return
	}
	tell := func(now time.Time) {
		p.record(ctx, audit.Event{Name: audit.RequestLimited, Reason: string(over), Count: n.count})
		n.count, n.told, n.waiting = 0, now, false
	}
	if now := time.Now(); now.Sub(n.told) >= tellEvery {
		tell(now)
		return
	}
	n.waiting, ctx = true, context.WithoutCancel(ctx)
	time.AfterFunc(tellEvery-time.Since(n.told), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		tell(time.Now())
	})
}
