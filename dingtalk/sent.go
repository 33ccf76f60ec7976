package dingtalk

import "time"

// Sent is one request to DingTalk and what became of it, for whoever observes.
type Sent struct {
	Call  string // one of the Call constants
	Again bool   // the repetition of a request that failed
	Took  time.Duration
	Err   error // an *Error, or nil
}
