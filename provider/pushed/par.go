package pushed

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// uriPrefix makes a URN of a reference (RFC 9126 section 2.2).
const uriPrefix = "urn:ietf:params:oauth:request_uri:"

// IsURI tells whether a request_uri has the form of those that Push makes. Whether it
// is one, Open tells.
func IsURI(uri string) bool { return strings.HasPrefix(uri, uriPrefix) }

// credentials are the parameters that authenticate a client and are no part of its
// request (RFC 6749 section 2.3.1, RFC 7521 section 4.2).
var credentials = []string{"client_secret", "client_assertion", "client_assertion_type"}

// Push makes the request_uri of a request that an authenticated client pushed and
// that was found in order, how long it lives, and the op that stores it. The URI is
// worth nothing before the op has succeeded. The request may be of ErrTooLarge.
func (q *Requests) Push(clientID string, form url.Values) (uri string, life time.Duration, op *storage.Op, err error) {
	form = maps.Clone(form)
	for _, name := range credentials {
		delete(form, name)
	}
	reference, op, err := q.keep(q.uris, "par/", clientID, form, q.life)
	if err != nil {
		return "", 0, nil, err
	}
	return uriPrefix + reference, q.life, op, nil
}

// Open returns the request that a browser brought the URI of. clientID is what the
// browser says beside it; binding is the value of a cookie that only this browser
// has. The first browser keeps the request (promise Q2): a page may be loaded
// again, and whoever saw the URI in passing comes too late (RFC 9126 sections 4
// and 7.3). One trip, and for the first use a second.
func (q *Requests) Open(ctx context.Context, uri, clientID, binding string) (url.Values, error) {
	reference, ours := strings.CutPrefix(uri, uriPrefix)
	if !ours {
		return nil, ErrUnknownRequest
	}
	h, err := open(q.uris, "par/", reference)
	if err != nil {
		return nil, err
	}
	get := storage.Get(h.key)
	if err := q.store.Together(ctx, get); err != nil {
		return nil, gone("read request", err)
	}
	r, err := q.unseal(h, get.Value)
	if err != nil {
		return nil, err
	}
	if r.For != clientID {
		return nil, ErrOtherClient
	}
	if binding == "" {
		return nil, ErrOtherBrowser
	}
	browser := hash(binding)
	if r.Browser == "" {
		if r, err = q.bind(ctx, h, get.Version, r, browser); err != nil {
			return nil, err
		}
	}
	if subtle.ConstantTimeCompare([]byte(r.Browser), []byte(browser)) != 1 {
		return nil, ErrOtherBrowser
	}
	return r.form()
}

// bind gives a request to a browser, and returns whose it then is.
func (q *Requests) bind(ctx context.Context, h handle, version storage.Version, r record, browser string) (record, error) {
	left := time.Until(h.ends)
	if left <= 0 {
		return record{}, ErrUnknownRequest
	}
	r.Browser = browser
	swap := storage.Swap(h.key, version, q.seal(h, r), left)
	switch err := q.store.Together(ctx, swap); {
	case err == nil:
		return r, nil
	case errors.Is(err, storage.ErrConflict): // a rival, perhaps the same browser's
		return q.unseal(h, swap.Value)
	default:
		return record{}, gone("bind request to a browser", err)
	}
}

// gone tells a record that is positively not there from what could not be asked.
func gone(act string, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return ErrUnknownRequest
	}
	return fmt.Errorf("%s: %w", act, err)
}

func hash(binding string) string {
	sum := sha256.Sum256([]byte("pushed\x00" + binding))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
