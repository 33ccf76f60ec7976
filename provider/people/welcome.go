package people

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// youngAnswer is how old a noted answer may be for an unchanged person's login to
// write nothing.
const youngAnswer = time.Minute

// Welcome takes in a login: the account that scanned and the positive answer that
// the organisation's directory gave about it in this very request. present is the
// record as read, nil if there is none (ErrUnknownPerson).
//
// It returns the person as they are now, with the epoch that the session and the
// grant have to carry, and the op that notes it, to be done in the same pipeline;
// nil if there is nothing to note. An op that ends in storage.ErrConflict has lost a
// race and does no harm: [Registry.Read] the op and compare the epoch. Equal, the
// rival was another login or re-check, and all is well. Higher, the person was
// removed at this moment, what the pipeline wrote is void, and the login starts
// again.
//
// The first login of a person costs one storage trip here, for the username.
func (r *Registry) Welcome(ctx context.Context, present *Person, corpID string, account dingtalk.Account, member dingtalk.Member) (Person, *storage.Op, error) {
	if _, ours := r.directories[corpID]; !ours {
		return Person{}, nil, fmt.Errorf("welcome: %w: the organisation is not configured", ErrContradiction)
	}
	// Only inside DingTalk's client the account's side names the userId too.
	sameUser := account.UserID == "" || account.UserID == member.UserID
	if account.UnionID != member.UnionID || !sameUser || member.CorpID != corpID || !plausibleIDs(corpID, member.UnionID, member.UserID) {
		return Person{}, nil, fmt.Errorf("welcome: %w", ErrContradiction)
	}
	s := SubjectOf(corpID, member.UnionID)
	if present != nil && present.Subject != s {
		return Person{}, nil, fmt.Errorf("welcome: %w: the record is another person's", ErrContradiction)
	}
	profile := welcomed(account, member, present)
	if n := len(profile.Departments) + len(profile.Roles); n > maxGroups {
		r.log.WarnContext(ctx, "person is in more groups than a token carries", "sub", string(s), "groups", n, "cap", maxGroups)
	}

	if present == nil {
		username, err := r.registerUsername(ctx, s, member)
		if err != nil {
			return Person{}, nil, fmt.Errorf("welcome: %w", err)
		}
		// Every rival for this record begins with the same epoch, so a lost race
		// leaves no session void.
		p := Person{Subject: s, Epoch: 1, CorpID: corpID, Username: username, CheckedAt: now(), Profile: profile}
		return p, storage.Create(key(s), r.writeRecord(p), 0), nil
	}

	p := *present
	p.Gone, p.CheckedAt, p.Profile = false, now(), profile
	age := p.CheckedAt.Sub(present.CheckedAt)
	if !present.Gone && age >= 0 && age < youngAnswer && profile.equal(present.Profile) {
		return *present, nil, nil
	}
	return p, storage.Swap(key(s), present.Version, r.writeRecord(p), 0), nil
}

// welcomed puts together what the two answers say. Not every way in tells nick and
// picture of the account: what is not told is as it was. Who came in by no other way yet
// goes by the organisation's name for the person, until a nick is told.
func welcomed(account dingtalk.Account, member dingtalk.Member, present *Person) Profile {
	var before Profile
	if present != nil {
		before = present.Profile
	}
	profile := profileOf(member)
	profile.Avatar = cmp.Or(profile.Avatar, cleanURL(account.AvatarURL), before.Avatar)
	profile.Nick = cleanText(account.Nick)
	if profile.Nick != "" {
		return profile
	}
	profile.Nick, profile.NickIsName = before.Nick, before.NickIsName
	if name := cleanText(account.Name); name != "" && (before.Nick == "" || before.NickIsName) {
		profile.Nick, profile.NickIsName = name, true
	}
	return profile
}
