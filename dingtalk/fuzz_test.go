package dingtalk

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Each target compares a success with what encoding/json, another reader, finds in
// the same bytes: never success without the ids, never other ids. And whatever the
// bytes, an Error is fit to be logged.

func seeds(f *testing.F) {
	for _, body := range []string{
		userTokenJSON, meJSON, appTokenJSON, byUnionIDJSON, userJSON, strangerJSON, badAppTokenJSON, tooFastJSON,
		punishedJSON, noPermissionOld, noPermissionNew, usedCodeJSON, scanJSON, inAppJSON, usedOldCodeJSON, clockJSON, "", "null", "[]", "{}", "<html>",
		`{"errcode":88}`, `{"errcode":"0","result":{}}`, `{"unionId":"a","unionId":"b"}`, `{"union\u0049d":"a"}`,
		`{"unionId":"\ud800"}`, "{\"unionId\":\"\xff\"}", `{"a":[[{"b":"]}"}]],"unionId":"x"}`, `{"status":1111}`,
		`{"errcode":88,"errmsg":"[subcode=60121]"}`, `{"errcode":60120}`, ` {"accessToken" : "t" , "expireIn" : 1 } `,
	} {
		for _, status := range []int{200, 400, 403, 404, 429, 500} {
			f.Add(status, []byte(body))
		}
	}
}

// oracle reads an object with encoding/json.
func oracle(t *testing.T, body []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("accepted what is no JSON: %v", err)
	}
	return m
}

// fitForLog fails unless the fault is one, classified and clean.
func fitForLog(t *testing.T, fault *Error, status int) {
	t.Helper()
	fault.Call, fault.Status = CallUser, status
	fault.scrub(appTokenValue, code, secret, scanSecret)
	text := fault.Error()
	if fault.Reason > ReasonUnavailable || !utf8.ValidString(text) || len(text) > 4*maxMessage {
		t.Fatalf("odd error %q", text)
	}
	for _, r := range text {
		if printable(r) != r {
			t.Fatalf("%U in %q", r, text)
		}
	}
	for _, hidden := range []string{appTokenValue, code, secret, scanSecret} {
		if strings.Contains(text, hidden) {
			t.Fatalf("a secret in %q", text)
		}
	}
	if fault.Gone() && status != 200 {
		t.Fatalf("gone, by status %d", status)
	}
}

func FuzzDecodeUserToken(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, fault := decodeUserToken(status, body, corp)
		if fault != nil {
			if token != "" {
				t.Fatal("refused, with a token")
			}
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		if status != 200 || !isToken(token) || m["accessToken"] != token {
			t.Fatalf("%d: token %q from %s", status, token, body)
		}
		if c, ok := m["corpId"]; ok && c != nil && c != corp {
			t.Fatalf("a token of %v", c)
		}
	})
}

func FuzzDecodeMe(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, fault := decodeMe(status, body)
		if fault != nil {
			if a != (Account{}) {
				t.Fatal("refused, with an account")
			}
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		if status != 200 || !isID(a.UnionID) || m["unionId"] != a.UnionID {
			t.Fatalf("%d: %+v from %s", status, a, body)
		}
		for name, got := range map[string]string{"openId": a.OpenID, "nick": a.Nick, "avatarUrl": a.AvatarURL} {
			if v, _ := m[name].(string); v != got {
				t.Fatalf("%s %q, want %q", name, got, v)
			}
		}
	})
}

func FuzzDecodeAppToken(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, fault := decodeAppToken(status, body)
		if fault != nil {
			if token != (appToken{}) {
				t.Fatal("refused, with a token")
			}
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		if status != 200 || !isToken(token.value) || m["accessToken"] != token.value || token.life <= 0 || token.life > longestLife {
			t.Fatalf("%d: %+v from %s", status, token, body)
		}
	})
}

func FuzzDecodeByUnionID(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		id, fault := decodeByUnionID(status, body)
		if fault != nil {
			if id != "" {
				t.Fatal("refused, with an id")
			}
			goneIsSaid(t, fault, status, body)
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		result, _ := m["result"].(map[string]any)
		if status != 200 || !isID(id) || result["userid"] != id || !isZero(m["errcode"]) || !isZero(result["contact_type"]) {
			t.Fatalf("%d: %q from %s", status, id, body)
		}
	})
}

func FuzzDecodeUser(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		member, fault := decodeUser(status, body, unionID, userID)
		if fault != nil {
			if member.UserID != "" || member.UnionID != "" || member.Name != "" {
				t.Fatal("refused, with a member")
			}
			goneIsSaid(t, fault, status, body)
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		result, _ := m["result"].(map[string]any)
		if status != 200 || result["userid"] != userID || result["unionid"] != unionID || !isZero(m["errcode"]) {
			t.Fatalf("%d: %+v from %s", status, member, body)
		}
		if v, ok := result["disable_status"]; ok && v != false {
			t.Fatalf("disabled %v is a member", v)
		}
		if strings.Contains(member.Mobile, "*") {
			t.Fatalf("a masked number: %q", member.Mobile)
		}
		if v, _ := result["org_email"].(string); v != member.OrgEmail {
			t.Fatalf("org_email %q, want %q", member.OrgEmail, v)
		}
		if v, _ := result["active"].(bool); v != member.Active {
			t.Fatalf("active %v, want %v", member.Active, v)
		}
	})
}

// asInside fails unless the account is what encoding/json finds in the object of that
// name: the ids exactly, everything else exactly or not at all.
func asInside(t *testing.T, a Account, status int, body []byte, name string) {
	t.Helper()
	m := oracle(t, body)
	inside, _ := m[name].(map[string]any)
	if status != 200 || !isZero(m["errcode"]) || !isID(a.UnionID) || inside["unionid"] != a.UnionID {
		t.Fatalf("%d: %+v from %s", status, a, body)
	}
	text := func(name string) string { s, _ := inside[name].(string); return s }
	expect := Account{UnionID: a.UnionID, OpenID: text("openid"), Nick: text("nick")}
	if name == "result" {
		expect = Account{UnionID: a.UnionID, UserID: text("userid"), Name: text("name")}
		if !isID(a.UserID) {
			t.Fatalf("userid %q", a.UserID)
		}
	}
	if a != expect {
		t.Fatalf("%+v, want %+v from %s", a, expect, body)
	}
}

func FuzzDecodeScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, fault := decodeScan(status, body)
		if fault == nil {
			asInside(t, a, status, body, "user_info")
			return
		}
		if a != (Account{}) {
			t.Fatal("refused, with an account")
		}
		fitForLog(t, fault, status)
	})
}

func FuzzDecodeInApp(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, fault := decodeInApp(status, body)
		if fault == nil {
			asInside(t, a, status, body, "result")
			return
		}
		if a != (Account{}) {
			t.Fatal("refused, with an account")
		}
		fitForLog(t, fault, status)
	})
}

// FuzzClockSkew reads any Date header: the sentence is ours, with nothing of it in it.
func FuzzClockSkew(f *testing.F) {
	for _, date := range []string{"", "Sat, 01 Jan 2000 00:00:00 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", "Sat Jan  1 00:00:00 2000",
		"Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "\u202e", code} {
		f.Add(date)
	}
	sentence := regexp.MustCompile(`^(by the Date header of the answer the clocks do not differ|` +
		`this machine's clock is [1-9][0-9]{0,10} s (ahead of|behind) DingTalk's|` +
		`by how much the clocks differ is not known: the answer has no Date header that can be read)$`)
	f.Fuzz(func(t *testing.T, date string) {
		if text := clockSkew(time.Unix(1763800000, 0), []string{date}).Error(); !sentence.MatchString(text) {
			t.Fatalf("%q: %q", date, text)
		}
	})
}

func FuzzErrorShapes(f *testing.F) {
	for _, text := range []string{
		"ding talk error[subcode=40014,submsg=不合法的access_token]", "subcode=60121", "[qyapi_get_member]", "[[[]]]",
		"\u202etxet", appTokenValue, secret, "a\x00b", "\xff", strings.Repeat("长", 400), "subcode=", "subcode=,", "subcode=88]",
	} {
		for _, code := range []int64{0, 88, 60121, 60011, 40014, 90018, -1} {
			f.Add(200, code, "60011", text)
			f.Add(403, code, "", text)
		}
	}
	f.Fuzz(func(t *testing.T, status int, code int64, sub, text string) {
		s, m := quote(sub), quote(text)
		for _, body := range []string{
			fmt.Sprintf(`{"errcode":%d,"sub_code":%s,"sub_msg":%s,"errmsg":%s,"request_id":%s}`, code, s, m, m, m),
			fmt.Sprintf(`{"errcode":%d,"errmsg":%s}`, code, m),
			fmt.Sprintf(`{"errcode":"%d","sub_code":%d,"errmsg":%s}`, code, code, m),
			fmt.Sprintf(`{"code":%s,"message":%s,"requestid":%s,"accessdenieddetail":{"requiredScopes":[%s,%s]}}`, s, m, m, s, m),
		} {
			_, fault := decodeByUnionID(status, []byte(body))
			if fault == nil {
				t.Fatalf("accepted without a result: %s", body)
			}
			goneIsSaid(t, fault, status, []byte(body))
			fitForLog(t, fault, status)
			if _, fault = decodeScan(status, []byte(body)); fault == nil {
				t.Fatalf("accepted without a user_info: %s", body)
			}
			fitForLog(t, fault, status)
			_, fault = decodeMe(status, []byte(body))
			if fault == nil {
				t.Fatalf("accepted without a unionId: %s", body)
			}
			fitForLog(t, fault, status)
		}
	})
}

// FuzzClean hides a secret in any text: it is gone afterwards, and so is all that
// cannot be seen.
func FuzzClean(f *testing.F) {
	f.Add("a", "b", "\u200b", 10)
	f.Add("token=", "&x", "", 512)
	f.Fuzz(func(t *testing.T, before, after, between string, limit int) {
		limit = max(0, min(limit, 1000))
		text := before + secret[:9] + strings.Map(func(r rune) rune {
			if printable(r) == -1 {
				return r
			}
			return -1
		}, between) + secret[9:] + after
		got := clean(text, limit, []string{secret})
		if strings.Contains(got, secret) || len(got) > limit+len("…") || !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if printable(r) != r {
				t.Fatalf("%U in %q", r, got)
			}
		}
	})
}

// goneIsSaid fails if a fault says that a person is gone where the body does not.
func goneIsSaid(t *testing.T, fault *Error, status int, body []byte) {
	t.Helper()
	fault.Call = CallUser
	if !fault.Gone() {
		return
	}
	m := oracle(t, body)
	result, _ := m["result"].(map[string]any)
	code := fmt.Sprint(m["errcode"])
	said := code == "60121" || code == "60120" || isZero(m["errcode"]) &&
		(fmt.Sprint(result["contact_type"]) == "1" || result["disable_status"] == true)
	if status != 200 || !said {
		t.Fatalf("gone by %d %s", status, body)
	}
}

// isZero reports whether a number, or one in a string, is nought.
func isZero(v any) bool {
	s := fmt.Sprint(v)
	return s == "0" || s == "-0" || strings.Trim(s, "+-0") == "" && s != ""
}
