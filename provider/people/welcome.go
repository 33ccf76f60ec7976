package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// youngAnswer is how old a noted answer may be for an unchanged person's login to
// write nothing.
const youngAnswer = time.Minute

// Welcome takes in a login: the account that scanned and the positive answer that
// the organisation's directory gave about it in this very request, to a question put at
// asked or later. present is the record as read since, nil if there is none
// (ErrUnknownPerson).
//
// It returns the person as they are now, with the epoch that the session and the
// grant have to carry, and the op that notes it, to be done in the same pipeline;
// nil if there is nothing to note. An op that ends in storage.ErrConflict has lost a
// race and does no harm: [Registry.Read] the op and compare the epoch. Equal, the
// rival was another login or re-check, and all is well. Higher, the person was
// removed at this moment, what the pipeline wrote is void, and the login starts
// again.
//
// The first login of a person costs one storage trip here, for the username and the e-mail
// address; so does one with a new address. ErrBlocked: an administrator says no. ErrCannotDecide: the
// person was called gone since the question was put, so it has to be put again.
func (r *Registry) Welcome(ctx context.Context, present *Person, corpID string, account dingtalk.Account, member dingtalk.Member, asked time.Time) (Person, *storage.Op, error) {
	o := r.organisations[corpID]
	if o == nil {
		return Person{}, nil, fmt.Errorf("welcome: %w: the organisation is not configured", ErrContradiction)
	}
	// Only inside DingTalk's client the account's side names the userId too.
	sameUser := account.UserID == "" || account.UserID == member.UserID
	if account.UnionID != member.UnionID || !sameUser || member.CorpID != corpID || !plausibleIDs(corpID, member.UnionID, member.UserID) {
		return Person{}, nil, fmt.Errorf("welcome: %w", ErrContradiction)
	}
	s := SubjectOf(corpID, member.UnionID)
	if present != nil && present.Profile.Origin != "" && present.Profile.UnionID == member.UnionID {
		s = present.Subject // a migrated account
	}
	var before Profile
	switch {
	case present == nil:
	case present.Subject != s || present.CorpID != corpID:
		return Person{}, nil, fmt.Errorf("welcome: %w: the record is another person's", ErrContradiction)
	case present.Blocked:
		return Person{}, nil, fmt.Errorf("welcome: %w", ErrBlocked)
	case present.Gone && present.CheckedAt.After(asked) && time.Until(present.CheckedAt) <= clockSlack:
		return Person{}, nil, fmt.Errorf("welcome: %w: called gone at this moment", ErrCannotDecide)
	default:
		before = present.Profile
	}
	returned := before.Origin != "" && before.UnionID != member.UnionID
	if returned {
		if err := r.over(ctx, o, before.UnionID); err != nil {
			return Person{}, nil, fmt.Errorf("welcome: %w", err)
		}
	}
	profile := welcomed(account, member, before)
	r.trace(ctx, corpID, &profile, before, true)

	if present == nil {
		owners := storage.Members(userIDKey(corpID, member.UserID))
		sets := index(Person{Subject: s, CorpID: corpID, Profile: profile})
		beside := append([]*storage.Op{owners}, sets...)
		email := r.wantEmail(s, corpID, profile, before)
		if email != nil {
			beside = append(beside, email.op)
		}
		username, err := r.registerUsername(ctx, s, member, beside...)
		if err != nil {
			return Person{}, nil, fmt.Errorf("welcome: %w", err)
		}
		r.noteReuse(ctx, s, corpID, owners)
		r.haveEmail(ctx, s, corpID, &profile, email)
		// Every rival for this record begins with the same epoch, so a lost race
		// leaves no session void.
		p := Person{Subject: s, Epoch: 1, CorpID: corpID, Username: username, CheckedAt: millis(asked), App: o.app, Profile: profile,
			indexed: storage.FirstError(sets) == nil}
		return p, storage.Create(key(s), r.writeRecord(p), 0), nil
	}

	r.claimEmail(ctx, s, corpID, &profile, before)
	p := *present
	p.Gone, p.CheckedAt, p.Profile, p.App = false, millis(asked), profile, o.app
	if returned {
		p.Epoch++
	}
	// That the sets have a new userId is noted by the next re-check, once it is certain.
	p.indexed = present.indexed && profile.UserID == before.UserID
	o.witness.saw(*present, member.UserID, asked)
	age := p.CheckedAt.Sub(present.CheckedAt)
	if !present.Gone && age.Abs() < youngAnswer && present.App == o.app && profile.equal(present.Profile) {
		return *present, nil, nil
	}
	return p, storage.Swap(key(s), present.Version, r.writeRecord(p), 0), nil
}

// over asks whether a migrated account is no more: whoever returns by the one from before
// takes its place, and what it had ends. The two are never one person at the same time, since
// a company can hand an account of its own to somebody else.
func (r *Registry) over(ctx context.Context, o *organisation, unionID string) error {
	_, err := o.directory.Member(ctx, unionID)
	if err == nil {
		return fmt.Errorf("%w: the account that this one was migrated to is still there", ErrContradiction)
	}
	if err = verdict(err); !errors.Is(err, ErrGone) {
		return err
	}
	return nil
}

// welcomed puts together what the two answers say. Not every way in tells nick and
// picture of the account: what is not told is as it was. Who came in by no other way yet
// goes by the organisation's name for the person, until a nick is told.
func welcomed(account dingtalk.Account, member dingtalk.Member, before Profile) Profile {
	profile := profileOf(member)
	profile.Origin = before.Origin
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

// noteReuse tells of a newcomer whose userId somebody else had before: either it was given
// to another person, or an account was migrated. Nothing is merged by itself.
func (r *Registry) noteReuse(ctx context.Context, s Subject, corpID string, owners *storage.Op) {
	for _, other := range owners.Members {
		if other != string(s) {
			r.happened(ctx, Happening{Kind: UserIDReused, CorpID: corpID, Subject: s, Other: Subject(other)})
		}
	}
}
