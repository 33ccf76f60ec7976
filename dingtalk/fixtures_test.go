package dingtalk

// The documented answers, with invented values.

const (
	corp     = "ding3f2a91c07be84d6535c2f4657eb6378f"
	clientID = "dingb7x2k9qw4m1ztr0c"
	secret   = "Vw3kT0yQe7-m_fixture_secret_9b2XcLr5"
	code     = "5a1d7e0c94b83f62a7d8e1c05b9f4426"

	scanAppID  = "dingoab7x2k9qw4m1ztr"
	scanSecret = "s3cretS3cretS3cret" // of the second vector of the signature

	unionID = "iiXk3Rz9PqWm4TsYbLc8vNwiEiE"
	userID  = "0156421733781264"

	appTokenValue  = "fw8ef8we8f76e6f7s8dxxxx000000001"
	userTokenValue = "e7c0b1f25d3a4c68915f7a20d4b6e839"

	userTokenJSON = `{"expireIn":7200,"accessToken":"e7c0b1f25d3a4c68915f7a20d4b6e839","refreshToken":"0c9e6f0d41b24b7f8a35d2e7c1b0a964"}`
	meJSON        = `{"nick":"阿青","unionId":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE","avatarUrl":"https://static-legacy.dingtalk.com/media/lADPEXAMPLE_400_400.jpg",
 "openId":"7xQm2VtLk9RbYc5WnPf4dAiEiE","mobile":"13912345678","stateCode":"86","email":"aqing@example.com"}`
	appTokenJSON  = `{"accessToken":"fw8ef8we8f76e6f7s8dxxxx000000001","expireIn":7200}`
	byUnionIDJSON = `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"0156421733781264"},"request_id":"16kqd93xq7pz1"}`
	userJSON      = `{"errcode":0,"errmsg":"ok","request_id":"15r6h3k0d8wzq","result":{
  "userid":"0156421733781264","unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE","name":"陈青",
  "avatar":"https://static-legacy.dingtalk.com/media/lADPEXAMPLE.jpg","state_code":"86","mobile":"13912345678","hide_mobile":false,
  "telephone":"010-55550000-212","job_number":"A1029","title":"平台工程师","email":"qing.chen@example.com","org_email":"qing.chen@corp.example.cn",
  "work_place":"杭州","remark":"","extension":"{\"成本中心\":\"R-204\"}","hired_date":1597573616000,
  "dept_id_list":[432825033,1],"dept_order_list":[{"dept_id":432825033,"order":176293}],
  "dept_position_list":[{"dept_id":432825033,"title":"平台工程师","is_main":true,"work_place":"杭州"}],
  "leader_in_dept":[{"dept_id":432825033,"leader":false}],"role_list":[{"id":1507113581,"name":"主管","group_name":"默认"}],
  "manager_userid":"manager7521","active":true,"real_authed":true,"senior":false,"admin":false,"boss":false,"exclusive_account":false}}`

	scanJSON = `{"errcode":0,"errmsg":"ok","user_info":{"nick":"阿青","unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",
 "dingId":"$:LWCP_v1:$k2Jp0sVd7Xq1Tn8LwYb3cA==","openid":"7xQm2VtLk9RbYc5WnPf4dAiEiE","main_org_auth_high_level":true}}`
	inAppJSON = `{"errcode":0,"errmsg":"ok","result":{"userid":"0156421733781264","name":"陈青","unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",
 "associated_unionid":"N2o5U3axEXAMPLEiEiE","device_id":"c4f1a7d2e9","sys":false,"sys_level":0},"request_id":"16lq8m2xk0pz4"}`
	usedOldCodeJSON = `{"errcode":40078,"errmsg":"不存在的临时授权码","request_id":"16lq8m2xk0pz5"}`
	clockJSON       = `{"errcode":853002,"errmsg":"timestamp时间戳与服务器时间相差超过1分钟"}`

	strangerJSON    = `{"errcode":60121,"errmsg":"找不到该用户","request_id":"16ksd93xq7pz1"}`
	badAppTokenJSON = `{"errcode":88,"sub_code":"40014","sub_msg":"不合法的access_token","errmsg":"ding talk error[subcode=40014,submsg=不合法的access_token]","request_id":"16l4kd93xq7pz"}`
	tooFastJSON     = `{"errcode":88,"sub_code":"90018","sub_msg":"您的服务器调用钉钉开放平台的接口超过限制","errmsg":"ding talk error[subcode=90018,submsg=...]"}`
	punishedJSON    = `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"6c1d"}`
	noPermissionOld = `{"errcode":88,"sub_code":"60011","sub_msg":"应用尚未开通所需的权限：[qyapi_get_member]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/apply?content=dingb7x2k9qw4m1ztr0c%23qyapi_get_member","errmsg":"ding talk error[subcode=60011,submsg=应用尚未开通所需的权限：[qyapi_get_member]，...{requiredScopes=[qyapi_get_member]}]","request_id":"15r6h3k0d8wzr"}`
	noPermissionNew = `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"7C1F0B52-4D0E-7A63-9B41-0E5D2C9A7F19",
 "message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["Contact.User.Read"]}}`
	usedCodeJSON = `{"requestid":"F3400B52-0000-7A63-9B41-0E5D2C9A7F19","code":"invalidParameter.authCode.notFound","message":"不合法的临时授权码"}`
)

var wantMember = Member{
	UserID: userID, UnionID: unionID, Name: "陈青",
	Avatar:   "https://static-legacy.dingtalk.com/media/lADPEXAMPLE.jpg",
	OrgEmail: "qing.chen@corp.example.cn", Email: "qing.chen@example.com",
	StateCode: "86", Mobile: "13912345678", Telephone: "010-55550000-212",
	JobNumber: "A1029", Title: "平台工程师", Manager: "manager7521",
	Departments: []int64{432825033, 1},
	Roles:       []Role{{ID: 1507113581, Name: "主管", Group: "默认"}},
	Active:      true,
}

var wantAccount = Account{
	UnionID: unionID, OpenID: "7xQm2VtLk9RbYc5WnPf4dAiEiE", Nick: "阿青",
	AvatarURL: "https://static-legacy.dingtalk.com/media/lADPEXAMPLE_400_400.jpg",
}

var (
	wantScan  = Account{UnionID: unionID, OpenID: "7xQm2VtLk9RbYc5WnPf4dAiEiE", Nick: "阿青"}
	wantInApp = Account{UnionID: unionID, UserID: userID, Name: "陈青"}
)

// The answers about more than one person.
const (
	parentsJSON   = `{"errcode":0,"errmsg":"ok","result":{"parent_list":[{"parent_dept_id_list":[432825033,1]},{"parent_dept_id_list":[51120077,39960012,1]}]},"request_id":"16l5m0q3xz7p1"}`
	scopesJSON    = `{"errcode":0,"errmsg":"ok","auth_org_scopes":{"authed_user":[],"authed_dept":[1]},"auth_user_field":["name","userid"],"condition_field":[]}`
	listIDJSON    = `{"errcode":0,"errmsg":"ok","result":{"userid_list":["0156421733781264","manager7521"]},"request_id":"16l5m0q3xz7p2"}`
	listSubIDJSON = `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[432825033,39960012]},"request_id":"16l5m0q3xz7p3"}`
	deptJSON      = `{"errcode":0,"errmsg":"ok","result":{"dept_id":1,"name":"示例公司","order":1,"dept_manager_userid_list":[],"hide_dept":false},"request_id":"16l5m0q3xz7p4"}`
	listSubJSON   = `{"errcode":0,"errmsg":"ok","result":[{"dept_id":432825033,"name":"平台部","parent_id":1,"create_dept_group":true,"auto_add_user":true},
 {"dept_id":39960012,"name":"财务部","parent_id":1,"create_dept_group":false,"auto_add_user":false}],"request_id":"16l5m0q3xz7p5"}`
	noSubsJSON = `{"errcode":0,"errmsg":"ok","result":[],"request_id":"16l5m0q3xz7p6"}`
	rolesJSON  = `{"errcode":0,"errmsg":"ok","result":{"hasMore":false,"list":[{"groupId":1507113577,"name":"默认","roles":[{"id":1507113581,"name":"主管"},{"id":1507113583,"name":"负责人"}]},
 {"groupId":1507113590,"name":"职务","roles":[{"id":1507113592,"name":"财务"}]}]},"request_id":"16l5m0q3xz7p7"}`
	leaversJSON = `{"records":[{"userId":"0156421733781264","name":"陈青","stateCode":"86","mobile":"139****5678","leaveTime":"2026-06-06T11:47:37Z","leaveReason":"delete"}]}`
	formerJSON  = `{"unionId":"N2o5U3axFormerFormeriEiE"}`

	notMigratedJSON = `{"code":"illegal.migration.unionId","requestid":"7C1F0B52-4D0E-7A63-9B41-0E5D2C9A7F20","message":"非法的迁移unionId"}`
	badTokenNew     = `{"code":"InvalidAuthentication","requestid":"7C1F0B52-4D0E-7A63-9B41-0E5D2C9A7F18","message":"不合法的access_token"}`
)

var wantParents = [][]int64{{432825033, 1}, {51120077, 39960012, 1}}
