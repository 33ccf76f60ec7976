package admin

import (
	"context"
	"net/http"

	"github.com/dingbridge/dingbridge/provider"
)

// Users returns everybody who can be meant by a sub, a username, a userid or corpId/userid.
func (c *Client) Users(ctx context.Context, o ShowUsers) ([]provider.PersonView, error) {
	found, err := ask[Users](ctx, c, "/users/show", o)
	return found.Users, err
}

// ListUsers returns people who ever logged in, or some of them.
func (c *Client) ListUsers(ctx context.Context, o ListUsers) (provider.PeopleList, error) {
	return ask[provider.PeopleList](ctx, c, "/users/list", o)
}

// Sessions returns sessions that live, or some of them.
func (c *Client) Sessions(ctx context.Context, o ListSessions) (provider.SessionList, error) {
	return ask[provider.SessionList](ctx, c, "/sessions/list", o)
}

// EndSessions ends one session, or all that somebody has.
func (c *Client) EndSessions(ctx context.Context, o EndSessions) (provider.EndedView, error) {
	return ask[provider.EndedView](ctx, c, "/sessions/end", o)
}

// Rename gives somebody another username.
func (c *Client) Rename(ctx context.Context, o RenameUser) (provider.PersonView, error) {
	return ask[provider.PersonView](ctx, c, "/users/rename", o)
}

// Block ends all sessions and grants of somebody, and lets them in no more.
func (c *Client) Block(ctx context.Context, who string) (provider.PersonView, error) {
	return ask[provider.PersonView](ctx, c, "/users/block", User{who})
}

// Unblock lets somebody in again, if DingTalk says so.
func (c *Client) Unblock(ctx context.Context, who string) (provider.PersonView, error) {
	return ask[provider.PersonView](ctx, c, "/users/unblock", User{who})
}

// Migrate joins somebody whose DingTalk account was migrated to who they were before.
func (c *Client) Migrate(ctx context.Context, who string) (provider.PersonView, error) {
	return ask[provider.PersonView](ctx, c, "/users/migrate", User{who})
}

// ReleaseEmail lets an address go to whoever next has it in the directory.
func (c *Client) ReleaseEmail(ctx context.Context, address string) (provider.ReleasedEmail, error) {
	return ask[provider.ReleasedEmail](ctx, c, "/users/release-email", Email{address})
}

// TestPolicy tells what a login of somebody by a client would come to.
func (c *Client) TestPolicy(ctx context.Context, o Policy) (provider.PolicyTest, error) {
	return ask[provider.PolicyTest](ctx, c, "/policy/test", o)
}

// Brake shows the brake of an organisation.
func (c *Client) Brake(ctx context.Context, o Organisation) (provider.BrakeView, error) {
	return ask[provider.BrakeView](ctx, c, "/brake/show", o)
}

// ConfirmBrake lets removals go on for an hour, whatever their number.
func (c *Client) ConfirmBrake(ctx context.Context, o Organisation) (provider.BrakeView, error) {
	return ask[provider.BrakeView](ctx, c, "/brake/confirm", o)
}

// ReleaseBrake lets removals be counted from none.
func (c *Client) ReleaseBrake(ctx context.Context, o Organisation) (provider.BrakeView, error) {
	return ask[provider.BrakeView](ctx, c, "/brake/release", o)
}

// Sweep asks about everybody of an organisation, and waits for it as long as it takes.
func (c *Client) Sweep(ctx context.Context, o Sweep) (provider.SweepView, error) {
	var done provider.SweepView
	err := c.call(ctx, 0, http.MethodPost, "/leavers/sweep", o, &done)
	return done, err
}

// ask posts a call and reads its answer.
func ask[Out any](ctx context.Context, c *Client, path string, in any) (out Out, err error) {
	err = c.call(ctx, patience, http.MethodPost, path, in, &out)
	return out, err
}
