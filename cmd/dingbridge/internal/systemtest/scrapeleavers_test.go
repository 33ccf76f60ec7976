package systemtest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// partings are what happens to people besides logins: somebody leaves, a newcomer gets all
// that they had, an administrator looks at both, blocks one and sweeps, and events come that
// name whoever they like.
func (l *loot) partings(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	w.as(t, "zhangsan")
	l.plunder(t, w, -1)
	w.inject(t, map[string]any{"eventType": "user_modify_org", "data": map[string]any{"userId": []string{"zhangsan"},
		"diffInfo": map[string]any{"userid": "zhangsan", "prev": map[string]string{"name": "张三"}, "curr": map[string]string{"name": "李清照", "email": "qingzhao@corp.example.cn", "telephone": "13700001111"}}}})
	l.add("the payload of an event", "李清照", "qingzhao@corp.example.cn", "13700001111")
	w.inject(t, map[string]any{"eventType": "user_leave_org", "data": `{"userId":["辛弃疾 13700002222"`})
	w.inject(t, map[string]any{"eventType": "user_leave_org", "data": map[string]any{"userId": []string{"13700002222"}}, "corpId": simulator.SecondCompany().CorpID})
	l.add("the payload of an event", "辛弃疾", "13700002222")
	w.steered(t, http.MethodPost, "people/zhangsan/leave", nil)
	until(t, "the end of who left", func() bool { return len(w.events("person.removed")) == 1 })
	w.steered(t, http.MethodPost, "people", map[string]any{"userid": "zhangsan", "name": "欧阳修", "nick": "醉翁", "org_email": "san.zhang@corp.example.cn",
		"email": "xiu.ouyang@example.com", "mobile": "13700003333", "account_mobile": "13700003333", "state_code": "86", "departments": []int64{432825033}})
	l.add("a name", "欧阳修", "醉翁")
	l.add("a phone number", "13700003333")
	l.add("an e-mail address", "xiu.ouyang@example.com", "san.zhang@corp.example.cn")
	newcomer, a := newPerson(), w.app("phone")
	code, err := newcomer.login(ctx, w, a)
	if err != nil {
		t.Fatal(err)
	}
	tokens := a.redeem(ctx, w.issuer, code)
	l.add("an access token", tokens.text("access_token"))
	l.add("a refresh token", tokens.text("refresh_token"))
	until(t, "word of the address", func() bool { return len(w.events("email.withheld")) > 0 && len(w.events("person.userid_reused")) > 0 })
	for _, command := range []string{"users show zhangsan --all", "policy test --client phone --as zhangsan2", "users release-email san.zhang@corp.example.cn",
		"users block lisi", "leavers sweep", "brake show"} {
		if err := w.admin(t, nil, strings.Fields(command)...); err != nil {
			t.Error(err)
		}
	}
	w.control(t, "as", `{"userid":"any"}`)
}
