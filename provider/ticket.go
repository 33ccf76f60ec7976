package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// ticketLife is how long a form of ours may stand open.
const ticketLife = 10 * time.Minute

// What tickets are for. A ticket of one form is worth nothing in another.
const (
	ticketConsent    = "consent"
	ticketEndSession = "sign out"
	ticketDeviceCode = "device code"
	ticketDevice     = "device"
	ticketAccount    = "account"
)

// What the buttons of our forms say.
const (
	choiceApprove    = "approve"
	choiceHere       = "here"
	choiceEverywhere = "everywhere"
)

var errTicket = errors.New("the form was not ours, not for this session, or is too old")

// ticket makes the hidden fields of a form of ours: what the form is about, and the
// proof that we asked it of this very session. Nothing of it is stored, and no other
// site can make it (RFC 9700 section 4.7).
func (p *Provider) ticket(purpose string, session sessions.Ref, about any) ([]pages.Field, error) {
	request, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	ends := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(ticketLife).Unix()))
	proof := p.tickets.Issue(append(ends, ticketDigest(purpose, session, request)...))
	return []pages.Field{
		{Name: "request", Value: base64.RawURLEncoding.EncodeToString(request)},
		{Name: "ticket", Value: proof},
	}, nil
}

// openTicket reads what ticket wrote, if it was for this purpose and session.
func (p *Provider) openTicket(r *http.Request, purpose string, session sessions.Ref, about any) error {
	request, err := base64.RawURLEncoding.Strict().DecodeString(r.PostForm.Get("request"))
	if err != nil {
		return errTicket
	}
	proof, _, err := p.tickets.Open(r.PostForm.Get("ticket"))
	if err != nil || len(proof) != 8+sha256.Size || string(proof[8:]) != string(ticketDigest(purpose, session, request)) ||
		time.Now().Unix() >= int64(binary.BigEndian.Uint64(proof)) || json.Unmarshal(request, about) != nil {
		return errTicket
	}
	return nil
}

func ticketDigest(purpose string, session sessions.Ref, request []byte) []byte {
	h := sha256.New()
	h.Write([]byte(purpose + "\x00" + session.Hash() + "\x00"))
	h.Write(request)
	return h.Sum(nil)
}
