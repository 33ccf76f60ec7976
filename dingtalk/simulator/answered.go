package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// ackLimit is how soon DingTalk wants an answer; a later one still counts here, and is
// told of.
const ackLimit = 3 * time.Second

// upFrame is what comes up.
type upFrame struct {
	Code    int               `json:"code"`
	Headers map[string]string `json:"headers"`
	Message string            `json:"message"`
	Data    string            `json:"data"`
}

// answered takes in a frame from c.
func (s *stream) answered(c *connection, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.understand(c, text); err != nil {
		s.tally.WrongAnswers++
		s.tally.Wrong = append(s.tally.Wrong, shown(err.Error()))
		if len(s.tally.Wrong) > maxWrongs {
			s.tally.Wrong = slices.Delete(s.tally.Wrong, 0, 1)
		}
	}
}

// understand finds what text answers; the caller holds the lock.
func (s *stream) understand(c *connection, text []byte) error {
	var r upFrame
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("an answer is not as documented: %w", err)
	}
	id := r.Headers["messageId"]
	m := s.sent[id]
	switch {
	case m == nil:
		return fmt.Errorf("an answer has the messageId %q, which is unknown", id)
	case m.conn != c:
		return fmt.Errorf("the answer to %s came by another connection", id)
	case r.Headers["contentType"] != "application/json":
		return fmt.Errorf("the answer to %s has the contentType %q", id, r.Headers["contentType"])
	}
	if m.epoch != s.epoch {
		return nil
	}
	switch m.kind {
	case "EVENT":
		return s.acknowledge(c, m, &r)
	case "ping":
		if r.Code != 200 || r.Data != m.data {
			return fmt.Errorf("the ping %s was answered %d with %q", id, r.Code, r.Data)
		}
		if !m.answered {
			s.tally.Echoes++
		}
	default:
		if r.Code != 200 && r.Code != 404 {
			return fmt.Errorf("the topic %s was answered %d", m.kind, r.Code)
		}
		s.tally.SystemAnswers++
	}
	m.answered = true
	return nil
}

// acknowledge reads the status of an event; the caller holds the lock.
func (s *stream) acknowledge(c *connection, m *message, r *upFrame) error {
	var data struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal([]byte(r.Data), &data); err != nil {
		return fmt.Errorf("the data of an acknowledgement is no JSON: %w", err)
	}
	switch {
	case data.Status == "LATER" && (r.Code == 200 || r.Code == 500): // both are in official clients
		s.tally.Later++
		if m.of.message == r.Headers["messageId"] && m.of.state == "sent" {
			m.of.state = "later"
		}
	case data.Status == "SUCCESS" && r.Code == 200:
		if time.Since(m.at) > ackLimit {
			s.tally.Slow++
		}
		s.finish(c, m.of)
	default:
		return fmt.Errorf("an event was answered %d with the status %q", r.Code, data.Status)
	}
	return nil
}

// finish counts e as acknowledged; the caller holds the lock.
func (s *stream) finish(c *connection, e *event) {
	if e.state == "acked" || e.state == "lost" {
		return // again, or after all
	}
	if e.state == "waiting" { // it was to be sent again, and nobody was connected
		s.waiting = slices.DeleteFunc(s.waiting, func(other *event) bool { return other == e })
	}
	e.state = "acked"
	e.timer.Stop()
	s.retire(e.message)
	s.flying--
	s.tally.Acked++
	c.acked++
}
