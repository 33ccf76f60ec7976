package dingtalk

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestMember(t *testing.T) {
	u := newUpstream()
	check := func(name, value, reply string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var got map[string]string
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			if got[name] != value || r.URL.Query().Get("access_token") != appTokenValue || r.Method != http.MethodPost {
				t.Errorf("%s %s %v", r.Method, r.URL, got)
			}
			io.WriteString(w, reply)
		}
	}
	u.handle(CallByUnionID, check("unionid", unionID, byUnionIDJSON))
	u.handle(CallUser, check("userid", userID, userJSON))
	u.handle(CallAppToken, func(w http.ResponseWriter, r *http.Request) {
		var got map[string]string
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		if got["appKey"] != clientID || got["appSecret"] != secret || len(got) != 2 {
			t.Errorf("asked for a token with %v", got)
		}
		io.WriteString(w, appTokenJSON)
	})
	c := dial(t, u)
	expect := wantMember
	expect.CorpID = corp
	for range 3 {
		member, err := c.Member(t.Context(), unionID)
		if err != nil || !reflect.DeepEqual(member, expect) {
			t.Fatalf("%+v, %v", member, err)
		}
	}
	if n := u.asked(CallAppToken); n != 1 {
		t.Errorf("token fetched %d times", n)
	}
}

// changed returns the user fixture with one member replaced, which must be in it.
func changed(t testing.TB, old, new string) string {
	t.Helper()
	if strings.Count(userJSON, old) != 1 {
		t.Fatalf("%q is not once in the fixture", old)
	}
	return strings.Replace(userJSON, old, new, 1)
}

func TestU1_MemberOnlyFromPositiveConsistentAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		call   string
		status int
		body   string
		reason Reason
		gone   bool
	}{
		"stranger":                {CallByUnionID, 200, strangerJSON, ReasonOutsider, true},
		"external contact":        {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `"contact_type":0`, `"contact_type":1`, 1), ReasonOutsider, true},
		"unknown kind":            {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `"contact_type":0`, `"contact_type":2`, 1), ReasonStrange, false},
		"kind as string":          {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `"contact_type":0`, `"contact_type":"0"`, 1), ReasonStrange, false},
		"no kind":                 {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `"contact_type":0,`, ``, 1), ReasonStrange, false},
		"no userid":               {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `,"userid":"0156421733781264"`, ``, 1), ReasonStrange, false},
		"empty userid":            {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `0156421733781264`, ``, 1), ReasonStrange, false},
		"no result":               {CallByUnionID, 200, `{"errcode":0,"errmsg":"ok"}`, ReasonStrange, false},
		"no errcode":              {CallByUnionID, 200, `{"result":{"contact_type":0,"userid":"0156421733781264"}}`, ReasonStrange, false},
		"success inside an 88":    {CallByUnionID, 200, strings.Replace(byUnionIDJSON, `"errcode":0`, `"errcode":0,"sub_code":"60011"`, 1), ReasonStrange, false},
		"success with a 404":      {CallByUnionID, 404, byUnionIDJSON, ReasonStrange, false},
		"success with a 500":      {CallByUnionID, 500, byUnionIDJSON, ReasonUnavailable, false},
		"left in between":         {CallUser, 200, strangerJSON, ReasonOutsider, true},
		"disabled by code":        {CallUser, 200, `{"errcode":60120,"errmsg":"x"}`, ReasonDisabled, true},
		"disabled by flag":        {CallUser, 200, changed(t, `"active":true`, `"active":true,"disable_status":true`), ReasonDisabled, true},
		"disabled as a string":    {CallUser, 200, changed(t, `"active":true`, `"active":true,"disable_status":"true"`), ReasonStrange, false},
		"disabled as a number":    {CallUser, 200, changed(t, `"active":true`, `"active":true,"disable_status":1`), ReasonStrange, false},
		"disabled null":           {CallUser, 200, changed(t, `"active":true`, `"active":true,"disable_status":null`), ReasonStrange, false},
		"enabled and disabled":    {CallUser, 200, changed(t, `"active":true`, `"disable_status":true,"disable_status":false`), ReasonStrange, false},
		"another unionid":         {CallUser, 200, changed(t, `"unionid":"iiXk3`, `"unionid":"jjXk3`), ReasonStrange, false},
		"unionid in other case":   {CallUser, 200, changed(t, `"unionid":"iiXk3`, `"unionid":"IIXk3`), ReasonStrange, false},
		"another userid":          {CallUser, 200, changed(t, `"userid":"0156421733781264"`, `"userid":"0156421733781265"`), ReasonStrange, false},
		"name of unionid differs": {CallUser, 200, changed(t, `"unionid":`, `"unionId":`), ReasonStrange, false},
		"no unionid":              {CallUser, 200, changed(t, `"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",`, ``), ReasonStrange, false},
		"out of range":            {CallUser, 200, `{"errcode":50002,"errmsg":"x"}`, ReasonOutOfRange, false},
		"no permission":           {CallUser, 200, noPermissionOld, ReasonPermission, false},
		"userid unknown to it":    {CallUser, 200, `{"errcode":33012,"errmsg":"x"}`, ReasonStrange, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(test.call, test.status, test.body)
			c := dial(t, u)
			member, err := c.Member(t.Context(), unionID)
			e := want(t, err, test.reason)
			if !reflect.DeepEqual(member, Member{}) {
				t.Errorf("an error and a member: %+v", member)
			}
			if e.Gone() != test.gone || e.Call != test.call {
				t.Errorf("%+v: gone %v", e, e.Gone())
			}
			// The very next question is asked anew: nothing is remembered of anybody.
			u.answer(CallByUnionID, 200, byUnionIDJSON)
			u.answer(CallUser, 200, userJSON)
			if _, err := c.Member(t.Context(), unionID); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	t.Run("a yes of a minute ago", func(t *testing.T) {
		u := newUpstream()
		c := dial(t, u)
		if _, err := c.Member(t.Context(), unionID); err != nil {
			t.Fatal(err)
		}
		u.answer(CallUser, 200, strangerJSON)
		_, err := c.Member(t.Context(), unionID)
		want(t, err, ReasonOutsider)
	})
	t.Run("no unionid", func(t *testing.T) {
		u := newUpstream()
		for _, id := range []string{"", " " + unionID, unionID + "\x00", "\xff", "\ufffd", strings.Repeat("a", 300)} {
			_, err := dial(t, u).Member(t.Context(), id)
			want(t, err, ReasonStrange)
		}
		if u.asked(CallByUnionID) != 0 {
			t.Error("asked with an impossible id")
		}
	})
}

func TestMember_Fields(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		check func(Member) bool
	}{
		"masked mobile":   {changed(t, `"mobile":"13912345678"`, `"mobile":"139****5678"`), func(m Member) bool { return m.Mobile == "" }},
		"not active":      {changed(t, `"active":true`, `"active":false`), func(m Member) bool { return !m.Active }},
		"enabled":         {changed(t, `"active":true`, `"active":true,"disable_status":false`), func(m Member) bool { return m.Active }},
		"no roles":        {changed(t, `"role_list":[{"id":1507113581,"name":"主管","group_name":"默认"}],`, ``), func(m Member) bool { return m.Roles == nil }},
		"null avatar":     {changed(t, `"avatar":"https://static-legacy.dingtalk.com/media/lADPEXAMPLE.jpg"`, `"avatar":null`), func(m Member) bool { return m.Avatar == "" }},
		"empty lists":     {changed(t, `"dept_id_list":[432825033,1]`, `"dept_id_list":[ ]`), func(m Member) bool { return m.Departments == nil }},
		"escaped name":    {changed(t, `"name":"陈青"`, `"name":"\u9648\u9752\n<b>"`), func(m Member) bool { return m.Name == "陈青\n<b>" }},
		"errcode string":  {changed(t, `"errcode":0`, `"errcode":"0"`), func(m Member) bool { return m.Name == "陈青" }},
		"escaped names":   {changed(t, `"job_number":`, `"job_n\u0075mber":`), func(m Member) bool { return m.JobNumber == "A1029" }},
		"unknown members": {changed(t, `"senior":false`, `"new":[{"a":"]}\"","b":[1,{}]}],"x":-1.5e3`), func(m Member) bool { return m.Boss == false && m.UserID == userID }},
	} {
		t.Run(name, func(t *testing.T) {
			m, fault := decodeUser(200, []byte(test.body), unionID, userID)
			if fault != nil || !test.check(m) {
				t.Errorf("%+v, %v", m, fault)
			}
		})
	}
	for name, body := range map[string]string{
		"job number a number":  changed(t, `"job_number":"A1029"`, `"job_number":1029`),
		"departments strings":  changed(t, `"dept_id_list":[432825033,1]`, `"dept_id_list":["432825033"]`),
		"departments a number": changed(t, `"dept_id_list":[432825033,1]`, `"dept_id_list":1`),
		"a half department":    changed(t, `"dept_id_list":[432825033,1]`, `"dept_id_list":[1.5]`),
		"roles an object":      changed(t, `[{"id":1507113581,"name":"主管","group_name":"默认"}]`, `{"id":1507113581}`),
		"role without id":      changed(t, `"id":1507113581,`, ``),
		"role a string":        changed(t, `[{"id":1507113581,"name":"主管","group_name":"默认"}]`, `["主管"]`),
		"admin a string":       changed(t, `"admin":false`, `"admin":"false"`),
		"userid twice":         changed(t, `"job_number":"A1029"`, `"userid":"0156421733781264"`),
	} {
		t.Run(name, func(t *testing.T) {
			if m, fault := decodeUser(200, []byte(body), unionID, userID); fault == nil {
				t.Errorf("accepted: %+v", m)
			}
		})
	}
}
