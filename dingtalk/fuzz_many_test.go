package dingtalk

import (
	"encoding/json"
	"reflect"
	"strconv"
	"testing"
	"time"
)

// The answers that are about more than one person, compared as in fuzz_test.go.

func seedsOfMany(f *testing.F) {
	seeds(f)
	for _, body := range []string{
		parentsJSON, listIDJSON, listSubIDJSON, deptJSON, listSubJSON, noSubsJSON, rolesJSON, leaversJSON, formerJSON, notMigratedJSON,
		badTokenNew, parentList("1,1"), parentList("-0,1"), `{"errcode":0,"result":{"parent_list":[{"parent_dept_id_list":[1]},{}]}}`,
		`{"errcode":0,"result":[[]]}`, `{"nextToken":"0","records":[]}`, `{"unionId":"` + unionID + `"}`,
		`{"errcode":0,"result":{"userid":"0156421733781264","unionid":"x","leader_in_dept":[{"dept_id":1,"leader":true}]}}`,
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
}

// items are the members of an array, as encoding/json has them.
func items(v any) []any {
	list, _ := v.([]any)
	return list
}

func inside(v any, name string) any {
	m, _ := v.(map[string]any)
	return m[name]
}

func whole(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := strconv.ParseInt(string(n), 10, 64)
	return i
}

func wholes(v any) (all []int64) {
	for _, item := range items(v) {
		all = append(all, whole(item))
	}
	return all
}

func word(v any) string { s, _ := v.(string); return s }

// same fails unless what was read is what encoding/json finds in an answer of success.
func same(t *testing.T, status int, m map[string]any, got, found any) {
	t.Helper()
	if _, refused := m["code"]; status != 200 || refused || !isZero(m["errcode"]) && m["errcode"] != nil {
		t.Fatalf("%d %v: accepted", status, m)
	}
	if !reflect.DeepEqual(got, found) {
		t.Fatalf("read %+v, want %+v", got, found)
	}
}

func FuzzDecodeLookup(f *testing.F) {
	seedsOfMany(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		member, fault := decodeLookup(status, body, userID)
		if fault != nil {
			if !reflect.DeepEqual(member, Member{}) {
				t.Fatal("refused, with a member")
			}
			goneIsSaid(t, fault, status, body)
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		result := m["result"]
		leads := false
		for _, d := range items(inside(result, "leader_in_dept")) {
			leads = leads || inside(d, "leader") == true
		}
		same(t, status, m, []any{member.UserID, member.UnionID, member.Leader, member.Departments},
			[]any{userID, word(inside(result, "unionid")), leads, wholes(inside(result, "dept_id_list"))})
		if v, ok := result.(map[string]any)["disable_status"]; ok && v != false || !isID(member.UnionID) {
			t.Fatalf("%+v from %s", member, body)
		}
	})
}

func FuzzDecodeParents(f *testing.F) {
	seedsOfMany(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		chains, fault := decodeParents(status, body)
		if fault != nil {
			if chains != nil {
				t.Fatal("refused, with parents")
			}
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		var found [][]int64
		for _, chain := range items(inside(m["result"], "parent_list")) {
			found = append(found, wholes(inside(chain, "parent_dept_id_list")))
		}
		same(t, status, m, chains, found)
		if len(chains) == 0 || len(chains) > maxChains {
			t.Fatalf("%d chains", len(chains))
		}
		for _, chain := range chains {
			seen := map[int64]bool{}
			for _, id := range chain {
				if id < 1 || seen[id] || seen[1] || len(chain) > maxChain {
					t.Fatalf("chain %v", chain)
				}
				seen[id] = true
			}
			if !seen[1] {
				t.Fatalf("chain %v", chain)
			}
		}
	})
}

func FuzzDecodeLeavers(f *testing.F) {
	seedsOfMany(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		records, next, fault := decodeLeavers(status, body)
		if fault != nil {
			if records != nil || next != "" {
				t.Fatal("refused, with records")
			}
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		var got, found []string
		for _, r := range records {
			if !isID(r.userID) {
				t.Fatalf("%q left", r.userID)
			}
			got = append(got, r.userID+r.left.Format(time.RFC3339Nano))
		}
		for _, r := range items(m["records"]) {
			left, err := time.Parse(time.RFC3339, word(inside(r, "leaveTime")))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, word(inside(r, "userId"))+left.Format(time.RFC3339Nano))
		}
		same(t, status, m, got, found)
		if next != word(m["nextToken"]) || len(records) > leaversPage {
			t.Fatalf("next %q from %s", next, body)
		}
	})
}

func FuzzDecodeFormer(f *testing.F) {
	seedsOfMany(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		former, fault := decodeFormer(status, body, unionID)
		if fault != nil {
			if former != "" {
				t.Fatal("refused, with a unionId")
			}
			if none := fault.Err == ErrNotMigrated; none != (fault.Reason == ReasonOutsider) || none && status != 400 {
				t.Fatalf("%v by %d %s", fault, status, body)
			}
			if fault.Call = CallFormer; fault.Gone() {
				t.Fatalf("gone by %d %s", status, body)
			}
			fault.Reason = ReasonStrange // in another call's name it would be a word about a person
			fitForLog(t, fault, status)
			return
		}
		m := oracle(t, body)
		same(t, status, m, former, word(m["unionId"]))
		if !isID(former) || former == unionID {
			t.Fatalf("formerly %q", former)
		}
	})
}

func FuzzDecodeLists(f *testing.F) {
	seedsOfMany(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		people, fault := decodeListID(status, body)
		if fault == nil {
			m := oracle(t, body)
			var found []string
			for _, id := range items(inside(m["result"], "userid_list")) {
				found = append(found, word(id))
			}
			same(t, status, m, people, found)
		} else {
			fitForLog(t, fault, status)
		}
		below, fault := decodeListSubID(status, body)
		if fault == nil {
			m := oracle(t, body)
			same(t, status, m, below, wholes(inside(m["result"], "dept_id_list")))
		} else {
			fitForLog(t, fault, status)
		}
		top, fault := decodeDepartment(status, body, 1)
		if fault == nil {
			m := oracle(t, body)
			same(t, status, m, top, Department{1, 0, word(inside(m["result"], "name"))})
		} else {
			fitForLog(t, fault, status)
		}
		subs, fault := decodeListSub(status, body, 1)
		if fault == nil {
			m := oracle(t, body)
			var found []Department
			for _, d := range items(m["result"]) {
				found = append(found, Department{whole(inside(d, "dept_id")), whole(inside(d, "parent_id")), word(inside(d, "name"))})
			}
			same(t, status, m, subs, found)
		} else {
			fitForLog(t, fault, status)
		}
		roles, _, fault := decodeRoles(status, body)
		if fault == nil {
			m := oracle(t, body)
			var found []Role
			for _, g := range items(inside(m["result"], "list")) {
				for _, r := range items(inside(g, "roles")) {
					found = append(found, Role{whole(inside(r, "id")), word(inside(r, "name")), word(inside(g, "name"))})
				}
			}
			same(t, status, m, roles, found)
		} else {
			fitForLog(t, fault, status)
		}
	})
}
