package dingtalk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// CallFormer asks for the unionId that an account had before it was migrated.
const CallFormer = "getUnionIdByMigrationUnionIds" // GET /v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds

// ErrNotMigrated is the cause of an [Error] of FormerUnionID if DingTalk knows of no
// migration to that unionId.
var ErrNotMigrated = errors.New("dingtalk knows of no account that migrated to this unionId")

// FormerUnionID asks which unionId an account had before it was migrated to an account
// of the organisation, on which it got the present one. If DingTalk knows of none, the
// *Error has ReasonOutsider and [ErrNotMigrated], and says nothing else about the person.
func (c *Client) FormerUnionID(ctx context.Context, unionID string) (string, error) {
	if !isID(unionID) {
		e := strange("the unionId is empty or not an id")
		e.Call = CallFormer
		return "", e
	}
	var former string
	fault := c.asApp(ctx, request{
		call: CallFormer, method: http.MethodGet, url: c.api.JoinPath("v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds"),
		query: "migrationUnionId=" + url.QueryEscape(unionID), repeatable: true,
	}, inHeader, func(a answer) (f *Error) {
		former, f = decodeFormer(a.status, a.body, unionID)
		return f
	})
	if fault != nil {
		return "", fault
	}
	return former, nil
}

// decodeFormer reads the answer of getUnionIdByMigrationUnionIds.
func decodeFormer(status int, body []byte, unionID string) (string, *Error) {
	o, fault := newAnswer(status, body, "unionId")
	if fault != nil {
		if fault.Reason == ReasonOutsider {
			fault.Reason = ReasonStrange // of other calls: not a word about migration
		}
		if status == http.StatusBadRequest && (fault.Code == "illegal.migration.unionId" || fault.Code == "invalid.unionId") {
			fault.Reason, fault.Err = ReasonOutsider, ErrNotMigrated
		}
		return "", fault
	}
	former := o.id("unionId")
	switch {
	case o.err != nil:
		return "", o.fault()
	case former == unionID:
		return "", strange("the former unionId is the present one")
	}
	return former, nil
}
