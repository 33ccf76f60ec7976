package device

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/storage"
)

// Poll tells how the request of a device code stands, for the client that shows it
// and that the caller has authenticated (RFC 8628 section 3.5). No error means that
// it is approved: the caller makes sure that the client still admits the person, and
// calls Take. ErrTaken comes with the request, whose Grant is to be ended; ErrDenied,
// ErrPending, ErrSlowDown and ErrWrongClient come with it too, for logs. One trip.
func (s *Steps) Poll(ctx context.Context, deviceCode, clientID string) (Request, error) {
	h, err := s.open(deviceCode)
	if err != nil {
		return Request{}, err
	}
	id := h.id()
	// Who comes while this lives came too soon. A little less than the interval: the
	// way here may be shorter than the time before.
	turn := storage.Create("polled/"+id, []byte{}, s.interval*9/10)
	get := storage.Get(key(id))
	_ = s.store.Together(ctx, turn, get) // each op has its own error
	r, err := read(id, get)
	if err != nil {
		return Request{}, err
	}
	if r.ClientID != clientID {
		return r, ErrWrongClient
	}
	switch r.State {
	case Approved:
		return r, nil
	case Denied:
		return r, ErrDenied
	case Taken:
		return r, ErrTaken
	}
	switch {
	case turn.Err == nil:
		return r, ErrPending
	case errors.Is(turn.Err, storage.ErrConflict):
		return r, ErrSlowDown
	default:
		return Request{}, fmt.Errorf("note that a device asked: %w", turn.Err)
	}
}

// Take spends the device code of a request that Poll found approved, for a grant that
// the caller is about to make under this id: of any number at once, one is told so by
// no error. The others get ErrTaken with the request, whose Grant is the winner's and
// is to be ended, as that of a code that is shown twice. One trip.
func (s *Steps) Take(ctx context.Context, r Request, grant [16]byte) (Request, error) {
	if r.State != Approved {
		return Request{}, fmt.Errorf("take device code: it is %s", r.State)
	}
	r.State, r.Grant = Taken, grant
	return s.move(ctx, r, ErrTaken)
}
