package stream

import "strings"

// take does what a frame asks for, without waiting for anything but the connection.
func (s *session) take(w *work, raw []byte) {
	f, ok := parseFrame(raw)
	if !ok {
		s.client.observe(Unreadable, Event{})
		return
	}
	switch f.kind {
	case "EVENT":
		s.event(w, f)
	case "SYSTEM":
		s.system(f)
	default: // CALLBACK: messages to bots and cards, which we did not subscribe to
		s.send(f.unknown())
	}
}

// system takes a word of the server about the connection.
func (s *session) system(f frame) {
	switch strings.ToLower(f.topic) {
	case "ping":
		s.send(f.pong())
	case "disconnect":
		// DingTalk's own client says that the server repeats it if it is not answered.
		s.send(f.noted())
		if s.told {
			return
		}
		s.told = true
		s.client.cfg.Log.Info("stream: told to connect anew", "reason", s.client.clean(string(f.payload()), s.ticket))
		close(s.moved)
	default: // CONNECTED, REGISTERED, KEEPALIVE and what else there is one day
		s.send(f.noted())
	}
}
