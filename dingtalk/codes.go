package dingtalk

// A meaning is what we make of one of DingTalk's codes.
type meaning struct {
	reason   Reason
	stale    bool // the token shown is bad: another one may do
	business bool // about the person, and believed only when said plainly
}

// oldCodes are the codes of the old API, plain or inside 88. What is not in the
// table is strange, and so is what DingTalk says of a call that we must have built
// wrongly (22, 40000, 40035, 43001, 400002, ...) or of an id that it gave us itself
// a moment ago (33012, 40003, 60111): neither is a statement about a person.
var oldCodes = oldTable()

func oldTable() map[int64]meaning {
	t := map[int64]meaning{
		60121: {reason: ReasonOutsider, business: true}, // left, not joined, or of another organisation
		60120: {reason: ReasonDisabled, business: true},

		40014: {reason: ReasonConfig, stale: true}, // invalid or expired; with a new token too: configuration
		40001: {reason: ReasonConfig, stale: true},
		42001: {reason: ReasonConfig, stale: true},
		41001: {reason: ReasonConfig, stale: true},
	}
	for reason, codes := range map[Reason][]int64{
		ReasonCodeRejected: {40029, 40073, 40078, 40087, 40091, 40102, 41007, 41026, 42002, 42003, 42008},
		ReasonOutOfRange:   {50002, 50004},
		ReasonPermission:   {60011},
		ReasonConfig: {
			33001, 40013, 40079, 40086, 40089, 40096, 43007, 48002, 50001, 50003, 50005, 60020, 70001,
			71006, 71007, 71010, 71011, 71012, 71013, 90020, 400043, 853003, 853004,
			900001, 900002, 900003, 900004, 900005, 900006, 900007, 900008, 900009, 900010,
		},
		ReasonClock: {853002}, // but not 853001: a timestamp of the wrong form is our fault
		ReasonThrottled: {
			45009, 90001, 90002, 90003, 90004, 90005, 90006, 90007, 90008, 90009, 90010, 90011, 90012,
			90013, 90014, 90017, 90018,
		},
		ReasonUnavailable: {-1, 15, 400001},
	} {
		for _, code := range codes {
			t[code] = meaning{reason: reason}
		}
	}
	return t
}

// newCodes are the codes of the new API, for statuses below 500 other than 429. The
// throttles among "Forbidden.AccessDenied...Limit..." go by their name.
var newCodes = map[string]meaning{
	"invalidParameter.authCode.notFound": {reason: ReasonCodeRejected}, // unknown, used or expired
	"invalidCode":                        {reason: ReasonCodeRejected},
	"accesstoken.expired":                {reason: ReasonCodeRejected},

	"InvalidAuthentication":                 {reason: ReasonConfig, stale: true},
	"AuthenticationFailed.MissingParameter": {reason: ReasonConfig, stale: true},

	"invalidParameter.user.notFound": {reason: ReasonOutsider},
	"unsupported.operation":          {reason: ReasonOutsider}, // a person of another organisation

	"invalidClientIdOrSecret": {reason: ReasonConfig},
	"invalid.client":          {reason: ReasonConfig},
	"unauthorized.client":     {reason: ReasonConfig},
	"authFailed":              {reason: ReasonConfig},

	"Forbidden.AccessDenied.AccessTokenPermissionDenied": {reason: ReasonPermission},
	"Forbidden.AccessDenied.IpNotInWhiteList":            {reason: ReasonConfig},
	"Forbidden.AccessDenied.ApiCountLimitForOrg":         {reason: ReasonConfig}, // the month's quota

	"qps.exceed.limit": {reason: ReasonThrottled},
	"system.busy":      {reason: ReasonUnavailable},
	"systemBusy":       {reason: ReasonUnavailable},
	"system.error":     {reason: ReasonUnavailable},
	"server.error":     {reason: ReasonUnavailable},
	"unknownError":     {reason: ReasonUnavailable},
}
