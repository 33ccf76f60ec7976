package simulator

import "net/http"

// family is one of DingTalk's ways of answering.
type family uint8

const (
	page     family = iota + 1 // login.dingtalk.com: HTML and redirects
	newAPI                     // api.dingtalk.com: JSON, real HTTP statuses
	topAPI                     // oapi.dingtalk.com/topapi: HTTP 200, gateway errors wrapped in 88
	plainAPI                   // the rest of oapi.dingtalk.com: HTTP 200, errors never wrapped
	script                     // g.alicdn.com: the JSAPI
	socket                     // wss-open-connection.dingtalk.com: Stream mode
)

func (f family) old() bool { return f == topAPI || f == plainAPI }

// route is one call of DingTalk.
type route struct {
	call       string // its name in faults and in the call log
	methods    string // space separated
	path       string // pattern of net/http
	family     family
	needs      tokenKind // noToken, appToken, userToken or signature
	permission string    // of the app; asked for after the token
	serve      func(*call) answer
}

// table lists every call that is simulated. A new login way adds rows, a kind
// of code in vault.go and its handlers, and touches nothing else.
var table = []route{
	{"auth", "GET POST", "/oauth2/auth", page, noToken, "", (*call).authorize},
	{"auth", "GET POST", "/oauth2/challenge.htm", page, noToken, "", (*call).authorize},
	{"logout", "GET", "/oauth2/logout", page, noToken, "", (*call).logout},
	{"qrconnect", "GET POST", "/connect/qrconnect", page, noToken, "", (*call).qrConnect},
	{"sns_authorize", "GET POST", "/connect/oauth2/sns_authorize", page, noToken, "", (*call).snsAuthorize},
	{"qrcode", "GET POST", "/login/qrcode.htm", page, noToken, "", (*call).oldFrame},
	{"jsapi", "GET", "/dingding/dingtalk-jsapi/{version}/dingtalk.open.js", script, noToken, "", (*call).jsapi},

	{"userAccessToken", "POST", "/v1.0/oauth2/userAccessToken", newAPI, noToken, permOpenApp, (*call).userAccessToken},
	{"accessToken", "POST", "/v1.0/oauth2/accessToken", newAPI, noToken, "", (*call).accessToken},
	{"corpToken", "POST", "/v1.0/oauth2/{corpId}/token", newAPI, noToken, "", (*call).corpToken},
	{"users/me", "GET", "/v1.0/contact/users/{unionId}", newAPI, userToken, permUserRead, (*call).userMe},
	{"empLeaveRecords", "GET", "/v1.0/contact/empLeaveRecords", newAPI, appToken, permCommonRead, (*call).leaveRecords},
	{"migratedFrom", "GET", "/v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds", newAPI, appToken, permMigration, (*call).migratedFrom},
	{"connections/open", "POST", "/v1.0/gateway/connections/open", newAPI, noToken, "", (*call).openConnection},
	{"connect", "GET", "/connect", socket, noToken, "", (*call).connect},

	{"gettoken", "GET POST", "/gettoken", plainAPI, noToken, "", (*call).getToken},
	{"getuserinfo_bycode", "POST", "/sns/getuserinfo_bycode", plainAPI, signature, permSNS, (*call).snsUserInfo},
	{"user/getuserinfo", "GET", "/user/getuserinfo", plainAPI, appToken, permBase, (*call).oldGetUserInfo},
	{"auth/scopes", "GET", "/auth/scopes", plainAPI, appToken, permBase, (*call).authScopes},

	{"getuserinfo", "POST", "/topapi/v2/user/getuserinfo", topAPI, appToken, permBase, (*call).getUserInfo},
	{"getbyunionid", "POST", "/topapi/user/getbyunionid", topAPI, appToken, permMember, (*call).getByUnionID},
	{"user/get", "POST", "/topapi/v2/user/get", topAPI, appToken, permMember, (*call).userGet},
	{"user/listid", "POST", "/topapi/user/listid", topAPI, appToken, permMember, (*call).userListID},
	{"department/get", "POST", "/topapi/v2/department/get", topAPI, appToken, permDepartments, (*call).deptGet},
	{"department/listsub", "POST", "/topapi/v2/department/listsub", topAPI, appToken, permDepartments, (*call).deptListSub},
	{"department/listsubid", "POST", "/topapi/v2/department/listsubid", topAPI, appToken, permDepartments, (*call).deptListSubID},
	{"department/listparentbydept", "POST", "/topapi/v2/department/listparentbydept", topAPI, appToken, permDepartments, (*call).deptParents},
	{"department/listparentbyuser", "POST", "/topapi/v2/department/listparentbyuser", topAPI, appToken, permDepartments, (*call).userParents},
	{"role/list", "POST", "/topapi/role/list", topAPI, appToken, permDepartments, (*call).roleList},
	{"role/getrole", "POST", "/topapi/role/getrole", topAPI, appToken, permDeptMembers, (*call).roleGet},
	{"role/simplelist", "POST", "/topapi/role/simplelist", topAPI, appToken, permDeptMembers, (*call).roleMembers},
}

// routes builds the one handler for all hosts and the controls.
func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	for i := range table {
		r := &table[i]
		mux.HandleFunc(r.path, func(w http.ResponseWriter, req *http.Request) { s.answer(w, req, r) })
	}
	unknownNew := &route{call: "unknown", family: newAPI, serve: (*call).unknownNew}
	unknownTop := &route{call: "unknown", family: topAPI, serve: (*call).unknownTop}
	mux.HandleFunc("/v1.0/", func(w http.ResponseWriter, req *http.Request) { s.answer(w, req, unknownNew) })
	mux.HandleFunc("/topapi/", func(w http.ResponseWriter, req *http.Request) { s.answer(w, req, unknownTop) })
	mux.Handle("/control/", s.controls())
	return mux
}
