package dingtalk

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// clockAhead is how far our clock is ahead of DingTalk's, in whole seconds, as the Date
// header of an answer that came at the time given shows it. That header counts whole
// seconds (RFC 9110 section 5.6.7), so a part of one says nothing. One that is missing,
// doubled or no date measures nothing.
func clockAhead(came time.Time, date []string) (ahead time.Duration, measured bool) {
	if len(date) != 1 {
		return 0, false
	}
	theirs, err := http.ParseTime(date[0])
	if err != nil {
		return 0, false
	}
	return came.Sub(theirs).Truncate(time.Second), true
}

// clockSkew says clockAhead in words.
func clockSkew(came time.Time, date []string) error {
	ahead, measured := clockAhead(came, date)
	seconds := ahead.Abs() / time.Second
	switch {
	case len(date) == 0:
		return errors.New("by how much the clocks differ is not known: the answer has no Date header")
	case !measured:
		return errors.New("by how much the clocks differ is not known: the answer has no Date header that can be read")
	case seconds == 0:
		return errors.New("by the Date header of the answer the clocks do not differ")
	case ahead > 0:
		return fmt.Errorf("this machine's clock is %d s ahead of DingTalk's", seconds)
	}
	return fmt.Errorf("this machine's clock is %d s behind DingTalk's", seconds)
}
