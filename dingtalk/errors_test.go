package dingtalk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The tables of DingTalk's codes, row by row.
func TestOldCodes(t *testing.T) {
	for reason, codes := range map[Reason][]int{
		ReasonUnavailable:  {-1, 15, 400001},
		ReasonCodeRejected: {40029, 40073, 40078, 40087, 40091, 40102, 41007, 41026, 42002, 42003, 42008},
		ReasonOutOfRange:   {50002, 50004},
		ReasonPermission:   {60011},
		ReasonThrottled:    {45009, 90001, 90002, 90005, 90014, 90017, 90018},
		ReasonConfig: {33001, 40001, 40013, 40014, 40079, 40086, 40089, 40096, 41001, 42001, 43007, 48002, 50001,
			50003, 50005, 60020, 70001, 71006, 71007, 71010, 71011, 71012, 71013, 90020, 400043, 853003, 853004,
			900001, 900010},
		ReasonClock: {853002},
		ReasonStrange: {1, 22, 33011, 33012, 40000, 40003, 40009, 40022, 40035, 40068, 40069, 43001, 43002, 43009,
			60003, 60111, 71008, 71009, 90015, 90019, 400002, 853001, 853005, 123456789, -2},
		ReasonOutsider: {60121},
		ReasonDisabled: {60120},
	} {
		for _, code := range codes {
			shapes := map[string]string{
				"plain":     fmt.Sprintf(`{"errcode":%d,"errmsg":"m","request_id":"r"}`, code),
				"as string": fmt.Sprintf(`{"errcode":"%d","errmsg":"m","request_id":"r"}`, code),
				"sub_code":  fmt.Sprintf(`{"errcode":88,"sub_code":"%d","sub_msg":"m","errmsg":"x","request_id":"r"}`, code),
				"sub_code a number": fmt.Sprintf(
					`{"errcode":88,"sub_code":%d,"sub_msg":"m","errmsg":"x","request_id":"r"}`, code),
				"errmsg":        fmt.Sprintf(`{"errcode":88,"errmsg":"ding talk error[subcode=%d,submsg=m]","request_id":"r"}`, code),
				"errmsg, alone": fmt.Sprintf(`{"errcode":88,"sub_code":"","errmsg":"ding talk error[subcode=%d]","request_id":"r"}`, code),
			}
			for shape, body := range shapes {
				expect := reason
				wrapped := strings.Contains(body, `"errcode":88`)
				if wrapped && (reason == ReasonOutsider || reason == ReasonDisabled) {
					expect = ReasonStrange
				}
				for call, decode := range map[string]func(int, []byte) *Error{
					"getbyunionid":       func(s int, b []byte) *Error { _, f := decodeByUnionID(s, b); return f },
					"getuserinfo":        func(s int, b []byte) *Error { _, f := decodeInApp(s, b); return f },
					"getuserinfo_bycode": func(s int, b []byte) *Error { _, f := decodeScan(s, b); return f },
				} {
					fault := decode(200, []byte(body))
					if fault == nil || fault.Reason != expect || fault.Code != fmt.Sprint(code) || fault.RequestID != "r" || fault.Message == "" {
						t.Errorf("%s %d, %s: %+v, want %q", call, code, shape, fault, expect)
					}
				}
			}
		}
	}
}

func TestNewCodes(t *testing.T) {
	for _, test := range []struct {
		status int
		code   string
		reason Reason
	}{
		{400, "invalidParameter.authCode.notFound", ReasonCodeRejected},
		{400, "InvalidAuthentication", ReasonConfig},
		{400, "AuthenticationFailed.MissingParameter", ReasonConfig},
		{400, "invalidClientIdOrSecret", ReasonConfig},
		{400, "Missingbody", ReasonStrange},
		{400, "accesstoken.expired", ReasonCodeRejected},
		{400, "invalidCode", ReasonCodeRejected},
		{409, "invalidCode", ReasonCodeRejected},
		{400, "invalid.client", ReasonConfig},
		{400, "unsupported.grant.type", ReasonStrange},
		{400, "qps.exceed.limit", ReasonThrottled},
		{400, "system.busy", ReasonUnavailable},
		{500, "system.busy", ReasonUnavailable},
		{401, "authFailed", ReasonConfig},
		{401, "unauthorized.client", ReasonConfig},
		{403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", ReasonPermission},
		{403, "Forbidden.AccessDenied.IpNotInWhiteList", ReasonConfig},
		{403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", ReasonThrottled},
		{403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", ReasonThrottled},
		{403, "Forbidden.AccessDenied.QpsLimitForApi", ReasonThrottled},
		{403, "Forbidden.AccessDenied.QpmLimitForSuitekeyAndOrgAndApi", ReasonThrottled},
		{403, "Forbidden.AccessDenied.ApiCountLimitForOrg", ReasonConfig},
		{403, "Forbidden.AccessDenied.Whatever", ReasonStrange},
		{403, "unsupported.operation", ReasonOutsider},
		{404, "invalidParameter.user.notFound", ReasonOutsider},
		{404, "", ReasonStrange},
		{429, "system.busy", ReasonThrottled},
		{429, "systemBusy", ReasonThrottled},
		{429, "invalidCode", ReasonThrottled},
		{500, "server.error", ReasonUnavailable},
		{500, "unknownError", ReasonUnavailable},
		{500, "invalidClientIdOrSecret", ReasonUnavailable},
		{502, "unknownError", ReasonUnavailable},
		{503, "", ReasonUnavailable},
		{504, "x", ReasonUnavailable},
		{200, "invalidCode", ReasonStrange},
		{201, "", ReasonStrange},
		{418, "teapot", ReasonStrange},
	} {
		body := fmt.Sprintf(`{"code":%q,"requestid":"R","message":"m","accessToken":"t","unionId":"u"}`, test.code)
		for name, decode := range map[string]func(int, []byte) *Error{
			"userAccessToken": func(s int, b []byte) *Error { _, f := decodeUserToken(s, b, corp); return f },
			"users/me":        func(s int, b []byte) *Error { _, f := decodeMe(s, b); return f },
			"accessToken":     func(s int, b []byte) *Error { _, f := decodeAppToken(s, b); return f },
		} {
			fault := decode(test.status, []byte(body))
			if fault == nil || fault.Reason != test.reason || fault.Code != test.code || fault.Message != "m" || fault.RequestID != "R" {
				t.Errorf("%d %s, %s: %+v, want %q", test.status, test.code, name, fault, test.reason)
			}
		}
	}
}

func TestErrorShapes(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		body       string
		reason     Reason
		permission string
	}{
		"documented permission refusal": {200, noPermissionOld, ReasonPermission, "qyapi_get_member"},
		"permission in errmsg only":     {200, `{"errcode":88,"sub_code":"60011","errmsg":"[subcode=60011,[没有]{requiredScopes=[qyapi_get_department_list]}]"}`, ReasonPermission, "qyapi_get_department_list"},
		"no permission named":           {200, `{"errcode":60011,"errmsg":"no [..?] permission ["}`, ReasonPermission, ""},
		"authentication timed out":      {200, `{"errcode":88,"sub_code":"","errmsg":"ding talk error"}`, ReasonUnavailable, ""},
		"the same, null":                {200, `{"errcode":88,"sub_code":null}`, ReasonUnavailable, ""},
		"the same, bare":                {200, `{"errcode":88}`, ReasonUnavailable, ""},
		"the same, in errmsg":           {200, `{"errcode":88,"errmsg":"ding talk error[subcode=,submsg=]"}`, ReasonUnavailable, ""},
		"remote time-out by name":       {200, `{"errcode":88,"sub_code":"isp.top-remote-connection-timeout"}`, ReasonUnavailable, ""},
		"unknown name":                  {200, `{"errcode":88,"sub_code":"isp.odd"}`, ReasonStrange, ""},
		"too fast":                      {200, tooFastJSON, ReasonThrottled, ""},
		"punished":                      {200, punishedJSON, ReasonThrottled, ""},
		"punished, 403":                 {403, punishedJSON, ReasonThrottled, ""},
		"a page":                        {200, "<!DOCTYPE html><html>", ReasonUnavailable, ""},
		"a page, 403":                   {403, "\n <html>", ReasonUnavailable, ""},
		"a page, 404":                   {404, "<html>", ReasonStrange, ""},
		"a page, 502":                   {502, "<html>", ReasonUnavailable, ""},
		"nothing":                       {200, "", ReasonUnavailable, ""},
		"blanks":                        {200, " \r\n", ReasonUnavailable, ""},
		"nothing, 429":                  {429, "", ReasonThrottled, ""},
		"redirect":                      {302, "", ReasonStrange, ""},
		"a word":                        {200, "ok", ReasonStrange, ""},
		"a string":                      {200, `"ok"`, ReasonStrange, ""},
		"a list":                        {200, `[{"errcode":0}]`, ReasonStrange, ""},
		"null":                          {200, `null`, ReasonStrange, ""},
		"two objects":                   {200, byUnionIDJSON + byUnionIDJSON, ReasonStrange, ""},
		"cut short":                     {200, byUnionIDJSON[:40], ReasonStrange, ""},
		"cut short, 500":                {500, byUnionIDJSON[:40], ReasonUnavailable, ""},
		"errcode null":                  {200, `{"errcode":null,"errmsg":"x"}`, ReasonStrange, ""},
		"errcode twice":                 {200, `{"errcode":60121,"errcode":0,"result":{"contact_type":0,"userid":"u"}}`, ReasonStrange, ""},
		"errcode half":                  {200, `{"errcode":0.5}`, ReasonStrange, ""},
		"errmsg an object":              {200, `{"errcode":60121,"errmsg":{}}`, ReasonStrange, ""},
		"stranger, 500":                 {500, strangerJSON, ReasonUnavailable, ""},
		"stranger, 400":                 {400, strangerJSON, ReasonStrange, ""},
		"new shape on the old API":      {200, usedCodeJSON, ReasonStrange, ""},
	} {
		_, fault := decodeByUnionID(test.status, []byte(test.body))
		if fault == nil || fault.Reason != test.reason || fault.Permission != test.permission {
			t.Errorf("%s: %+v, want %q %q", name, fault, test.reason, test.permission)
		}
	}
	_, fault := decodeMe(403, []byte(noPermissionNew))
	if fault == nil || fault.Permission != "Contact.User.Read" {
		t.Errorf("%+v", fault)
	}
	_, fault = decodeMe(403, []byte(strings.Replace(noPermissionNew, `["Contact.User.Read"]`, `["Contact.User.Read","<b>","Contact.User.mobile"]`, 1)))
	if fault == nil || fault.Permission != "Contact.User.Read Contact.User.mobile" {
		t.Errorf("%+v", fault)
	}
}

func TestU7_GoneOnlyWhenTheDirectorySaidSo(t *testing.T) {
	for reason := ReasonStrange; reason <= ReasonUnavailable; reason++ {
		for _, call := range append([]string{"", CallCallback}, allCalls...) {
			e := &Error{Reason: reason, Call: call}
			directory := call == CallByUnionID || call == CallUser
			said := reason == ReasonOutsider || reason == ReasonDisabled
			if e.Gone() != (directory && said) {
				t.Errorf("%s, %q: gone %v", call, reason, e.Gone())
			}
			if e.Gone() && e.Transient() {
				t.Errorf("%s, %q: gone and to be asked again", call, reason)
			}
		}
	}
	// The gateway's 88 and any status but 200 never say it.
	for _, code := range []string{"60121", "60120"} {
		for _, status := range []int{200, 400, 403, 404, 500} {
			for name, body := range map[string]string{
				"plain":   `{"errcode":` + code + `,"errmsg":"x"}`,
				"wrapped": `{"errcode":88,"sub_code":"` + code + `","errmsg":"x"}`,
			} {
				_, fault := decodeUser(status, []byte(body), unionID, userID)
				fault.Call = CallUser
				if fault.Gone() != (status == 200 && name == "plain") {
					t.Errorf("%d %s: %v", status, body, fault)
				}
			}
		}
	}
}

func TestReasonOf(t *testing.T) {
	e := &Error{Reason: ReasonThrottled}
	for _, test := range []struct {
		err    error
		reason Reason
	}{{e, ReasonThrottled}, {fmt.Errorf("log in: %w", e), ReasonThrottled}, {errors.New("x"), ReasonStrange}, {nil, ReasonStrange}} {
		if got := ReasonOf(test.err); got != test.reason {
			t.Errorf("%v: %v", test.err, got)
		}
	}
	seen := map[string]bool{}
	for reason := ReasonStrange; reason <= ReasonUnavailable; reason++ {
		if text := reason.String(); text == "" || seen[text] {
			t.Errorf("reason %d: %q", reason, text)
		} else {
			seen[text] = true
		}
	}
	if Reason(200).String() != ReasonStrange.String() {
		t.Error("an unknown reason is strange")
	}
}
