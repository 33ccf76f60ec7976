package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// inClient reports whether the caller's User-Agent is that of DingTalk's
// client, or passes for it. The fetcher of link previews is none.
func (c *call) inClient() bool {
	agent := strings.ToLower(c.r.UserAgent())
	return c.sim.reads(clientCheck, "any") ||
		strings.Contains(agent, "dingtalk") && !strings.Contains(agent, "dingtalk-linkservice")
}

// clientHolder is who is logged in to DingTalk's client: who approves all
// logins, else who was told to be, else the first employee.
func (c *call) clientHolder() *Person {
	switch as, holder := *c.sim.as.Load(), *c.sim.holder.Load(); {
	case as == Anyone:
		return c.sim.staff.next(c.sim.turn.Add(1)-1, c.app)
	case as != "":
		return c.sim.staff.person(as)
	case holder != "":
		return c.sim.staff.person(holder)
	}
	return c.sim.staff.firstEmployee()
}

func (s *staff) firstEmployee() *Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range s.order {
		if p := s.byID[id]; p.employed() {
			return p
		}
	}
	return nil
}

// inAppUser takes a code of the JSAPI. 40078 does not tell unknown, spent,
// expired and foreign codes apart; an outsider is in no directory.
func (c *call) inAppUser(id string) (p *Person, errcode int) {
	if id == "" {
		return nil, 41026
	}
	got, ok := c.sim.vault.spend(id, inAppCode, c.app.ClientID, c.now)
	if !ok {
		return nil, 40078
	}
	if p = c.directory().person(got.userID); p == nil || p.Outsider || p.Left {
		return nil, 60121
	}
	return p, 0
}

// sysLevel is the person's rank among administrators.
func (c *call) sysLevel(p *Person) int {
	level := 0
	for _, id := range p.Roles {
		switch c.sim.staff.roleName(id) {
		case "主管理员":
			level = 1
		case "子管理员":
			if level == 0 {
				level = 2
			}
		}
	}
	switch {
	case p.Boss:
		return 100
	case p.Admin && level == 0:
		return 2
	}
	return level
}

func (s *staff) roleName(id int64) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.roles[id].Name
}

// deviceID looks like the id of the person's telephone.
func deviceID(p *Person) string {
	sum := sha256.Sum256([]byte("device" + p.UnionID))
	return hex.EncodeToString(sum[:5])
}

// getUserInfo is /topapi/v2/user/getuserinfo.
func (c *call) getUserInfo() answer {
	p, errcode := c.inAppUser(c.str("code"))
	if errcode != 0 {
		return c.plain(errcode)
	}
	level := c.sysLevel(p)
	return c.result(struct {
		UserID     string `json:"userid"`
		Name       string `json:"name"`
		UnionID    string `json:"unionid"`
		Associated string `json:"associated_unionid"`
		DeviceID   string `json:"device_id"`
		Sys        bool   `json:"sys"`
		SysLevel   int    `json:"sys_level"`
	}{p.UserID, p.Name, p.UnionID, derivedID("associated", p.UnionID), deviceID(p), level != 0, level})
}

// oldGetUserInfo is /user/getuserinfo, its predecessor.
func (c *call) oldGetUserInfo() answer {
	p, errcode := c.inAppUser(c.query.Get("code"))
	if errcode != 0 {
		return c.plain(errcode)
	}
	level := c.sysLevel(p)
	return c.ok(struct {
		ErrCode  int    `json:"errcode"`
		ErrMsg   string `json:"errmsg"`
		UserID   string `json:"userid"`
		Name     string `json:"name"`
		DeviceID string `json:"deviceId"`
		IsSys    bool   `json:"is_sys"`
		SysLevel int    `json:"sys_level"`
	}{0, "ok", p.UserID, p.Name, deviceID(p), level != 0, level})
}
