package dingtalk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestRoles(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallRoles, `POST /topapi/role/list?access_token=`+appTokenValue+` {"size":200,"offset":0}`, rolesJSON)
	all, err := dial(t, u).Roles(t.Context())
	expect := []Role{{1507113581, "主管", "默认"}, {1507113583, "负责人", "默认"}, {1507113592, "财务", "职务"}}
	if err != nil || !slices.Equal(all, expect) {
		t.Errorf("%v, %v", all, err)
	}
}

func TestRoles_Pages(t *testing.T) {
	pages := func(total int) (*upstream, *int) {
		u, n := newUpstream(), 0
		u.handle(CallRoles, func(w http.ResponseWriter, r *http.Request) {
			n++
			var q struct{ Size, Offset int }
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
				t.Error(err)
			}
			var roles []string
			for i := q.Offset; i < min(q.Offset+q.Size, total); i++ {
				roles = append(roles, fmt.Sprintf(`{"id":%d,"name":"r"}`, i/2+1)) // each twice, as when a page shifts
			}
			fmt.Fprintf(w, `{"errcode":0,"result":{"hasMore":%v,"list":[{"groupId":1,"name":"g","roles":[%s]}]}}`, q.Offset+q.Size < total, strings.Join(roles, ","))
		})
		return u, &n
	}
	u, n := pages(450)
	all, err := dial(t, u).Roles(t.Context())
	if err != nil || len(all) != 225 || *n != 3 || all[224] != (Role{225, "r", "g"}) {
		t.Errorf("%d roles in %d pages, %v", len(all), *n, err)
	}
	u, n = pages(1 << 30)
	all, err = dial(t, u).Roles(t.Context())
	if want(t, err, ReasonStrange); *n != rolesPages || all != nil {
		t.Errorf("%d roles in %d pages", len(all), *n)
	}
}

func TestRoles_OddOnes(t *testing.T) {
	for name, result := range map[string]string{
		"no list":            `{}`,
		"null":               `{"list":null}`,
		"an object":          `{"list":{"name":"g","roles":[]}}`,
		"roles an object":    `{"list":[{"name":"g","roles":{"id":1,"name":"r"}}]}`,
		"no id":              `{"list":[{"name":"g","roles":[{"name":"r"}]}]}`,
		"id a string":        `{"list":[{"name":"g","roles":[{"id":"1","name":"r"}]}]}`,
		"nought":             `{"list":[{"name":"g","roles":[{"id":0,"name":"r"}]}]}`,
		"another's names":    `{"list":[{"name":"g","roles":[{"role_id":1,"role_name":"r"}]}]}`,
		"name a number":      `{"list":[{"name":"g","roles":[{"id":1,"name":1}]}]}`,
		"group name odd":     `{"list":[{"name":[],"roles":[]}]}`,
		"more a string":      `{"hasMore":"true","list":[]}`,
		"twice":              `{"list":[],"list":[{"name":"g","roles":[{"id":1,"name":"r"}]}]}`,
		"not in a group":     `{"list":[1]}`,
		"and more, and null": `{"hasMore":true,"list":[null]}`,
	} {
		if roles, more, fault := decodeRoles(200, []byte(`{"errcode":0,"result":`+result+`}`)); fault == nil || roles != nil || more {
			t.Errorf("%s: %v %v, %v", name, roles, more, fault)
		}
	}
	mutate(t, rolesJSON, func(member, kind, body string) {
		roles, _, fault := decodeRoles(200, []byte(body))
		if fault != nil {
			return
		}
		for _, r := range roles {
			if r.ID <= 0 || r.ID < 1507113581 && member != "id" {
				t.Errorf("%s %s: %v from %s", member, kind, roles, body)
			}
		}
	})
}
