package dingtalk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestD11_OddFieldsNeverMakeAnotherIdentity drops, nulls, retypes, doubles and
// renames every member of every fixture. Each time the answer is refused or means
// the very same person.
func TestD11_OddFieldsNeverMakeAnotherIdentity(t *testing.T) {
	for name, test := range map[string]struct {
		fixture string
		decode  func([]byte) (any, *Error)
		same    any
		ids     []string // members that are the identity, without which there is no success
		must    []string // other members without which there is none
	}{
		"userAccessToken": {
			strings.Replace(userTokenJSON, "{", `{"corpId":"`+corp+`",`, 1),
			func(b []byte) (any, *Error) { return wrap(decodeUserToken(200, b, corp)) },
			userTokenValue, []string{"accessToken"}, nil,
		},
		"users/me": {
			meJSON,
			func(b []byte) (any, *Error) { a, f := decodeMe(200, b); return a.UnionID, f },
			unionID, []string{"unionId"}, nil,
		},
		"accessToken": {
			appTokenJSON,
			func(b []byte) (any, *Error) { a, f := decodeAppToken(200, b); return a.value, f },
			appTokenValue, []string{"accessToken"}, []string{"expireIn"},
		},
		"getbyunionid": {
			byUnionIDJSON,
			func(b []byte) (any, *Error) { return wrap(decodeByUnionID(200, b)) },
			userID, []string{"userid"}, []string{"errcode", "result", "contact_type"},
		},
		"user/get": {
			strings.Replace(userJSON, `"active":true`, `"active":true,"disable_status":false`, 1),
			func(b []byte) (any, *Error) {
				m, f := decodeUser(200, b, unionID, userID)
				return m.UserID + " " + m.UnionID, f
			},
			userID + " " + unionID, nil, []string{"errcode", "result", "userid", "unionid"}, // asked for: no other will do
		},
		"user/get, by userid": {
			strings.Replace(userJSON, `"active":true`, `"active":true,"disable_status":false`, 1),
			func(b []byte) (any, *Error) {
				m, f := decodeLookup(200, b, userID)
				return m.UserID + " " + m.UnionID, f
			},
			userID + " " + unionID, []string{"unionid"}, []string{"errcode", "result", "userid"},
		},
		"getUnionIdByMigrationUnionIds": {
			formerJSON,
			func(b []byte) (any, *Error) { return wrap(decodeFormer(200, b, unionID)) },
			"N2o5U3axFormerFormeriEiE", []string{"unionId"}, nil,
		},
		"listparentbyuser": {
			parentsJSON,
			func(b []byte) (any, *Error) {
				chains, f := decodeParents(200, b)
				if chains == nil {
					return "", f
				}
				return fmt.Sprint(chains), f
			},
			fmt.Sprint(wantParents), []string{"parent_dept_id_list"}, []string{"errcode", "result", "parent_list"},
		},
		"getuserinfo_bycode": {
			scanJSON,
			func(b []byte) (any, *Error) { a, f := decodeScan(200, b); return a.UnionID, f },
			unionID, []string{"unionid"}, []string{"errcode", "user_info"},
		},
		"getuserinfo": {
			inAppJSON,
			func(b []byte) (any, *Error) { a, f := decodeInApp(200, b); return a.UserID + " " + a.UnionID, f },
			userID + " " + unionID, []string{"userid", "unionid"}, []string{"errcode", "result"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if who, fault := test.decode([]byte(test.fixture)); fault != nil || who != test.same {
				t.Fatalf("the fixture itself: %v, %v", who, fault)
			}
			n, refused := 0, 0
			mutate(t, test.fixture, func(member, kind, body string) {
				n++
				if slices.Contains(test.ids, member) && anotherWord(name, kind) {
					return // a good answer about somebody else: not odd
				}
				who, fault := test.decode([]byte(body))
				if fault == nil && who != test.same {
					t.Errorf("%s %s: another identity: %v\n%s", member, kind, who, body)
				}
				if fault != nil {
					refused++
					if !reflect.ValueOf(who).IsZero() && strings.TrimSpace(who.(string)) != "" {
						t.Errorf("%s %s: refused and %v", member, kind, who)
					}
				}
				if slices.Contains(slices.Concat(test.ids, test.must), member) && fault == nil && !harmless(member, kind) {
					t.Errorf("%s %s: accepted\n%s", member, kind, body)
				}
			})
			if refused == 0 || n < 40 {
				t.Errorf("%d mutations, %d refused", n, refused)
			}
		})
	}
}

// TestD11_WhatIsNotReadDoesNotMatter does it to the members that getuserinfo_bycode and
// getuserinfo are said to have and that we have no use for: no mutation of them changes
// anything.
func TestD11_WhatIsNotReadDoesNotMatter(t *testing.T) {
	for name, test := range map[string]struct {
		fixture string
		decode  func(int, []byte) (Account, *Error)
		want    Account
		unread  []string
	}{
		"getuserinfo_bycode": {scanJSON, decodeScan, wantScan, []string{"dingId", "main_org_auth_high_level"}},
		"getuserinfo":        {inAppJSON, decodeInApp, wantInApp, []string{"associated_unionid", "device_id", "sys", "sys_level"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			mutate(t, test.fixture, func(member, kind, body string) {
				if !slices.Contains(test.unread, member) {
					return
				}
				n++
				if account, fault := test.decode(200, []byte(body)); fault != nil || account != test.want {
					t.Errorf("%s %s: %+v, %v", member, kind, account, fault)
				}
			})
			if n < 40*len(test.unread) {
				t.Errorf("%d mutations", n)
			}
		})
	}
}

// TestU2_RefusalsStayRefusals does the same to answers that refuse: no mutation of
// anything but the refusing member makes a success of them.
func TestU2_RefusalsStayRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		fixture, member string
		decode          func([]byte) *Error
	}{
		"stranger":      {strangerJSON, "errcode", func(b []byte) *Error { _, f := decodeByUnionID(200, b); return f }},
		"stranger, get": {strangerJSON, "errcode", func(b []byte) *Error { _, f := decodeUser(200, b, unionID, userID); return f }},
		"refused with data": {strings.Replace(byUnionIDJSON, `"errcode":0`, `"errcode":60121`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeByUnionID(200, b); return f }},
		"external contact": {strings.Replace(byUnionIDJSON, `"contact_type":0`, `"contact_type":1`, 1), "contact_type",
			func(b []byte) *Error { _, f := decodeByUnionID(200, b); return f }},
		"disabled": {strings.Replace(userJSON, `"active":true`, `"active":true,"disable_status":true`, 1), "disable_status",
			func(b []byte) *Error { _, f := decodeUser(200, b, unionID, userID); return f }},
		"gone, by userid":      {strangerJSON, "errcode", func(b []byte) *Error { _, f := decodeLookup(200, b, userID); return f }},
		"no permission, depts": {noPermissionOld, "errcode", func(b []byte) *Error { _, f := decodeParents(200, b); return f }},
		"refused with parents": {strings.Replace(parentsJSON, `"errcode":0`, `"errcode":33012`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeParents(200, b); return f }},
		"refused with departments": {strings.Replace(listSubJSON, `"errcode":0`, `"errcode":50004`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeListSub(200, b, 1); return f }},
		"not migrated": {strings.Replace(notMigratedJSON, "{", `{"unionId":"`+unionID+`x",`, 1), "code",
			func(b []byte) *Error { _, f := decodeFormer(400, b, unionID); return f }},
		"refused with leavers": {strings.Replace(leaversJSON, "{", `{"code":"x",`, 1), "code",
			func(b []byte) *Error { _, _, f := decodeLeavers(200, b); return f }},
		"bad token": {badAppTokenJSON, "errcode", func(b []byte) *Error { _, f := decodeByUnionID(200, b); return f }},
		"used code, sns": {strings.Replace(scanJSON, `"errcode":0`, `"errcode":40078`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeScan(200, b); return f }},
		"bad clock": {strings.Replace(scanJSON, `"errcode":0`, `"errcode":853002`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeScan(200, b); return f }},
		"used code, in app": {strings.Replace(inAppJSON, `"errcode":0`, `"errcode":40078`, 1), "errcode",
			func(b []byte) *Error { _, f := decodeInApp(200, b); return f }},
		"used code": {usedCodeJSON, "", func(b []byte) *Error { _, f := decodeUserToken(400, b, corp); return f }},
		"no permission": {strings.Replace(noPermissionNew, "{", `{"unionId":"`+unionID+`",`, 1), "",
			func(b []byte) *Error { _, f := decodeMe(403, b); return f }},
		"refused with 200": {strings.Replace(meJSON, "{", `{"code":"x",`, 1), "code",
			func(b []byte) *Error { _, f := decodeMe(200, b); return f }},
	} {
		t.Run(name, func(t *testing.T) {
			if test.decode([]byte(test.fixture)) == nil {
				t.Fatal("the fixture itself is accepted")
			}
			mutate(t, test.fixture, func(member, kind, body string) {
				// Told that there is no error, in the right type, one has to believe it.
				believed := member == test.member && (kind == "0" || kind == `"0"` || kind == "false" || kind == "drop" || strings.HasPrefix(kind, "rename"))
				if fault := test.decode([]byte(body)); fault == nil && !believed {
					t.Errorf("%s %s: accepted\n%s", member, kind, body)
				}
			})
		})
	}
}

// anotherWord reports whether a mutation of the identity itself is just another one.
func anotherWord(call, kind string) bool {
	if call == "listparentbyuser" {
		return kind == "[1]"
	}
	return kind == `"x"` || kind == `"0"` || kind == `"true"` || kind == `"null"` && strings.HasSuffix(call, "ccessToken")
}

// harmless are mutations after which a member that must be there still says the same.
func harmless(member, kind string) bool {
	return (member == "errcode" || member == "contact_type") && kind == "0" ||
		member == "errcode" && kind == `"0"` ||
		member == "expireIn" && kind == "1"
}

func wrap(s string, f *Error) (any, *Error) { return s, f }

var replacements = []string{
	`null`, `""`, `" "`, `"x"`, `"0"`, `"true"`, `"null"`, `0`, `1`, `-1`, `1.5`, `1e3`, `99999999999999999999`, `true`, `false`,
	`[]`, `{}`, `[null]`, `[{}]`, `{"a":1}`, `["x"]`, `[1]`, `"\u0000"`, `"\ud800"`, `"\u202ex"`,
}

// mutate calls f with every mutation of every member of every object in fixture.
func mutate(t *testing.T, fixture string, f func(member, kind, body string)) {
	t.Helper()
	var walk func(raw json.RawMessage, rebuild func(string) string)
	walk = func(raw json.RawMessage, rebuild func(string) string) {
		if raw[0] == '[' {
			var list []json.RawMessage
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			for i, element := range list {
				walk(element, func(s string) string {
					parts := make([]string, len(list))
					for k := range list {
						parts[k] = string(list[k])
					}
					parts[i] = s
					return rebuild("[" + strings.Join(parts, ",") + "]")
				})
			}
			return
		}
		if raw[0] != '{' {
			return
		}
		names, values := membersOf(t, raw)
		with := func(i int, member string) string {
			var parts []string
			for k := range names {
				part := quote(names[k]) + ":" + string(values[k])
				if k == i {
					part = member
				}
				if part != "" {
					parts = append(parts, part)
				}
			}
			return rebuild("{" + strings.Join(parts, ",") + "}")
		}
		for i, name := range names {
			own := string(values[i])
			f(name, "drop", with(i, ""))
			for _, value := range replacements {
				f(name, value, with(i, quote(name)+":"+value))
				f(name, "double "+value, with(i, quote(name)+":"+value+","+quote(name)+":"+own))
				f(name, "double after "+value, with(i, quote(name)+":"+own+","+quote(name)+":"+value))
			}
			f(name, "rename upper", with(i, quote(strings.ToUpper(name))+":"+own))
			f(name, "rename title", with(i, quote(strings.ToUpper(name[:1])+name[1:]+"x")+":"+own))
			walk(values[i], func(s string) string { return with(i, quote(name)+":"+s) })
		}
	}
	walk(json.RawMessage(strings.TrimSpace(fixture)), func(s string) string { return s })
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// membersOf reads an object in order, with encoding/json and not with our reader.
func membersOf(t *testing.T, raw []byte) (names []string, values []json.RawMessage) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values
}
