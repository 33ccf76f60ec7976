package people

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/dingbridge/dingbridge/storage"
)

// emailKey hides the address: apps may know people by it, whoever reads the store need not.
func emailKey(address string) string {
	sum := sha256.Sum256([]byte("dingbridge/email/1\x00" + address))
	return "email/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// An emailWish is an address that is to be registered, with the op that does it.
type emailWish struct {
	address string
	again   bool // wished for before: that it is another's has been told
	op      *storage.Op
}

// wantEmail tells which address a person would claim, if it is not theirs already. It is
// registered as theirs for good: some apps find an account by it, so that an address given
// to a newcomer would open the leaver's (promise P15).
func (r *Registry) wantEmail(s Subject, corpID string, profile, before Profile) *emailWish {
	address, _ := r.emails[corpID].choose(profile)
	if address == "" || address == before.ClaimedEmail {
		return nil
	}
	former, _ := r.emails[corpID].choose(before)
	return &emailWish{address, former == address, storage.Create(emailKey(address), []byte(s), 0)}
}

// Marks before the sub in an address that is being let go, or was: nobody's, and free.
const (
	leaving = "-"
	free    = "+"
)

// emailOwner is for whom the address is kept that a done op shows; nobody if it is free.
func emailOwner(op *storage.Op) Subject {
	value := string(op.Value)
	if strings.HasPrefix(value, free) {
		return ""
	}
	return Subject(strings.TrimPrefix(value, leaving))
}

// haveEmail notes what became of the wish. An address that is somebody else's, or could not
// be registered, is not claimed.
func (r *Registry) haveEmail(ctx context.Context, s Subject, corpID string, profile *Profile, wish *emailWish) {
	if wish == nil {
		return
	}
	if errors.Is(wish.op.Err, storage.ErrConflict) && (emailOwner(wish.op) == "" || r.wasThem(ctx, s, wish.op)) {
		wish.op = storage.Swap(wish.op.Key, wish.op.Version, []byte(s), 0)
		_ = r.store.Together(ctx, wish.op)
	}
	switch err := wish.op.Err; {
	case err == nil, errors.Is(err, storage.ErrConflict) && string(wish.op.Value) == string(s):
		profile.ClaimedEmail = wish.address
	case errors.Is(err, storage.ErrConflict) && wish.again:
	case errors.Is(err, storage.ErrConflict):
		r.happened(ctx, Happening{Kind: EmailWithheld, CorpID: corpID, Subject: s, Other: emailOwner(wish.op)})
	default:
		r.log.WarnContext(ctx, "an e-mail address could not be registered, so it is not claimed", "sub", string(s), "error", err)
	}
}

// wasThem tells whether an address is kept for the migrated account of the same person, which
// they had before the two were joined.
func (r *Registry) wasThem(ctx context.Context, s Subject, op *storage.Op) bool {
	owner := Subject(op.Value)
	if _, ok := owner.Raw(); !ok || owner == s {
		return false
	}
	older, err := r.older(ctx, owner)
	return err == nil && older == s
}

// claimEmail is both, for a person who is known. It costs a trip only where the address is
// new, or another's.
func (r *Registry) claimEmail(ctx context.Context, s Subject, corpID string, profile *Profile, before Profile) {
	profile.ClaimedEmail = before.ClaimedEmail
	if wish := r.wantEmail(s, corpID, *profile, before); wish != nil {
		_ = r.store.Together(ctx, wish.op)
		r.haveEmail(ctx, s, corpID, profile, wish)
	}
}

// claimable returns the address that may be claimed: the one that the sources choose now,
// if it is registered as this person's.
func (r *Registry) claimable(p Person) (address string, verified bool) {
	address, verified = r.emails[p.CorpID].choose(p.Profile)
	if address == "" || address != p.Profile.ClaimedEmail {
		return "", false
	}
	return address, verified
}

// ReleaseEmail lets an address go to whoever next has it in the directory. It returns whose
// it was; ErrUnknownPerson: nobody's.
func (r *Registry) ReleaseEmail(ctx context.Context, address string) (Subject, error) {
	address = cleanEmail(address)
	if address == "" {
		return "", fmt.Errorf("release an e-mail address: %w: it is not well-formed", ErrUnknownPerson)
	}
	op := storage.Get(emailKey(address))
	err := r.store.Together(ctx, op)
	owner := emailOwner(op)
	switch _, ok := owner.Raw(); {
	case errors.Is(err, storage.ErrNotFound), err == nil && owner == "":
		return "", ErrUnknownPerson
	case err != nil:
		return "", fmt.Errorf("release an e-mail address: %w", err)
	case !ok:
		return "", fmt.Errorf("release an e-mail address: %w", ErrRecord)
	}
	// Nobody can have it, then the person forgets it, and only then is it free: else two
	// would claim it. A re-check of the person that is under way loses to the write here.
	op = storage.Swap(op.Key, op.Version, []byte(leaving+owner), 0)
	if err := r.store.Together(ctx, op); err != nil {
		return owner, fmt.Errorf("release an e-mail address: %w", err)
	}
	if err := r.update(ctx, owner, func(p *Person) bool {
		if p.Profile.ClaimedEmail == address {
			p.Profile.ClaimedEmail = ""
		}
		return true
	}); err != nil && !errors.Is(err, ErrUnknownPerson) {
		return owner, err
	}
	if err := r.store.Together(ctx, storage.Swap(op.Key, op.Version, []byte(free+owner), 0)); err != nil {
		return owner, fmt.Errorf("release an e-mail address: %w", err)
	}
	return owner, nil
}
