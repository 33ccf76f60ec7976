package dingtalk

import (
	"cmp"
	"context"
	"errors"
)

// appSecrets are those of the app and the scan app. They are replaced together.
type appSecrets struct {
	app, scan string
	before    []string // those that these replaced, which answers under way may repeat
}

// all are those that no error may hold. The caller may append to it.
func (s *appSecrets) all() []string { return append([]string{s.app, s.scan}, s.before...) }

// ReplaceSecrets takes other secrets of the app and of the scan app up, if DingTalk takes
// them: it is asked first, with a request that changes nothing, and while it refuses them
// or does not answer, the ones in use stay. The error is an *Error then; one that is
// [ReasonConfig] says that they are wrong, and any other that this could not be found
// out. Without a scan app of its own scan is empty. What is under way ends as it began,
// and the app's token stays until it ends. Not for concurrent use with itself.
func (c *Client) ReplaceSecrets(ctx context.Context, app, scan string) (changed bool, err error) {
	own := c.scanAppID != c.clientID
	now := c.secrets.Load()
	next := &appSecrets{app: app, scan: cmp.Or(scan, app)}
	if !isToken(next.app) || !isToken(next.scan) || own && scan == "" {
		return false, &Error{Reason: ReasonConfig, Call: CallAppToken, Err: errors.New("a secret is missing, or holds spaces or characters other than ASCII")}
	}
	if next.app == now.app && next.scan == now.scan {
		return false, nil
	}
	if next.app != now.app {
		if _, err := c.probeApp(ctx, next.app); err != nil {
			return false, aboutTheApp(err)
		}
	}
	if scan != "" && next.scan != now.scan {
		if _, err := c.probeScan(ctx, c.scanAppID, next.scan); err != nil {
			return false, aboutTheApp(err)
		}
	}
	for _, old := range []string{now.app, now.scan} {
		if old != next.app && old != next.scan {
			next.before = append(next.before, old)
		}
	}
	c.secrets.Store(next)
	return true, nil
}

// aboutTheApp: these calls say nothing of a person, so every refusal is the app's.
func aboutTheApp(err error) error {
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	if fault.Reason == ReasonOutsider || fault.Reason == ReasonDisabled {
		fault.Reason = ReasonConfig
	}
	fault.Call = cmp.Or(fault.Call, CallAppToken)
	return fault
}
