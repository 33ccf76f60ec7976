package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/pushed"
)

// par is the pushed authorization request endpoint (RFC 9126 section 2): an
// authenticated client leaves its request here, and sends the browser with a
// reference to it. What is in order here is in order at authorize, by the same
// parser. A client without a secret may push too: its request is then bound to one
// browser, though not to it.
func (p *Provider) par(w http.ResponseWriter, r *http.Request) {
	ctx, c := r.Context(), callOf(r.Context()).client
	form := maps.Clone(r.PostForm)
	form.Set("client_id", c.ID)
	if form.Has("request_uri") {
		p.refusePush(w, r, http.StatusBadRequest, "invalid_request", "request_uri must not be pushed")
		return
	}
	if _, fault := p.readAuthRequest(form, true); fault != nil {
		if fault.page == pages.UnregisteredRedirect {
			fault.description = "redirect_uri is not registered for this client"
		}
		p.refusePush(w, r, http.StatusBadRequest, cmp.Or(fault.code, "invalid_request"), cmp.Or(fault.description, "the request is not in order"))
		return
	}
	if over, ok := p.mayBegin(ctx, kindPushed, c); !ok {
		p.turnAwayClient(w, r, over)
		return
	}
	uri, life, op, err := p.pushed.Push(c.ID, form)
	if errors.Is(err, pushed.ErrTooLarge) {
		p.refusePush(w, r, http.StatusRequestEntityTooLarge, "invalid_request", "the request is too large")
		return
	}
	if err == nil {
		err = p.Store.Together(ctx, op)
	}
	if err != nil {
		p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: "pushed request", Err: err})
		w.Header().Set("Retry-After", unavailableTry)
		writeOAuthError(w, http.StatusServiceUnavailable, "temporarily_unavailable", cannotAnswer)
		return
	}
	p.record(ctx, audit.Event{Name: audit.RequestPushed})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(struct {
		URI     string `json:"request_uri"`
		Seconds int64  `json:"expires_in"`
	}{uri, int64(life / time.Second)})
}

func (p *Provider) refusePush(w http.ResponseWriter, r *http.Request, status int, code, description string) {
	p.record(r.Context(), audit.Event{Name: audit.RequestPushRefused, Reason: description})
	writeOAuthError(w, status, code, description)
}

// openRequest returns the authorization request that a browser brings: in its URL, by a
// form that was kept, or by the reference of one that its client pushed; then, of
// what else stands in the URL, only client_id counts (RFC 9126 section 4). If ok is
// false it has answered, with a page: without the request nobody knows where an
// error may go.
func (p *Provider) openRequest(w http.ResponseWriter, r *http.Request) (form url.Values, byPush, ok bool) {
	form = r.Form
	if form.Has("posted") {
		if form, ok = p.openPosted(w, r, pathAuthorize); !ok {
			return nil, false, false
		}
	}
	if !pushed.IsURI(form.Get("request_uri")) {
		return form, false, true
	}
	if len(form["request_uri"]) > 1 || len(form["client_id"]) > 1 {
		p.refuseAuthRequest(w, r, authRequest{}, &requestFault{page: pages.InvalidRequest})
		return nil, false, false
	}
	client, known := p.Clients.Lookup(form.Get("client_id"))
	if !known {
		p.refuseAuthRequest(w, r, authRequest{}, &requestFault{page: pages.UnknownClient})
		return nil, false, false
	}
	callOf(r.Context()).client = client
	form, err := p.pushed.Open(r.Context(), form.Get("request_uri"), client.ID, p.binding(r))
	if err != nil {
		p.refusePerson(w, r, client, err)
		return nil, false, false
	}
	p.keepBinding(w, r)
	return form, true, true
}
