package telemetry

import (
	"context"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// events counts what goes into the audit trail.
type events struct {
	next      audit.Sink
	telemetry *Telemetry
}

// Record counts the event and passes it on as it is.
func (s *events) Record(ctx context.Context, e audit.Event) {
	s.telemetry.metrics.count(e)
	if tr := trailOf(ctx); tr != nil {
		tr.event(s.telemetry.metrics, e)
	}
	s.next.Record(ctx, e)
}

// grants says which grant and outcome an event about tokens is of.
var grants = map[audit.Name][2]string{
	audit.CodeRedeemed:     {"code", "issued"},
	audit.CodeRefused:      {"code", "refused"},
	audit.CodeReused:       {"code", "reused"},
	audit.RefreshRotated:   {"refresh", "issued"},
	audit.RefreshReplayed:  {"refresh", "replayed"},
	audit.RefreshRecovered: {"refresh", "recovered"},
	audit.RefreshRefused:   {"refresh", "refused"},
	audit.RefreshReused:    {"refresh", "reused"},
	audit.DeviceRedeemed:   {"device", "issued"},
	audit.DeviceRefused:    {"device", "refused"},
	audit.TokenRevoked:     {"any", "revoked"},
}

// outcomes of notices.
var outcomes = map[audit.Name]string{
	audit.BackchannelDelivered: "delivered",
	audit.BackchannelRetried:   "retried",
	audit.BackchannelFailed:    "failed",
	audit.BackchannelDropped:   "dropped",
}

func (m *metrics) count(e audit.Event) {
	if !eventNames[e.Name] {
		m.events.WithLabelValues(unknown).Inc()
		return
	}
	m.events.WithLabelValues(string(e.Name)).Inc()
	if of, isToken := grants[e.Name]; isToken {
		m.tokens.WithLabelValues(m.client(e.ClientID), of[0], of[1], in(reasons, e.Reason)).Inc()
		return
	}
	if outcome, isNotice := outcomes[e.Name]; isNotice {
		m.notices.WithLabelValues(m.client(e.ClientID), outcome, in(reasons, e.Reason)).Inc()
		if e.Name == audit.BackchannelDelivered {
			m.noticing.WithLabelValues().Observe(e.Duration.Seconds())
		}
		return
	}
	switch e.Name {
	case audit.LoginBegun:
		m.begun.WithLabelValues(m.client(e.ClientID), in(ways, e.Way)).Inc()
	case audit.LoginSucceeded:
		m.login(e, in(ways, e.Way), "succeeded")
		m.upstream.WithLabelValues(in(ways, e.Way)).Observe(e.Duration.Seconds())
	case audit.SingleSignOn:
		m.login(e, "single_sign_on", "succeeded")
	case audit.LoginRefused:
		m.login(e, in(ways, e.Way), "refused")
	case audit.LoginRetried:
		m.login(e, in(ways, e.Way), "retried")
	case audit.AuthorizeRefused:
		m.refusals.WithLabelValues(m.client(e.ClientID), in(reasons, e.Reason)).Inc()
	case audit.RequestLimited:
		// One event may tell of several: they must not fill the audit log.
		m.limited.WithLabelValues(in(limits, e.Reason)).Add(float64(max(e.Count, 1)))
	case audit.ClientAuthenticationFailed:
		m.strangers.WithLabelValues(m.client(e.ClientID)).Inc()
	case audit.PersonRemoved:
		m.removals.WithLabelValues(m.organisation(e.CorpID), in(ways, e.Way)).Inc()
		if e.Duration > 0 {
			m.lag.WithLabelValues(m.organisation(e.CorpID)).Observe(e.Duration.Seconds())
		}
	case audit.RemovalWithheld:
		m.withheld.WithLabelValues(m.organisation(e.CorpID), in(reasons, e.Reason)).Inc()
	case audit.SweepFinished:
		if e.Reason == "complete" {
			m.sweeps.WithLabelValues(m.organisation(e.CorpID)).SetToCurrentTime()
		}
	case audit.ClientsReplaced, audit.ClientsRejected:
		m.reload(e.Name == audit.ClientsReplaced)
	}
}

func (m *metrics) login(e audit.Event, way, outcome string) {
	m.logins.WithLabelValues(m.client(e.ClientID), way, outcome, in(reasons, e.Reason)).Inc()
}

// reload notes whether the clients were taken up that were read last.
func (m *metrics) reload(taken bool) {
	if !taken {
		m.reloads.WithLabelValues("rejected").Inc()
		m.healthy.WithLabelValues().Set(0)
		return
	}
	m.reloads.WithLabelValues("replaced").Inc()
	m.healthy.WithLabelValues().Set(1)
	m.reloaded.WithLabelValues().SetToCurrentTime()
}
