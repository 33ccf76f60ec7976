package provider

import (
	"context"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/logout"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// notify tells those clients that a session was used for of its end (OpenID Connect
// Back-Channel Logout), and how many they are. It does not wait for them: what the
// session gave them ended with it, whether they hear of it or not.
func (p *Provider) notify(ctx context.Context, subject people.Subject, session sessions.ID, entered []string) (told int) {
	var notices []logout.Notice
	for _, id := range entered {
		if client, known := p.Clients.Lookup(id); known && client.BackchannelLogoutURI != "" {
			notices = append(notices, logout.Notice{Client: client, Subject: string(subject), SessionID: session.String(), RequestID: callOf(ctx).id})
		}
	}
	p.notices.Send(notices...)
	return len(notices)
}

// notifyAll does so for all sessions of a person.
func (p *Provider) notifyAll(ctx context.Context, subject [16]byte) (told int) {
	list := p.sessions.FetchOf(subject)
	p.Store.Together(ctx, list)
	ids, err := sessions.ReadOf(list)
	ops := make([]*storage.Op, len(ids))
	for i, id := range ids {
		ops[i] = p.sessions.FetchClients(id)
	}
	if err == nil && len(ops) > 0 {
		err = p.Store.Together(ctx, ops...)
	}
	if err != nil {
		p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: "notices of a logout", Err: err})
	}
	for i, id := range ids {
		told += p.notify(ctx, people.SubjectFromRaw(subject), id, ops[i].Members)
	}
	return told
}
