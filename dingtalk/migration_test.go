package dingtalk

import (
	"errors"
	"net/http"
	"testing"
)

func TestFormerUnionID(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallFormer, `GET /v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds?migrationUnionId=a%2Bb%26c%3D x-acs `+appTokenValue, formerJSON)
	former, err := dial(t, u).FormerUnionID(t.Context(), "a+b&c=")
	if err != nil || former != "N2o5U3axFormerFormeriEiE" {
		t.Errorf("%q, %v", former, err)
	}
}

func TestFormerUnionID_Refused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		reason Reason
		none   bool // DingTalk knows of no migration
	}{
		"never migrated":      {400, notMigratedJSON, ReasonOutsider, true},
		"no such unionid":     {400, `{"code":"invalid.unionId","message":"x"}`, ReasonOutsider, true},
		"with another status": {403, notMigratedJSON, ReasonStrange, false},
		"and success":         {200, notMigratedJSON, ReasonStrange, false},
		"and failure":         {500, notMigratedJSON, ReasonUnavailable, false},
		"our mistake":         {400, `{"code":"invalid.param","message":"x"}`, ReasonStrange, false},
		"word of others":      {404, `{"code":"invalidParameter.user.notFound","message":"x"}`, ReasonStrange, false},
		"other organisation":  {403, `{"code":"unsupported.operation","message":"x"}`, ReasonStrange, false},
		"no permission":       {403, noPermissionNew, ReasonPermission, false},
		"too fast":            {403, `{"code":"Forbidden.AccessDenied.QpsLimitForApi","message":"x"}`, ReasonThrottled, false},
		"the same":            {200, `{"unionId":"` + unionID + `"}`, ReasonStrange, false},
		"empty":               {200, `{"unionId":""}`, ReasonStrange, false},
		"null":                {200, `{"unionId":null}`, ReasonStrange, false},
		"nothing":             {200, `{}`, ReasonStrange, false},
		"a list":              {200, `{"unionId":["a"]}`, ReasonStrange, false},
		"in other letters":    {200, `{"unionid":"a"}`, ReasonStrange, false},
		"twice":               {200, `{"unionId":"a","unionId":"b"}`, ReasonStrange, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallFormer, test.status, test.body)
			former, err := dial(t, u).FormerUnionID(t.Context(), unionID)
			e := want(t, err, test.reason)
			if former != "" || e.Gone() || errors.Is(err, ErrNotMigrated) != test.none || e.Call != CallFormer {
				t.Errorf("%q, %v", former, err)
			}
		})
	}
}

// The new API calls a bad token bad with status 400. It costs one fetch and one
// repetition there as well.
func TestU4_InvalidTokenOfTheNewAPI(t *testing.T) {
	for _, call := range []string{CallFormer, CallLeavers, CallScopes} {
		refusal := badTokenNew
		status := http.StatusBadRequest
		if call == CallScopes {
			refusal, status = `{"errcode":40014,"errmsg":"不合法的access_token"}`, http.StatusOK
		}
		u := newUpstream()
		u.first(1, call, status, refusal)
		if err := exchange(t, dial(t, u), call); err != nil || u.asked(call) != 2 || u.asked(CallAppToken) != 2 {
			t.Errorf("%s: %v, asked %d times with %d tokens", call, err, u.asked(call), u.asked(CallAppToken))
		}
		u = newUpstream()
		u.answer(call, status, refusal)
		want(t, exchange(t, dial(t, u), call), ReasonConfig)
		if u.asked(call) != 2 || u.asked(CallAppToken) != 2 {
			t.Errorf("%s: asked %d times with %d tokens", call, u.asked(call), u.asked(CallAppToken))
		}
	}
}
