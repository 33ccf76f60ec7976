package provider

import (
	"context"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/logout"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// entered makes the op that notes a client, for notify and for the account page.
func (p *Provider) entered(s sessions.Session, c *clients.Client) []*storage.Op {
	return []*storage.Op{p.sessions.Enter(s, c.ID)}
}

// notify tells the clients that a person entered of the end of a session, or of every
// session if ended is nil (OpenID Connect Back-Channel Logout), and how many they are.
// It does not wait for them: what a session gave them ended with it, whether they hear
// of it or not. That storage could not say whom to tell is an operator's to know.
func (p *Provider) notify(ctx context.Context, subject [16]byte, ended *sessions.ID, read *storage.Op) (told int) {
	entered, err := sessions.ReadEntered(read)
	if err != nil {
		p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: "notices of a logout", Err: err})
	}
	var notices []logout.Notice
	for session, ids := range entered {
		if ended != nil && session != *ended {
			continue
		}
		for _, id := range ids {
			if client, known := p.Clients.Lookup(id); known && client.BackchannelLogoutURI != "" {
				notices = append(notices, logout.Notice{Client: client, Subject: string(people.SubjectFromRaw(subject)), SessionID: session.String(), RequestID: callOf(ctx).id})
			}
		}
	}
	p.notices.Send(notices...)
	return len(notices)
}
