package dingtalk

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// clockSkew says in words how far our clock is from DingTalk's, as the Date header of
// an answer that came at the time given shows it. That header counts whole seconds (RFC
// 9110 section 5.6.7), so the difference does too. One that is missing, doubled or no
// date measures nothing.
func clockSkew(came time.Time, date []string) error {
	if len(date) == 0 {
		return errors.New("by how much the clocks differ is not known: the answer has no Date header")
	}
	theirs, err := http.ParseTime(date[0])
	if err != nil || len(date) > 1 {
		return errors.New("by how much the clocks differ is not known: the answer has no Date header that can be read")
	}
	ahead := came.Sub(theirs).Round(time.Second)
	seconds := ahead.Abs() / time.Second
	switch {
	case seconds == 0:
		return errors.New("by the Date header of the answer the clocks do not differ")
	case ahead > 0:
		return fmt.Errorf("this machine's clock is %d s ahead of DingTalk's", seconds)
	}
	return fmt.Errorf("this machine's clock is %d s behind DingTalk's", seconds)
}
