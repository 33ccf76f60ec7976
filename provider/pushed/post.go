package pushed

import (
	"context"
	"net/url"

	"github.com/dingbridge/dingbridge/storage"
)

// Post makes the reference of a form that was posted to an endpoint, and the op that
// stores it. The reference is worth nothing before the op has succeeded. It opens as
// often as it is shown, since people load pages again; a posted form proves no more
// than a link would. The form may be of ErrTooLarge.
func (q *Requests) Post(endpoint string, form url.Values) (reference string, op *storage.Op, err error) {
	return q.keep(q.posts, "posted/", endpoint, form, q.stays)
}

// OpenPosted returns the form behind a reference that came back to the endpoint. One
// trip.
func (q *Requests) OpenPosted(ctx context.Context, endpoint, reference string) (url.Values, error) {
	h, err := open(q.posts, "posted/", reference)
	if err != nil {
		return nil, err
	}
	get := storage.Get(h.key)
	if err := q.store.Together(ctx, get); err != nil {
		return nil, gone("read posted form", err)
	}
	r, err := q.unseal(h, get.Value)
	if err != nil {
		return nil, err
	}
	if r.For != endpoint {
		return nil, ErrUnknownRequest
	}
	return r.form()
}
