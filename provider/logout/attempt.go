package logout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// maxAnswer is how much of an answer's body is read, for the sake of receivers that
// would take a connection closed early for a failure.
const maxAnswer = 64 << 10

// A result is what became of one try.
type result struct {
	name   audit.Name
	reason string // a fixed word
	err    error
	again  bool // may be tried again
}

func failed(reason string, err error) result {
	return result{name: audit.BackchannelFailed, reason: reason, err: err}
}

func retried(reason string, err error) result {
	return result{name: audit.BackchannelRetried, reason: reason, err: err, again: true}
}

// attempt tries once to deliver.
func (n *Notifier) attempt(d *delivery) result {
	if time.Since(d.sent) > tokenLife-n.Timeout {
		return failed("too_late", errors.New("its turn came when the token was about to expire"))
	}
	if d.token == "" {
		token, err := n.token(d.Notice)
		if err != nil {
			return failed("signing", err)
		}
		d.token = token
	}
	ctx, cancel := context.WithTimeout(d.ctx, n.Timeout)
	defer cancel()
	form := url.Values{"logout_token": {d.token}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Client.BackchannelLogoutURI, strings.NewReader(form))
	if err != nil {
		return failed("address", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "dingbridge")
	answer, err := n.transport(d.Client.BackchannelLogoutNetworks).RoundTrip(r)
	if err != nil {
		return broken(ctx, err)
	}
	defer answer.Body.Close()
	// The status says it all; a body that does not end in time changes nothing.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	return judge(answer.StatusCode)
}

// judge says what an answer means (section 2.8). A redirect is not followed: the
// notice is for the registered address and for no other.
func judge(status int) result {
	err := fmt.Errorf("the receiver answered %d", status)
	switch {
	case status >= 200 && status < 300:
		return result{name: audit.BackchannelDelivered}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return retried("unavailable", err)
	case status >= 300 && status < 400:
		return failed("redirected", err)
	}
	return failed("refused", err)
}

// broken says what it means that there was no answer.
func broken(ctx context.Context, err error) result {
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	late, slow := errors.AsType[net.Error](err)
	_, ofNetwork := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, errForbidden):
		return failed("forbidden_address", err)
	case badCertificate:
		return failed("certificate", err)
	case ctx.Err() != nil, slow && late.Timeout():
		return retried("timeout", errors.New("no answer in time"))
	case !ofNetwork && !errors.Is(err, http.ErrSchemeMismatch):
		// The error may quote the receiver.
		return retried("unreachable", errors.New("the answer broke off, or is not HTTP"))
	}
	return retried("unreachable", err)
}
