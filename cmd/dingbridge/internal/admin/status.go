package admin

import (
	"time"

	"github.com/dingbridge/dingbridge/provider"
)

// A Status answers `GET /status`: how the server stands, as the replica that was asked knows it.
// Times are UTC, and left out where there is none.
type Status struct {
	Version  string    `json:"version"`
	Issuer   string    `json:"issuer"`
	Started  time.Time `json:"started"`
	Seconds  float64   `json:"uptime_seconds"`
	Draining bool      `json:"draining"`

	Replicas      Replicas             `json:"replicas"`
	Storage       Storage              `json:"storage"`
	Keys          Keys                 `json:"keys"`
	Organisations []OrganisationStatus `json:"organisations"`
	HintsHeld     int                  `json:"hints_held"` // events of DingTalk that wait, of all organisations
	Clients       Clients              `json:"clients"`
	Limits        map[string]int       `json:"limits"`     // what config.yaml grants
	LimitsHit     map[string]int       `json:"limits_hit"` // requests turned away since the start, by the audit log's reason

	// Troubles are what an operator has to look at; none: all is well.
	Troubles []Trouble `json:"troubles"`
}

// A Trouble says what is wrong, and what to do.
type Trouble struct {
	Text   string `json:"trouble"`
	Remedy string `json:"remedy"`
}

// Replicas are those of which this one knows.
type Replicas struct {
	Self  string    `json:"self"`
	Alive int       `json:"alive"` // 0: one alone by its nature, or not known yet
	Each  []Replica `json:"each"`  // the first hundred, the oldest first
	// Share is how many calls of a kind this one may make to DingTalk in a second, of Whole.
	Share float64   `json:"share"`
	Whole float64   `json:"whole"`
	Away  time.Time `json:"unknown_since,omitzero"` // who is there
	Fault string    `json:"fault,omitempty"`
}

// A Replica is one of them.
type Replica struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since,omitzero"`
}

// Storage is what answered a write that ends by itself.
type Storage struct {
	Kind    string  `json:"kind"` // redis, rediss, redis+sentinel, redis+cluster or bolt, with their like
	Answers bool    `json:"answers"`
	Millis  float64 `json:"trip_ms"`
	Fault   string  `json:"fault,omitempty"` // such as that it is read-only
	Remedy  string  `json:"remedy,omitempty"`
}

// Keys are the signing keys.
type Keys struct {
	Each  []Key     `json:"keys"`
	Stale time.Time `json:"stale_since,omitzero"` // they cannot be read again
}

// An OrganisationStatus is what belongs to one organisation.
type OrganisationStatus struct {
	CorpID  string               `json:"corp_id"`
	Name    string               `json:"name,omitempty"`
	Calls   []Call               `json:"calls"`            // that were ever made by this replica, by name
	Stream  *Stream              `json:"stream,omitempty"` // none: events are not heard
	Leavers provider.LeaversView `json:"leavers"`
}

// A Call is how one of DingTalk's calls has fared.
type Call struct {
	Name     string    `json:"call"`
	Answered time.Time `json:"answered,omitzero"` // a plain "no" included
	Millis   float64   `json:"took_ms,omitempty"`
	Fails    int       `json:"fails,omitempty"` // since, one after another
	Failing  time.Time `json:"failing_since,omitzero"`
	Failed   time.Time `json:"failed,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	Fault    string    `json:"fault,omitempty"`
}

// A Stream is the connection on which DingTalk tells its events.
type Stream struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"`       // of Connected, or of its loss
	Gap       float64   `json:"gap_seconds"`          // without a connection, before this one
	LastFrame time.Time `json:"last_frame,omitzero"`  // of any kind
	LastEvent time.Time `json:"last_event,omitzero"`  // of the organisation
	Events    uint64    `json:"events"`               // since the start
	Refused   uint64    `json:"refused,omitempty"`    // of those, another organisation's or unreadable
	LastError string    `json:"last_error,omitempty"` // why a connection last ended or could not be made
}

// Clients are the registered apps.
type Clients struct {
	Count int       `json:"count"`
	Read  time.Time `json:"read"` // those that are in use
	// Rejected is when what is written was found faulty and not taken up, if that was later; Fault
	// is the first of the faults.
	Rejected time.Time `json:"rejected,omitzero"`
	Fault    string    `json:"fault,omitempty"`
}
