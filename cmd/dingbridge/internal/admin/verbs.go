package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
)

// A House is what people, policies and leavers are asked of, as [provider.Provider] has it.
type House interface {
	FindPeople(ctx context.Context, who string, o provider.Show) ([]provider.PersonView, error)
	Rename(ctx context.Context, by provider.Administrator, who, username string) (provider.PersonView, error)
	Block(ctx context.Context, by provider.Administrator, who string) (provider.PersonView, error)
	Unblock(ctx context.Context, by provider.Administrator, who string) (provider.PersonView, error)
	Migrate(ctx context.Context, by provider.Administrator, who string) (provider.PersonView, error)
	ReleaseEmail(ctx context.Context, by provider.Administrator, address string) (provider.ReleasedEmail, error)
	TestPolicy(ctx context.Context, clientID, who string) (provider.PolicyTest, error)
	Brake(ctx context.Context, corpID string) (provider.BrakeView, error)
	ConfirmBrake(ctx context.Context, by provider.Administrator, corpID string) (provider.BrakeView, error)
	ReleaseBrake(ctx context.Context, by provider.Administrator, corpID string) (provider.BrakeView, error)
	SweepNow(ctx context.Context, by provider.Administrator, corpID string, dryRun bool) (provider.SweepView, error)
	ListPeople(ctx context.Context, q provider.PeopleQuery) (provider.PeopleList, error)
	ListSessions(ctx context.Context, q provider.SessionQuery) (provider.SessionList, error)
	EndSessions(ctx context.Context, by provider.Administrator, o provider.EndOrder) (provider.EndedView, error)
}

// A verb is one thing that can be asked for.
type verb struct {
	way   string // as the audit trail calls it
	do    func(ctx context.Context, by provider.Administrator, body []byte) (any, error)
	doubt string // of what is not known when the storage does not answer
	long  bool   // it may take longer than a connection is usually given
}

const (
	doubtKeys   = "whether a key was published"
	doubtPeople = "whether anything was changed"
	doubtNone   = "how things stand"
)

// verbs is the table of what can be asked for, by method and path.
func (c Config) verbs() map[string]verb {
	all := map[string]verb{
		"GET /keys":            {"keys.list", bare(c.list), doubtKeys, false},
		"POST /keys/rotations": {"keys.rotate", bare(c.rotate), doubtKeys, false},
	}
	if c.Status != nil {
		all["GET /status"] = verb{"status", bare(c.status), doubtNone, false}
	}
	if c.House == nil {
		return all
	}
	add := func(path, way string, do func(context.Context, provider.Administrator, []byte) (any, error)) {
		all["POST "+path] = verb{way, do, doubtPeople, way == waySweep}
	}
	add("/users/show", "users.show", takes(func(ctx context.Context, _ provider.Administrator, o ShowUsers) (any, error) {
		people, err := c.House.FindPeople(ctx, o.Who, provider.Show{Client: o.Client, All: o.All, Holdings: true})
		return Users{people}, err
	}))
	add("/users/list", "users.list", takes(func(ctx context.Context, _ provider.Administrator, o ListUsers) (any, error) {
		return c.House.ListPeople(ctx, provider.PeopleQuery{CorpID: o.Organisation, Blocked: o.Blocked, Gone: o.Gone, After: o.After, Limit: o.Limit, All: o.All})
	}))
	add("/sessions/list", "sessions.list", takes(func(ctx context.Context, _ provider.Administrator, o ListSessions) (any, error) {
		return c.House.ListSessions(ctx, provider.SessionQuery{Who: o.User, Client: o.Client, After: o.After, Limit: o.Limit, All: o.All})
	}))
	add("/sessions/end", "sessions.end", takes(func(ctx context.Context, by provider.Administrator, o EndSessions) (any, error) {
		return c.House.EndSessions(ctx, by, provider.EndOrder{Who: o.User, ID: o.Session, Grants: o.Grants})
	}))
	add("/users/rename", "users.rename", takes(func(ctx context.Context, by provider.Administrator, o RenameUser) (any, error) {
		return c.House.Rename(ctx, by, o.Who, o.Username)
	}))
	for path, do := range map[string]func(context.Context, provider.Administrator, string) (provider.PersonView, error){
		"block": c.House.Block, "unblock": c.House.Unblock, "migrate": c.House.Migrate,
	} {
		add("/users/"+path, "users."+path, takes(func(ctx context.Context, by provider.Administrator, o User) (any, error) { return do(ctx, by, o.Who) }))
	}
	add("/users/release-email", "users.release-email", takes(func(ctx context.Context, by provider.Administrator, o Email) (any, error) {
		return c.House.ReleaseEmail(ctx, by, o.Address)
	}))
	add("/policy/test", "policy.test", takes(func(ctx context.Context, _ provider.Administrator, o Policy) (any, error) {
		return c.House.TestPolicy(ctx, o.Client, o.As)
	}))
	add("/brake/show", "brake.show", takes(func(ctx context.Context, _ provider.Administrator, o Organisation) (any, error) {
		return c.House.Brake(ctx, o.Organisation)
	}))
	add("/brake/confirm", "brake.confirm", takes(func(ctx context.Context, by provider.Administrator, o Organisation) (any, error) {
		return c.House.ConfirmBrake(ctx, by, o.Organisation)
	}))
	add("/brake/release", "brake.release", takes(func(ctx context.Context, by provider.Administrator, o Organisation) (any, error) {
		return c.House.ReleaseBrake(ctx, by, o.Organisation)
	}))
	add("/leavers/sweep", waySweep, takes(func(ctx context.Context, by provider.Administrator, o Sweep) (any, error) {
		return c.House.SweepNow(ctx, by, o.Organisation, o.DryRun)
	}))
	return all
}

const waySweep = "leavers.sweep"

var (
	errUnknown = errors.New("this server does not know what was asked")
	errLarge   = errors.New("the call is too large")
	errBody    = errors.New("the call is not in order")
)

// takes reads a verb's own fields out of a call, and refuses others (promise A8).
func takes[In any](do func(context.Context, provider.Administrator, In) (any, error)) func(context.Context, provider.Administrator, []byte) (any, error) {
	return func(ctx context.Context, by provider.Administrator, body []byte) (any, error) {
		var in In
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, errBody
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, errBody
		}
		return do(ctx, by, in)
	}
}

func unknown(context.Context, provider.Administrator, []byte) (any, error) { return nil, errUnknown }

// bare is for a verb without fields of its own.
func bare(do func(context.Context) (any, error)) func(context.Context, provider.Administrator, []byte) (any, error) {
	return func(ctx context.Context, _ provider.Administrator, _ []byte) (any, error) { return do(ctx) }
}

// statusTime bounds the questions of a status: it is asked for when things stand badly.
const statusTime = 10 * time.Second

func (c Config) status(ctx context.Context) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	return c.Status(ctx), nil
}

func (c Config) list(context.Context) (any, error) {
	list := KeyList{Keys: []Key{}}
	for _, info := range c.Ring.List() {
		list.Keys = append(list.Keys, KeyOf(info))
	}
	return list, nil
}

// rotate goes on when the caller has gone away: half a rotation helps nobody.
func (c Config) rotate(ctx context.Context) (any, error) {
	began := time.Now().Truncate(time.Second) // as keys say when they were made
	// This replica may not have read yet what another has published, so that what
	// is new here may be older than the call: both have to speak for it.
	before := c.Ring.List()
	if err := c.Ring.Rotate(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	done := Rotations{Rotations: []Rotation{}}
	for _, info := range c.Ring.List() {
		if info.State == keys.Next {
			done.Rotations = append(done.Rotations, Rotation{Key: KeyOf(info), New: !info.Made.Before(began) &&
				!slices.ContainsFunc(before, func(old keys.Info) bool { return old.KID == info.KID })})
		}
	}
	return done, nil
}
