package clients

import (
	"fmt"
	"slices"
	"testing"
)

func TestC17_WhichGroupsAClientSees(t *testing.T) {
	groups := []GroupSpec{
		{Name: "ops", Organisation: "dinga", Departments: []int64{1}},
		{Name: "ops", Organisation: "dingb", Departments: []int64{77}},
		{Name: "data", Organisation: "dinga", Departments: []int64{30}, Roles: []int64{9}, People: []string{"zhangsan"}},
		{Name: "argocd-admin", Organisation: "dinga", Roles: []int64{10}},
		{Name: "elsewhere", Organisation: "dingb", Departments: []int64{1, 30}, People: []string{"zhangsan"}},
	}
	zhangsan := Facts{CorpID: "dinga", UserID: "zhangsan", Departments: []int64{1, 4, 30, 200}, Direct: []int64{30, 200}, Roles: []int64{10, 9}}
	all := []string{"argocd-admin", "data", "ops", "dept:30", "dept:200", "dept:1", "dept:4", "role:9", "role:10"}
	for name, tc := range map[string]struct {
		organisations []string
		claim         []string
		most          *int
		facts         Facts
		want          []string
		dropped       int
	}{
		"all":                  {facts: zhangsan, want: all},
		"names":                {claim: []string{"aliases"}, facts: zhangsan, want: all[:3]},
		"departments":          {claim: []string{"departments"}, facts: zhangsan, want: all[3:7]},
		"roles":                {claim: []string{"roles"}, facts: zhangsan, want: all[7:]},
		"each of the words":    {claim: []string{"roles", "aliases", "departments"}, facts: zhangsan, want: all},
		"single ones":          {claim: []string{"role:10", "dept:4", "dept:30", "data", "dept:5", "role:4"}, facts: zhangsan, want: []string{"data", "dept:30", "dept:4", "role:10"}},
		"names and one role":   {claim: []string{"aliases", "role:9"}, facts: zhangsan, want: []string{"argocd-admin", "data", "ops", "role:9"}},
		"none that it may see": {claim: []string{"dept:5"}, facts: zhangsan, want: []string{}},
		"room for two":         {most: new(2), facts: zhangsan, want: all[:2], dropped: 7},
		"room for all":         {most: new(9), facts: zhangsan, want: all},
		"room after choosing":  {most: new(1), claim: []string{"roles"}, facts: zhangsan, want: []string{"role:9"}, dropped: 1},
		"in none":              {facts: Facts{CorpID: "dinga", UserID: "lisi"}, want: []string{}},
		"nothing known":        {facts: Facts{}, want: []string{}},
		"twice in each":        {facts: Facts{CorpID: "dinga", Departments: []int64{4, 30, 4}, Direct: []int64{30, 30}, Roles: []int64{9, 9}}, want: []string{"data", "dept:30", "dept:4", "role:9"}},
		"parents unknown":      {facts: Facts{CorpID: "dinga", Departments: []int64{30}, Direct: []int64{30}, Partial: true}, want: []string{"data", "dept:30"}},
		"of several":           {organisations: []string{"dinga", "dingb"}, facts: zhangsan, want: []string{"argocd-admin", "data", "ops", "dinga:dept:30", "dinga:dept:200", "dinga:dept:1", "dinga:dept:4", "dinga:role:9", "dinga:role:10"}},
		"of several, roles":    {organisations: []string{"dinga", "dingb"}, claim: []string{"roles", "ops"}, facts: zhangsan, want: []string{"ops", "dinga:role:9", "dinga:role:10"}},
		"of the other":         {organisations: []string{"dinga", "dingb"}, facts: Facts{CorpID: "dingb", UserID: "zhangsan", Departments: []int64{1}, Direct: []int64{1}, Roles: []int64{10}}, want: []string{"elsewhere", "dingb:dept:1", "dingb:role:10"}},
		"of the other, single": {organisations: []string{"dinga", "dingb"}, claim: []string{"ops", "data"}, facts: Facts{CorpID: "dingb", UserID: "zhangsan", Departments: []int64{77, 30}, Roles: []int64{9}}, want: []string{"ops"}},
	} {
		s := valid()
		s.Organisations, s.GroupsClaim, s.GroupsMax = tc.organisations, tc.claim, tc.most
		c := one(t, s, groups...)
		before := fmt.Sprint(tc.facts)
		for range 2 {
			got, dropped := c.Groups(tc.facts)
			if !slices.Equal(got, tc.want) || got == nil || dropped != tc.dropped {
				t.Errorf("%s: %q, and %d dropped", name, got, dropped)
			}
			clear(got) // it is the caller's own
		}
		if fmt.Sprint(tc.facts) != before {
			t.Errorf("%s: the facts are now %+v", name, tc.facts)
		}
	}
}

func TestC17_FiftyUnlessSaid(t *testing.T) {
	var many Facts
	for id := range int64(700) {
		many.Departments = append(many.Departments, id+1)
	}
	for name, tc := range map[string]struct {
		most *int
		want int
	}{"left out": {nil, 50}, "less": {new(1), 1}, "more": {new(500), 500}} {
		s := valid()
		s.GroupsMax = tc.most
		if got, dropped := one(t, s).Groups(many); len(got) != tc.want || dropped != 700-tc.want || cap(got) != len(got) {
			t.Errorf("%s: %d, %d dropped", name, len(got), dropped)
		}
	}
}

func TestC17_GroupsClaimIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Spec)
		want   []string
	}{
		"zero":           {func(s *Spec) { s.GroupsMax = new(0) }, []string{"clients[0].groups_max"}},
		"below zero":     {func(s *Spec) { s.GroupsMax = new(-1) }, []string{"clients[0].groups_max"}},
		"beyond":         {func(s *Spec) { s.GroupsMax = new(501) }, []string{"clients[0].groups_max"}},
		"an empty list":  {func(s *Spec) { s.GroupsClaim = []string{} }, []string{"clients[0].groups_claim"}},
		"a word twice":   {func(s *Spec) { s.GroupsClaim = []string{"roles", "roles"} }, []string{"clients[0].groups_claim[1]"}},
		"a strange word": {func(s *Spec) { s.GroupsClaim = []string{"Aliases", "people"} }, []string{"clients[0].groups_claim[0]", "clients[0].groups_claim[1]"}},
	} {
		s := valid()
		tc.change(&s)
		if got := wrong(s); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestC21_WhatOfTheDirectoryIsTold(t *testing.T) {
	s := valid()
	s.DirectoryClaims, s.SubstituteEmail = []string{"userid", "corp_id", "job_number", "title", "departments", "roles", "manager"}, true
	c := one(t, s)
	if !slices.Equal(c.DirectoryClaims, s.DirectoryClaims) || !c.SubstituteEmail {
		t.Errorf("%+v", c)
	}
	if plainly := one(t, valid()); plainly.DirectoryClaims != nil || plainly.SubstituteEmail {
		t.Error("told without being asked")
	}
	for _, word := range s.DirectoryClaims {
		if got := "dingtalk_" + word; !taken(got) {
			t.Errorf("a table may set %s", got)
		}
	}
	for name, tc := range map[string]struct {
		change func(*Spec)
		want   []string
	}{
		"unknown":           {func(s *Spec) { s.DirectoryClaims = []string{"userid", "mobile", "dingtalk_title", ""} }, []string{"clients[0].directory_claims[1]", "clients[0].directory_claims[2]", "clients[0].directory_claims[3]"}},
		"twice":             {func(s *Spec) { s.DirectoryClaims = []string{"title", "title"} }, []string{"clients[0].directory_claims[1]"}},
		"no scope profile":  {func(s *Spec) { s.Scopes = []string{"openid", "email"} }, []string{"clients[0].directory_claims"}},
		"no scope email":    {func(s *Spec) { s.Scopes = []string{"openid", "profile"} }, []string{"clients[0].substitute_email"}},
		"neither, and none": {func(s *Spec) { s.Scopes, s.DirectoryClaims, s.SubstituteEmail = []string{"openid"}, nil, false }, nil},
	} {
		s := s
		tc.change(&s)
		if got := wrong(s); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
