package systemtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// An answer is what an app got: of a program, in JSON.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
	err    error // no answer
}

func (a answer) text(name string) string { s, _ := a.json[name].(string); return s }

func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %.300s", a.status, a.body)
}

// refused tells whether the answer is the one for what opens nothing.
func (a answer) refused() bool {
	return a.status == http.StatusBadRequest && a.text("error") == "invalid_grant"
}

// unsent tells whether the request cannot have reached anybody.
func (a answer) unsent() bool {
	op, ok := errors.AsType[*net.OpError](a.err)
	return ok && op.Op == "dial"
}

// call posts a form to an endpoint, with the app's secret by Basic, or as a public
// client.
func (a app) call(ctx context.Context, address string, form url.Values) answer {
	if a.secret == "" {
		form.Set("client_id", a.id)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.secret != "" {
		req.SetBasicAuth(url.QueryEscape(a.id), url.QueryEscape(a.secret))
	}
	return send(req)
}

func send(req *http.Request) answer {
	resp, err := (&http.Client{Transport: wires, Timeout: patience}).Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{err: err}
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &a.json); err != nil {
			a.err = fmt.Errorf("not JSON: %d %.200s", a.status, body)
		}
	}
	return a
}

func (a app) redeem(ctx context.Context, base, code string) answer {
	return a.call(ctx, base+"/token", url.Values{"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {a.redirect}, "code_verifier": {verifier}})
}

func (a app) refresh(ctx context.Context, base, token string) answer {
	return a.call(ctx, base+"/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (a app) introspect(ctx context.Context, base, token string) answer {
	return a.call(ctx, base+"/introspect", url.Values{"token": {token}})
}

func (a app) revoke(ctx context.Context, base, token string) answer {
	return a.call(ctx, base+"/revoke", url.Values{"token": {token}})
}

func userinfo(ctx context.Context, base, token string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/userinfo", nil)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return send(req)
}
