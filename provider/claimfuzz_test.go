package provider_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/people"
)

// fuzzedCalls are the answers from which we learn who somebody is, and by which way each is
// asked for; none: at every login and at every use.
var fuzzedCalls = map[string]struct {
	path string
	way  login.Way
}{
	"userAccessToken":             {"/v1.0/oauth2/userAccessToken", login.OAuth2},
	"users/me":                    {"/v1.0/contact/users/me", login.OAuth2},
	"getuserinfo_bycode":          {"/sns/getuserinfo_bycode", login.Sns},
	"getuserinfo":                 {"/topapi/v2/user/getuserinfo", login.InApp},
	"getbyunionid":                {"/topapi/user/getbyunionid", ""},
	"user/get":                    {"/topapi/v2/user/get", ""},
	"department/listparentbyuser": {"/topapi/v2/department/listparentbyuser", ""},
}

// hostile are values for any field.
func hostile(other simulator.Person) []string {
	text := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	return []string{
		text("<script>alert(1)</script>"), `"\u202eadmin\u2066"`, `"a\u0000b"`, `"\ud800"`, text(strings.Repeat("长", 3400)), `""`, text("system:masters"), text("admin"), text("null"),
		text(other.UserID), text(other.UnionID), text(other.OrgEmail), text(strings.ToUpper(other.OrgEmail)), text(other.JobNumber), text(other.UserID + " "),
		`-1`, `0`, `1`, `39960013`, `99999999999999999999`, `1e3`, `true`, `[]`, `{}`, `[39960013]`, `[-7,0]`, `["system:masters","admin"]`,
		`[{"id":1507113592,"name":"system:masters","group_name":"admin"}]`, `[{"id":-3,"name":"admin"}]`, `[{"parent_dept_id_list":[39960013,1]}]`, `[{"dept_id":39960013,"leader":true}]`,
	}
}

// fuzzHouse is a house in which fields of DingTalk's answers are struck.
type fuzzHouse struct {
	*house
	b       *browser
	tokens  reply
	claims  map[string]any // of zhangsan, when all is well
	fields  map[string][]string
	trials  int
	refused int
}

var (
	groupForm   = regexp.MustCompile(`^(dept|role):[1-9][0-9]*$`)
	knownClaims = strings.Fields(`sub name nickname picture preferred_username email email_verified phone_number phone_number_verified groups role
		dingtalk_userid dingtalk_corp_id dingtalk_job_number dingtalk_title dingtalk_departments dingtalk_roles dingtalk_manager`)
)

// TestThreat_D11_OddAnswersMakeNobodyElse strikes every field of every answer that says who
// somebody is, at a login and at a use: they are who they were, or are refused. ID token,
// userinfo and access token agree (promise H6), and no text of DingTalk's becomes a group,
// an address or an id.
func TestThreat_D11_OddAnswersMakeNobodyElse(t *testing.T) {
	for call, how := range fuzzedCalls {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			f := openFuzzHouse(t)
			if len(f.fields[call]) < 3 {
				t.Fatalf("fields of %s: %v", call, f.fields[call])
			}
			for i, field := range f.fields[call] {
				kinds := []simulator.Fault{{Kind: "drop:" + field}, {Kind: "null:" + field}, {Kind: "retype:" + field}}
				for _, value := range hostile(f.person("lisi")) {
					kinds = append(kinds, simulator.Fault{Kind: "set:" + field, Value: json.RawMessage(value)})
				}
				for j, fault := range kinds {
					if (i+j)%f.share(how.way, field, j < 3) != 0 {
						continue
					}
					fault.Call, fault.Count = call, -1
					if how.way != "" {
						f.logsIn(how.way, fault)
						continue
					}
					f.refreshes(fault)
					if (i+j)%7 == 0 {
						f.logsIn(everyWay[(i+j)%len(everyWay)], fault)
					}
				}
				f.isAsBefore(field)
			}
			t.Logf("%s: %d fields, %d tries, %d refused", call, len(f.fields[call]), f.trials, f.refused)
			if testing.Short() {
				t.Log("thinned out in a short run")
			} else if (f.refused == 0) != (call == "department/listparentbyuser") || f.refused == f.trials { // whose parents are not told comes in where everyone may
				t.Errorf("%d tries, %d refused", f.trials, f.refused)
			}
		})
	}
}

// identities are the fields that could make somebody another, or give them a right.
var identities = strings.Fields(`userid unionid unionId openId openid corpId org_email dept_id_list role_list parent_list parent_dept_id_list contact_type disable_status`)

// share thins the tries out: one of so many is made. What is not read takes few, a login more
// time than a use.
func (f *fuzzHouse) share(way login.Way, field string, shape bool) int {
	name := field[strings.LastIndex(field, ".")+1:]
	switch identity := slices.Contains(identities, name); {
	case testing.Short():
		return 9
	case identity, shape && way == "":
		return 1
	case way == "":
		return 3
	}
	return 4
}

func openFuzzHouse(t *testing.T) *fuzzHouse {
	t.Helper()
	listener := &listener{answers: map[string]any{}}
	proxy := httptest.NewServer(listener)
	t.Cleanup(proxy.Close)
	f := &fuzzHouse{fields: map[string][]string{}}
	f.house = build(t, byWays(everyWay...), func(p *plan) {
		p.dingTalk.Proxy = proxy.URL
		p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, time.Nanosecond
		p.People.Brake = people.Brake{MostPeople: 1 << 20, MostPercent: 100}
		s := &p.specs[0]
		s.AccessToken, s.PhoneNumber, s.Scopes = clients.AccessJWT, true, strings.Fields("openid profile email groups phone offline_access")
		s.DirectoryClaims = strings.Fields("userid corp_id job_number title departments roles manager")
		s.Claims = []clients.ClaimSpec{{Name: "role", From: []clients.ClaimRow{{Group: "role:1507113592", Value: "Admin"}}, Default: "Viewer"}}
	})
	if err := f.sim.ChangePerson("zhangsan", func(p *simulator.Person) {
		p.ExclusiveAccount, p.ExclusiveAccountType, p.LoginID = true, "dingtalk", "zs@yunshan"
	}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"lisi", "zhangsan2", "zhangsan"} { // the others have their addresses first
		f.as(who)
		for _, way := range []login.Way{login.Sns, login.InApp, login.OAuth2} {
			f.b = f.browser()
			f.tokens = f.exchange(answer(t, f.enter(way)).Get("code"))
		}
	}
	f.claims = f.agreed(f.tokens)
	if f.claims["email"] != "san.zhang@corp.example.cn" || f.claims["dingtalk_userid"] != "zhangsan" || f.claims["role"] != "Viewer" {
		t.Fatalf("at first %s", asJSON(f.claims))
	}
	for call, how := range fuzzedCalls {
		f.fields[call] = fieldsOf(listener.answer(how.path))
	}
	return f
}

func (f *fuzzHouse) person(userID string) simulator.Person {
	p, _ := f.sim.Person(userID)
	return p
}

// enter goes by a way to wherever it leads.
func (f *fuzzHouse) enter(way login.Way) page {
	f.t.Helper()
	state := f.statesOf(f.b, "scope", "openid profile email groups phone offline_access")[string(way)]
	code := f.someCode(f.upstream, kindOfWay[string(way)])
	if way == login.InApp {
		return f.handIn(f.b, state, code)
	}
	return f.back(f.b, state, code)
}

// strike lets a fault work while something is done.
func (f *fuzzHouse) strike(fault simulator.Fault) (mend func()) {
	f.t.Helper()
	f.events.take()
	if err := f.sim.Fault(fault); err != nil {
		f.t.Fatal(err)
	}
	f.trials++
	return func() {
		f.sim.ClearFaults()
		if f.events.has(audit.InternalFault, "") || f.events.has(audit.StorageTrouble, "") {
			f.t.Errorf("%s %s: a fault of ours", fault.Kind, fault.Value)
		}
	}
}

// logsIn tries to log in.
func (f *fuzzHouse) logsIn(way login.Way, fault simulator.Fault) {
	f.t.Helper()
	if nameless := fault.Kind == "set:unionId" || fault.Kind == "set:user_info.unionid"; nameless && string(fault.Value) == asJSON(f.person("lisi").UnionID) {
		return // DingTalk's good word that it is somebody else
	}
	f.b = f.browser()
	mend := f.strike(fault)
	defer mend()
	back := f.enter(way)
	switch code := ""; {
	case strings.HasPrefix(back.location, appCallback):
		code = answer(f.t, back).Get("code")
		r := f.exchange(code)
		if r.status != http.StatusOK {
			f.refusal(fault, r)
			return
		}
		f.same(fault, r)
	case back.location != "" || back.status < 400 || back.cookie("-session-") != "":
		f.t.Errorf("%s %s: neither in nor refused: %d %s %s", fault.Kind, fault.Value, back.status, back.kind(), back.location)
	default:
		f.refused++
	}
}

// refreshes tries a use of what is there already.
func (f *fuzzHouse) refreshes(fault simulator.Fault) {
	f.t.Helper()
	mend := f.strike(fault)
	r := f.refresh(f.tokens.text("refresh_token"), "")
	if r.status == http.StatusOK {
		f.tokens = r
		f.same(fault, r)
		mend()
		return
	}
	f.refusal(fault, r)
	withheld := f.events.has(audit.RemovalWithheld, "")
	mend()
	for tries := 0; withheld && tries < 1000; tries++ { // nobody is asked again for a moment
		if r = f.refresh(f.tokens.text("refresh_token"), ""); r.status == http.StatusOK {
			f.tokens = r
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	if r.text("error") == "invalid_grant" { // DingTalk called the person gone
		if !strings.HasSuffix(fault.Kind, "contact_type") && !strings.HasSuffix(fault.Kind, "disable_status") && !strings.HasSuffix(fault.Kind, "errcode") {
			f.t.Errorf("%s %s removes the person", fault.Kind, fault.Value)
		}
		f.comesBack()
	}
}

func (f *fuzzHouse) refusal(fault simulator.Fault, r reply) {
	f.t.Helper()
	f.refused++
	if r.status != http.StatusServiceUnavailable && r.text("error") != "invalid_grant" || r.text("access_token") != "" {
		f.t.Errorf("%s %s: %d %s", fault.Kind, fault.Value, r.status, r.body)
	}
}

// same holds tokens to be of the same person, and all that is said to be harmless.
func (f *fuzzHouse) same(fault simulator.Fault, tokens reply) {
	f.t.Helper()
	claims := f.agreed(tokens)
	if claims == nil { // refused at userinfo, as at the next use
		return
	}
	for _, name := range []string{"sub", "preferred_username", "dingtalk_userid", "dingtalk_corp_id"} {
		if claims[name] != f.claims[name] {
			f.t.Errorf("%s %s: another identity: %s", fault.Kind, fault.Value, asJSON(claims))
		}
	}
	if email := claims["email"]; email != nil && email != f.claims["email"] || email == nil && claims["email_verified"] != nil {
		f.t.Errorf("%s %s: e-mail %v", fault.Kind, fault.Value, email)
	}
	if picture, _ := claims["picture"].(string); picture != "" && !strings.HasPrefix(picture, "https://") {
		f.t.Errorf("%s %s: picture %q", fault.Kind, fault.Value, picture)
	}
	if number, _ := claims["phone_number"].(string); number != "" && !regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`).MatchString(number) {
		f.t.Errorf("%s %s: phone number %q", fault.Kind, fault.Value, number)
	}
	groups, _ := claims["groups"].([]any)
	for _, group := range groups {
		if !groupForm.MatchString(group.(string)) {
			f.t.Errorf("%s %s: group %q", fault.Kind, fault.Value, group)
		}
	}
	if admin := slices.Contains(groups, any("role:1507113592")); admin != (claims["role"] == "Admin") || !admin && claims["role"] != "Viewer" {
		f.t.Errorf("%s %s: role %v of groups %v", fault.Kind, fault.Value, claims["role"], groups)
	}
	for name, value := range claims {
		if !slices.Contains(knownClaims, name) {
			f.t.Errorf("%s %s: a claim %s", fault.Kind, fault.Value, name)
		}
		if text, is := value.(string); is && (len([]rune(text)) > 2048 || name != "picture" && len([]rune(text)) > 254 || strings.ContainsFunc(text, unseen)) {
			f.t.Errorf("%s %.40s: %s is %.80q", fault.Kind, fault.Value, name, text)
		}
	}
}

// unseen tells characters that show something else than they are.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || unicode.Is(unicode.Co, r)
}

// agreed are the claims of tokens, the same in ID token and userinfo; nil if userinfo refuses.
func (f *fuzzHouse) agreed(tokens reply) map[string]any {
	f.t.Helper()
	id, access := f.claimsOf(tokens.text("id_token"), "app"), part(f.t, tokens.text("access_token"), 1)
	info := f.userinfo(tokens.text("access_token"))
	if info.status != http.StatusOK {
		if info.status != http.StatusServiceUnavailable && info.status != http.StatusUnauthorized {
			f.t.Errorf("userinfo %d %s", info.status, info.body)
		}
		return nil
	}
	for name := range maps.Clone(id) {
		if slices.Contains(strings.Fields("iss aud exp iat auth_time acr amr nonce at_hash sid"), name) {
			delete(id, name)
		}
	}
	if asJSON(id) != asJSON(info.json) || access["sub"] != info.json["sub"] || asJSON(access["groups"]) != asJSON(info.json["groups"]) {
		f.t.Errorf("ID token %s, access token %s, userinfo %s", asJSON(id), asJSON(access), info.body)
	}
	return info.json
}

// comesBack logs in when all is well again. After a removal that was not believed nobody is
// asked about for a moment, which burns no code.
func (f *fuzzHouse) comesBack() {
	f.t.Helper()
	f.b = f.browser()
	code := answer(f.t, f.enter(login.OAuth2)).Get("code")
	for range 1000 {
		if f.tokens = f.exchange(code); f.tokens.status != http.StatusServiceUnavailable {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// isAsBefore holds the person to be who they were, to the last claim.
func (f *fuzzHouse) isAsBefore(field string) {
	f.t.Helper()
	f.comesBack()
	if now := f.agreed(f.tokens); asJSON(now) != asJSON(f.claims) {
		f.t.Errorf("after %s: %s, before %s", field, asJSON(now), asJSON(f.claims))
	}
}

// listener stands between us and DingTalk and remembers the last answer of each call.
type listener struct {
	mu      sync.Mutex
	answers map[string]any
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.RequestURI = ""
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	var v any
	if json.Unmarshal(body, &v) == nil {
		l.mu.Lock()
		l.answers[r.URL.Path] = v
		l.mu.Unlock()
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	w.Write(body)
}

func (l *listener) answer(path string) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers[path]
}

// fieldsOf names all fields of an answer as faults name them: by their path, or inside an
// array by their name alone if no other field has it.
func fieldsOf(answer any) []string {
	paths, inside := map[string]bool{}, map[string]bool{}
	var walk func(v any, path string, inArray bool)
	walk = func(v any, path string, inArray bool) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if inArray {
					inside[name] = true
				} else {
					paths[strings.TrimPrefix(path+"."+name, ".")] = true
				}
				walk(inner, path+"."+name, inArray)
			}
		case []any:
			for _, inner := range v {
				walk(inner, path, true)
			}
		}
	}
	walk(answer, "", false)
	for name := range inside {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(paths)), func(path string) bool { return path == name || strings.HasSuffix(path, "."+name) }) {
			paths[name] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}
