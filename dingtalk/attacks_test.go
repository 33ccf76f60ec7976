package dingtalk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// Attacks known from other bridges, played against the whole client.

func TestD1_Outsider(t *testing.T) {
	// Everybody gets through the login pages: each exchange of a code succeeds for all of
	// them. What the directory then says, or fails to say, must never make a member of them.
	type answer struct {
		status int
		body   string
	}
	for name, a := range map[string]answer{
		"of another organisation": {200, strangerJSON},
		"60121 in a wrapper":      {200, `{"errcode":88,"sub_code":"60121","errmsg":"x"}`},
		"external contact":        {200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":1,"userid":"0156421733781264"}}`},
		"500":                     {500, `{}`},
		"504":                     {504, ""},
		"empty body":              {200, ""},
		"page":                    {200, "<html>welcome</html>"},
		"permission missing":      {200, noPermissionOld},
		"only ok":                 {200, `{"errcode":0,"errmsg":"ok"}`},
		"null result":             {200, `{"errcode":0,"errmsg":"ok","result":null}`},
		"empty result":            {200, `{"errcode":0,"errmsg":"ok","result":{}}`},
		"list":                    {200, `{"errcode":0,"errmsg":"ok","result":[{"contact_type":0,"userid":"0156421733781264"}]}`},
		"string":                  {200, `{"errcode":0,"errmsg":"ok","result":"{\"contact_type\":0,\"userid\":\"0156421733781264\"}"}`},
		"at top level":            {200, `{"errcode":0,"errmsg":"ok","contact_type":0,"userid":"0156421733781264"}`},
		"hang up":                 {},
	} {
		for _, call := range []string{CallByUnionID, CallUser} {
			t.Run(name+"/"+call, func(t *testing.T) {
				u := newUpstream()
				u.answer(call, a.status, a.body)
				if a.status == 0 {
					u.handle(call, hangUp)
				}
				c := dial(t, u)
				for way, account := range map[string]func(context.Context, string) (Account, error){
					"oauth2": c.Account, "sns": c.ScanAccount, "inapp": c.InAppAccount,
				} {
					account, err := account(t.Context(), code)
					if err != nil {
						t.Fatal(err)
					}
					member, err := c.Member(t.Context(), account.UnionID)
					if err == nil || !reflect.DeepEqual(member, Member{}) {
						t.Errorf("%s: an outsider is %+v", way, member)
					}
				}
			})
		}
	}
}

func TestD2_PersonalAddressesAreNeverRead(t *testing.T) {
	// The account's mail and number are what their owner typed: the managing
	// director's, say. They may differ from the directory's and must not matter.
	u := newUpstream()
	u.answer(CallMe, 200, strings.NewReplacer("aqing@example.com", "ceo@corp.example.cn", "13912345678", "13900000001").Replace(meJSON))
	c := dial(t, u)
	account, err := c.Account(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	member, err := c.Member(t.Context(), account.UnionID)
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprintf("%+v %+v", account, member); strings.Contains(all, "ceo@") || strings.Contains(all, "13900000001") {
		t.Errorf("read: %s", all)
	}
	if member.OrgEmail != wantMember.OrgEmail || member.Mobile != wantMember.Mobile {
		t.Errorf("%+v", member)
	}
}

func TestU8_PersonalAddressesAndMaskedNumbers(t *testing.T) {
	// Of any type, even: what is not read cannot fail.
	for _, odd := range []string{`null`, `5`, `{}`, `["ceo@corp.example.cn"]`} {
		a, fault := decodeMe(200, []byte(strings.Replace(meJSON, `"aqing@example.com"`, odd, 1)))
		if fault != nil || a != wantAccount {
			t.Errorf("%s: %+v, %v", odd, a, fault)
		}
	}
	for _, masked := range []string{"139****5678", "*", "1391234567*"} {
		m, fault := decodeUser(200, []byte(changed(t, "13912345678", masked)), unionID, userID)
		if fault != nil || m.Mobile != "" {
			t.Errorf("%s: %q, %v", masked, m.Mobile, fault)
		}
	}
}

func TestD3_IdentifiersAreNotConfused(t *testing.T) {
	t.Run("openId is not unionId", func(t *testing.T) {
		for _, body := range []string{
			`{"nick":"x","openId":"7xQm2VtLk9RbYc5WnPf4dAiEiE"}`,
			`{"nick":"x","openId":"7xQm2VtLk9RbYc5WnPf4dAiEiE","unionId":""}`,
			`{"nick":"x","openId":"7xQm2VtLk9RbYc5WnPf4dAiEiE","unionid":"7xQm2VtLk9RbYc5WnPf4dAiEiE"}`,
			`{"nick":"x","openId":"7xQm2VtLk9RbYc5WnPf4dAiEiE","UnionId":"7xQm2VtLk9RbYc5WnPf4dAiEiE"}`,
		} {
			if a, fault := decodeMe(200, []byte(body)); fault == nil {
				t.Errorf("%s: %+v", body, a)
			}
		}
	})
	t.Run("nor is any other id", func(t *testing.T) {
		for body, decode := range map[string]func(int, []byte) (Account, *Error){
			`{"errcode":0,"user_info":{"nick":"x","openid":"7xQm2VtLk9RbYc5WnPf4dAiEiE","dingId":"$:LWCP_v1:$k2Jp"}}`:             decodeScan,
			`{"errcode":0,"user_info":{"openid":"7xQm2VtLk9RbYc5WnPf4dAiEiE","unionId":"7xQm2VtLk9RbYc5WnPf4dAiEiE"}}`:            decodeScan,
			`{"errcode":0,"unionid":"a","user_info":{"openid":"b"}}`:                                                              decodeScan,
			`{"errcode":0,"result":{"userid":"0156421733781264","associated_unionid":"N2o5U3axEXAMPLEiEiE"}}`:                     decodeInApp,
			`{"errcode":0,"result":{"userid":"0156421733781264","unionid":"","associated_unionid":"N2o5U3axEXAMPLEiEiE"}}`:        decodeInApp,
			`{"errcode":0,"result":{"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE","device_id":"c4f1a7d2e9","name":"0156421733781264"}}`: decodeInApp,
			`{"errcode":0,"userid":"0156421733781264","result":{"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE"}}`:                        decodeInApp,
		} {
			if a, fault := decode(200, []byte(body)); fault == nil || a != (Account{}) {
				t.Errorf("%s: %+v", body, a)
			}
		}
	})
	t.Run("a userid given to somebody else", func(t *testing.T) {
		u := newUpstream()
		u.answer(CallUser, 200, changed(t, unionID, "newcomerNewcomerNewcomeriEiE"))
		_, err := dial(t, u).Member(t.Context(), unionID)
		if e := want(t, err, ReasonStrange); e.Gone() {
			t.Error("a contradiction throws nobody out")
		}
	})
	t.Run("ids that only look alike", func(t *testing.T) {
		for _, id := range []string{
			strings.ToLower(unionID), strings.ToUpper(unionID), unionID + " ", " " + unionID, unionID + `\u0000`,
			unionID + `\u200b`, "іі" + unionID[2:], unionID[:len(unionID)-1], `\ud800` + unionID, unionID + "\xff",
		} {
			if m, fault := decodeUser(200, []byte(changed(t, unionID, id)), unionID, userID); fault == nil {
				t.Errorf("%q: %+v", id, m)
			}
		}
		// Two ids that are no text would both become the same replacement character.
		for _, id := range []string{`\ud800`, `\udfff`, "\xff", "\xfe", `\ufffd`, `\u202e`, ` `, ``, `a\nb`} {
			if a, fault := decodeMe(200, []byte(`{"unionId":"`+id+`"}`)); fault == nil {
				t.Errorf("%q: %+v", id, a)
			}
		}
	})
}

// Three kinds of code look alike. Whatever kind it is and wherever it is tried, it is
// told to one endpoint, and a refusal there is the end: no other is asked, and the
// organisation is that of the app.
func TestThreat_D4_U10_KindsOfCodesAreKeptApart(t *testing.T) {
	ends := map[string]struct {
		member string // of the body, that holds the code
		used   string
		status int
	}{
		CallUserToken: {"code", usedCodeJSON, 400},
		CallScan:      {"tmp_auth_code", usedOldCodeJSON, 200},
		CallInApp:     {"code", usedOldCodeJSON, 200},
	}
	for call, end := range ends {
		t.Run(call, func(t *testing.T) {
			for name, answer := range map[string]string{"refused": end.used, "accepted": ""} {
				u := newUpstream()
				if answer != "" {
					u.answer(call, end.status, answer)
				}
				c := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					told := strings.Contains(r.URL.String()+string(body)+fmt.Sprint(r.Header), code)
					right := strings.Contains(string(body), `"`+end.member+`":"`+code+`"`) && !strings.Contains(r.URL.String(), code)
					if paths[r.URL.Path] == call && !right || paths[r.URL.Path] != call && told {
						t.Errorf("%s %s %s", r.Method, r.URL, body)
					}
					r.Body = io.NopCloser(strings.NewReader(string(body)))
					u.ServeHTTP(w, r)
				}))
				err := exchange(t, c, call)
				if answer == "" && err != nil {
					t.Fatal(err)
				}
				if answer != "" {
					want(t, err, ReasonCodeRejected)
				}
				for other := range ends {
					if n := u.asked(other); n != map[bool]int{true: 1}[other == call] {
						t.Errorf("%s: %s asked %d times", name, other, n)
					}
				}
			}
		})
	}
}
