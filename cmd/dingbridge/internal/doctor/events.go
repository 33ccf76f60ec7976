package doctor

import "context"

// callStream is the call that gives a place in Stream mode.
const callStream = "connections/open"

// events looks whether DingTalk could tell of leavers within seconds. Which events it is to
// send stands in its console, and shows only when one comes.
func (v *visit) events(ctx context.Context) {
	if v.org.Stream == nil {
		return
	}
	if !v.token || v.shut || v.down[apiHost] || ctx.Err() != nil {
		v.skip(callStream)
		return
	}
	host, err := v.org.Stream.Probe(ctx)
	id := v.org.Client.ClientID()
	switch {
	case ctx.Err() != nil:
		v.skip(callStream)
	case err == nil:
		v.find("stream-ok", values{"host": host})
		v.find("events-unseen", values{"client_id": id})
	case host == "":
		v.find("stream-refused", values{"client_id": id, "reason": err.Error()})
	default:
		v.find("stream-unreachable", values{"host": host, "reason": err.Error()})
	}
}
