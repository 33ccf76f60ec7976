package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// me has the keys of contact/users/me.
type me struct {
	Nick      string `json:"nick"`
	UnionID   string `json:"unionId"`
	AvatarURL string `json:"avatarUrl,omitempty"`
	OpenID    string `json:"openId"`
	Mobile    string `json:"mobile,omitempty"`
	StateCode string `json:"stateCode,omitempty"`
	Email     string `json:"email,omitempty"`
}

// userMe answers for "me" and for the caller's own unionId.
func (c *call) userMe() answer {
	p := c.sim.staff.person(c.whose)
	if id := c.r.PathValue("unionId"); p == nil || id != "me" && id != p.UnionID {
		return c.fail(http.StatusNotFound, "invalidParameter.user.notFound", "找不到该用户")
	}
	m := me{Nick: p.Nick, UnionID: p.UnionID, OpenID: p.OpenID, AvatarURL: p.AvatarURL}
	if slices.Contains(c.app.Permissions, permUserMobile) {
		m.Mobile, m.StateCode = p.AccountMobile, p.AccountStateCode
	}
	if !strings.HasSuffix(strings.ToLower(p.AccountEmail), "@dingtalk.com") {
		m.Email = p.AccountEmail
	}
	return c.ok(m)
}

type leaveRecord struct {
	UserID      string `json:"userId"`
	Name        string `json:"name"`
	StateCode   string `json:"stateCode,omitempty"`
	Mobile      string `json:"mobile,omitempty"`
	LeaveTime   string `json:"leaveTime"`
	LeaveReason string `json:"leaveReason"`
}

// maxLeaveSpan is the longest time that one query may cover.
const maxLeaveSpan = 365 * 24 * time.Hour

func (c *call) leaveRecords() answer {
	start, err := time.Parse(time.RFC3339, c.query.Get("startTime"))
	end := c.now
	if text := c.query.Get("endTime"); err == nil && text != "" {
		end, err = time.Parse(time.RFC3339, text)
	}
	from, size := uint64(0), 50
	if text := c.query.Get("nextToken"); err == nil && text != "" {
		from, err = strconv.ParseUint(text, 16, 31)
	}
	if text := c.query.Get("maxResults"); err == nil && text != "" {
		size, err = strconv.Atoi(text)
	}
	if err != nil || size < 1 || size > 50 || end.Before(start) || end.Sub(start) > maxLeaveSpan {
		return c.fail(http.StatusBadRequest, "invalidParameter.param.invalid", "参数错误")
	}
	leaves := c.directory().left(start, end)
	first := min(int(from), len(leaves))
	last := min(first+size, len(leaves))
	answer := struct {
		NextToken string        `json:"nextToken,omitempty"`
		Records   []leaveRecord `json:"records"`
	}{Records: []leaveRecord{}}
	if last < len(leaves) {
		answer.NextToken = fmt.Sprintf("%016X", last)
	}
	for _, l := range leaves[first:last] {
		answer.Records = append(answer.Records, leaveRecord{l.userID, l.name, l.stateCode, l.mobile,
			l.at.UTC().Format("2006-01-02T15:04:05Z"), "delete"})
	}
	return c.ok(answer)
}

// starred hides the middle of a number, as leave records show it.
func starred(mobile string) string {
	if len(mobile) < 8 {
		return ""
	}
	return mobile[:3] + "****" + mobile[len(mobile)-4:]
}

// left lists who left from start to end, in order of time.
func (s *staff) left(start, end time.Time) (found []leave) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, l := range s.leaves {
		if !l.at.Before(start) && !l.at.After(end) {
			found = append(found, l)
		}
	}
	return found
}
