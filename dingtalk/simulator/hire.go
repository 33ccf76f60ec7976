package simulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// Hire adds a person, which is an event. The userid may be that of somebody who left:
// it is then another person's, and who left keeps account, unionId and tokens under the
// userid former, as an outsider.
func (s *Simulator) Hire(p Person) (former string, err error) {
	hired, former, err := s.staff.hire(p.clone())
	if err != nil {
		return "", err
	}
	if former != "" {
		s.vault.rename(p.UserID, former)
	}
	s.raiseChange(nil, hired)
	return former, nil
}

// Migrate gives the person userID another account, of the unionId given or of an
// invented one, as when DingTalk makes an ordinary account an enterprise account. The
// userid stays, the person's tokens die, and no event tells of it; the migration API
// knows.
func (s *Simulator) Migrate(userID, unionID string) error {
	_, _, err := s.staff.change(userID, func(p *Person) error { return s.staff.migrate(p, unionID) })
	if err != nil {
		return err
	}
	s.vault.rename(userID, "")
	return nil
}

// hire puts p in place of nobody, or of who left, who is then former.
func (s *staff) hire(p Person) (hired *Person, former string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byID[p.UserID]
	switch {
	case old != nil && !old.Left && !old.Outsider:
		return nil, "", fmt.Errorf("hire %q: the userid is taken", p.UserID)
	case p.UnionID != "" && s.byUnion[p.UnionID] != nil:
		return nil, "", fmt.Errorf("hire %q: the unionid %q is taken", p.UserID, p.UnionID)
	}
	for _, f := range s.faultsOf(&p) {
		return nil, "", fmt.Errorf("hire %q: %s", p.UserID, f.text)
	}
	if old == nil {
		s.insert(&p)
		return &p, "", nil
	}
	return &p, s.succeed(old, &p), nil
}

// succeed gives p the userid of old and returns the one that old has from now on; the
// caller holds the lock.
func (s *staff) succeed(old, p *Person) string {
	past := old.clone()
	past.Outsider, past.Left = true, false
	stem := past.UserID[:min(len(past.UserID), 50)]
	for n := 1; s.byID[past.UserID] != nil; n++ {
		past.UserID = stem + ".former" + strconv.Itoa(n)
	}
	s.owners[p.UserID]++
	s.put(p) // takes old's unionId out of the index, and keeps the place
	s.insert(&past)
	return past.UserID
}

// insert adds somebody new after those of the file and before those invented, so that
// the latter stay together; the caller holds the lock.
func (s *staff) insert(p *Person) {
	s.put(p)
	s.order = slices.Insert(s.order[:len(s.order)-1], s.listed, p.UserID)
	s.listed++
}

// migrate changes the account of p, a copy; the caller holds the lock.
func (s *staff) migrate(p *Person, unionID string) error {
	if p.Outsider {
		return errors.New("is not in the organisation")
	}
	if unionID == "" {
		unionID = derivedID("migrated", s.corpID, p.UnionID)
	}
	if s.byUnion[unionID] != nil {
		return fmt.Errorf("the unionid %q is taken", unionID)
	}
	s.migrated[unionID] = p.UnionID
	p.UnionID, p.OpenID = unionID, derivedID("openId", s.appID, unionID)
	p.ExclusiveAccount, p.ExclusiveAccountType = true, "dingtalk"
	return nil
}

// rename gives codes and tokens of one person to another userid; to nobody, they die.
func (v *vault) rename(from, to string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, c := range v.codes {
		if c.userID != from {
			continue
		}
		if c.userID = to; to == "" {
			delete(v.codes, id)
			continue
		}
		v.codes[id] = c
	}
	for key, g := range v.grants {
		if key.userID != from {
			continue
		}
		delete(v.grants, key)
		if to == "" {
			delete(v.access, g.access)
			delete(v.renewals, g.refresh)
			continue
		}
		g.userID = to
		v.grants[grantKey{to, key.corpID}] = g
	}
}

// migratedFrom tells which unionId an account had before it was migrated.
func (c *call) migratedFrom() answer {
	unionID := c.query.Get("migrationUnionId")
	if unionID == "" {
		return c.fail(http.StatusBadRequest, "invalid.param", "参数错误")
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	old, migrated := s.migrated[unionID]
	switch {
	case migrated:
		return c.ok(struct {
			UnionID string `json:"unionId"`
		}{old})
	case s.byUnion[unionID] == nil:
		return c.fail(http.StatusBadRequest, "invalid.unionId", "无效的unionId")
	}
	return c.fail(http.StatusBadRequest, "illegal.migration.unionId", "不是迁移后的unionId")
}

func (s *Simulator) controlHire(r *http.Request) (any, error) {
	var p Person
	if err := strictly(r, &p); err != nil {
		return nil, err
	}
	former, err := s.Hire(p)
	if err != nil {
		return nil, err
	}
	now, _ := s.Person(p.UserID)
	out := map[string]string{"userid": now.UserID, "unionid": now.UnionID}
	if former != "" {
		out["former"] = former
	}
	return out, nil
}

func (s *Simulator) controlMigrate(r *http.Request) (any, error) {
	var in struct {
		UnionID string `json:"unionid"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil && len(body) > 0 {
		err = decode(body, &in)
	}
	if err != nil {
		return nil, err
	}
	if err := s.Migrate(r.PathValue("userid"), in.UnionID); err != nil {
		return nil, err
	}
	p, _ := s.Person(r.PathValue("userid"))
	return map[string]string{"userid": p.UserID, "unionid": p.UnionID}, nil
}
