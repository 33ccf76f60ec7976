package telemetry

import (
	"context"
	"errors"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// callNames are those of package dingtalk. A test looks for one that is missing.
var callNames = map[string]bool{
	dingtalk.CallUserToken: true, dingtalk.CallMe: true, dingtalk.CallAppToken: true, dingtalk.CallByUnionID: true,
	dingtalk.CallUser: true, dingtalk.CallScan: true, dingtalk.CallInApp: true, dingtalk.CallListID: true,
	dingtalk.CallListSubID: true, dingtalk.CallListSub: true, dingtalk.CallFormer: true, dingtalk.CallParents: true,
	dingtalk.CallPage: true, dingtalk.CallCorpToken: true, dingtalk.CallScopes: true, dingtalk.CallDept: true,
	dingtalk.CallRole: true, dingtalk.CallRoles: true, dingtalk.CallLeavers: true,
}

// refusals are the reasons of DingTalk's calls.
var refusals = map[dingtalk.Reason]string{
	dingtalk.ReasonStrange:      "strange_answer",
	dingtalk.ReasonCodeRejected: "code_rejected",
	dingtalk.ReasonOutsider:     "outsider",
	dingtalk.ReasonDisabled:     "disabled",
	dingtalk.ReasonOutOfRange:   "out_of_range",
	dingtalk.ReasonPermission:   "permission",
	dingtalk.ReasonConfig:       "configuration",
	dingtalk.ReasonClock:        "clock_skew",
	dingtalk.ReasonThrottled:    "throttled",
	dingtalk.ReasonUnavailable:  "unavailable",
}

// Calls is what a client of DingTalk tells of the requests that it sends for an
// organisation; nil if nobody wants to know.
func (t *Telemetry) Calls(corpID string) func(context.Context, dingtalk.Sent) {
	if t == nil {
		return nil
	}
	m := t.metrics
	organisation := m.organisation(corpID)
	return func(ctx context.Context, s dingtalk.Sent) {
		call, outcome := other, "ok"
		if callNames[s.Call] {
			call = s.Call
		}
		switch {
		case errors.Is(s.Err, context.Canceled):
			outcome = "canceled" // whoever asked has gone away
		case s.Err != nil:
			outcome = refusals[dingtalk.ReasonOf(s.Err)]
		}
		m.calls.WithLabelValues(organisation, call, outcome).Observe(s.Took.Seconds())
		if s.Again {
			m.repeated.WithLabelValues(organisation, call).Inc()
		}
		if tr := trailOf(ctx); tr != nil {
			tr.call(s, call, outcome)
		}
	}
}
