package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// streamControls are the verbs about Stream mode.
func (s *Simulator) streamControls(verb func(pattern string, serve func(r *http.Request) (any, error))) {
	verb("GET /control/stream", func(*http.Request) (any, error) { return s.Stream(), nil })
	verb("POST /control/stream", s.controlStream)
	verb("GET /control/events", func(*http.Request) (any, error) { return map[string]any{"events": s.Events()}, nil })
	verb("POST /control/events", s.controlEvents)
}

func (s *Simulator) controlStream(r *http.Request) (any, error) {
	var in struct {
		Action     string  `json:"action"`
		Connection uint64  `json:"connection"`
		Topic      string  `json:"topic"`
		Data       string  `json:"data"`
		Reason     string  `json:"reason"` // another name of data, for disconnect
		Redeliver  *string `json:"redeliver"`
		Drain      *string `json:"drain"`
		PingEvery  *string `json:"ping_every"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	var bad error
	wait := func(to *time.Duration, name string, text *string) {
		if text == nil {
			return
		}
		d, err := time.ParseDuration(*text)
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", name, err))
		}
		*to = d
	}
	err := s.SetStream(func(set *StreamSettings) {
		changed := *set
		wait(&changed.Redeliver, "redeliver", in.Redeliver)
		wait(&changed.Drain, "drain", in.Drain)
		wait(&changed.PingEvery, "ping_every", in.PingEvery)
		if bad == nil {
			*set = changed
		}
	})
	if err := errors.Join(bad, err); err != nil {
		return nil, err
	}
	if in.Action == "" {
		return map[string]int{"struck": 0}, nil
	}
	struck, err := s.ActOnStream(StreamAction{in.Action, in.Connection, in.Topic, in.Data + in.Reason})
	if err != nil {
		return nil, err
	}
	return map[string]int{"struck": struck}, nil
}

func (s *Simulator) controlEvents(r *http.Request) (any, error) {
	var in struct {
		Type   string          `json:"eventType"`
		CorpID string          `json:"corpId"`
		ID     string          `json:"eventId"`
		Data   json.RawMessage `json:"data"`
		Count  int             `json:"count"`
		Age    string          `json:"age"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	e := Event{Type: in.Type, CorpID: in.CorpID, ID: in.ID, Data: in.Data, Count: in.Count}
	if in.Age != "" {
		var err error
		if e.Age, err = time.ParseDuration(in.Age); err != nil {
			return nil, fmt.Errorf("age: %w", err)
		}
	}
	id, err := s.Inject(e)
	if err != nil {
		return nil, err
	}
	return map[string]string{"eventId": id}, nil
}

// EventState is an event and what has become of it.
type EventState struct {
	ID       string    `json:"eventId"`
	Type     string    `json:"eventType"`
	CorpID   string    `json:"corpId"`
	Data     string    `json:"data"`
	Born     time.Time `json:"born"`
	Attempts int       `json:"attempts"` // how often it was sent
	State    string    `json:"state"`    // waiting, sent, later, acked or lost
}

// Events returns the last events, at most 1000, oldest first.
func (s *Simulator) Events() []EventState {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	last := s.stream.traces
	if len(last) > maxTraces {
		last = last[len(last)-maxTraces:]
	}
	list := make([]EventState, len(last))
	for i, e := range last {
		list[i] = EventState{e.id, e.kind, e.corpID, e.data, e.born, e.attempts, e.state}
	}
	return list
}
