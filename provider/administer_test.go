package provider_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const root provider.Administrator = "root"

// by returns the event of the name, which must have been audited once, with who asked.
func (h *house) by(t *testing.T, name audit.Name) audit.Event {
	t.Helper()
	var found []audit.Event
	for _, e := range h.events.take() {
		if e.Name == name {
			found = append(found, e)
		}
	}
	if len(found) != 1 || found[0].By != string(root) || found[0].Subject == "" || found[0].CorpID != h.sim.CorpID() {
		t.Errorf("audited as %s: %+v", name, found)
		return audit.Event{}
	}
	return found[0]
}

// refused holds an error to be one that an administrator is told, with what to do.
func refused(t *testing.T, what string, err error, words string) {
	t.Helper()
	r, ok := errors.AsType[*provider.Refusal](err)
	if !ok || r.Remedy == "" || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want a refusal with %q", what, err, words)
	}
}

// runs lets the provider look after leavers until stop is called, or the test ends.
func (h *house) runs(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	over := make(chan struct{})
	go func() {
		defer close(over)
		h.provider.Run(ctx)
	}()
	stop = func() { cancel(); <-over }
	t.Cleanup(stop)
	for range 200 {
		if _, err := h.provider.SweepNow(t.Context(), root, "", true); err == nil {
			return stop
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it does not run")
	return stop
}

func (h *house) only(t *testing.T, who string) provider.PersonView {
	t.Helper()
	list, err := h.provider.FindPeople(t.Context(), who, provider.Show{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %+v, %v", who, list, err)
	}
	return list[0]
}

// TestH19_BlockedAtEveryDoor: a block in the middle of every way by which codes and tokens
// come out; and after unblock a login is a login.
func TestH19_BlockedAtEveryDoor(t *testing.T) {
	for _, w := range gateWays {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			p := party(t, "told")
			h := build(t, registered(p), func(d *plan) { d.specs = append(gateClients(), d.specs[len(d.specs)-1]) })
			g := &gateHouse{house: h, b: h.browser()}
			step := w.begin(g)
			entered := w.name != "login"
			if entered {
				p.enters(h, g.b)
			}
			h.events.take()
			view, err := h.provider.Block(t.Context(), root, "zhangsan")
			if err != nil || !view.Blocked || view.State != provider.StateBlocked {
				t.Fatalf("%+v, %v", view, err)
			}
			h.by(t, audit.UserBlocked)
			if got := step(); got != refusal {
				t.Errorf("blocked: %s", got)
			}
			if entered {
				select {
				case <-p.notices:
				case <-time.After(time.Minute):
					t.Error("the app was not told")
				}
			}
			if p := h.browser().follow(h.authorization(), appCallback); p.status != 403 {
				t.Errorf("a new login: %d %s", p.status, p.kind())
			}
			if _, err := h.provider.Unblock(t.Context(), root, "zhangsan"); err != nil {
				t.Fatal(err)
			}
			h.by(t, audit.UserUnblocked)
			if tokens := h.exchange(h.login(h.browser())); tokens.status != 200 {
				t.Errorf("unblocked: %d %s", tokens.status, tokens.body)
			}
		})
	}
}

// TestH19_BlockedBeforeTheFirstLogin: somebody of whom only DingTalk knows.
func TestH19_BlockedBeforeTheFirstLogin(t *testing.T) {
	h := build(t)
	view, err := h.provider.Block(t.Context(), root, "zhangsan")
	if err != nil || !view.Blocked || view.Subject != string(h.subject(t, "zhangsan")) || view.Name != "张三" {
		t.Fatalf("%+v, %v", view, err)
	}
	h.by(t, audit.UserBlocked)
	wantPage(t, h.browser().follow(h.authorization(), appCallback), 403, pages.Blocked)
	if again, err := h.provider.Block(t.Context(), root, view.Subject); err != nil || again.Epoch != view.Epoch {
		t.Errorf("twice: %+v, %v", again, err)
	}
	if _, err := h.provider.Unblock(t.Context(), root, view.Username); err != nil {
		t.Fatal(err)
	}
	info := h.userinfo(h.exchange(h.login(h.browser())).text("access_token"))
	if info.text("preferred_username") != view.Username || info.text("nickname") != "三哥" || info.text("email") == "" {
		t.Errorf("afterwards: %s", info.body)
	}
	for _, who := range []string{"gone", "nobody", "outsider", "zhangSan"} {
		_, err := h.provider.Block(t.Context(), root, who)
		refused(t, who, err, "no such active person")
	}
	h.sim.Fault(simulator.Fault{Call: "user/get", Kind: "500", Count: -1})
	_, err = h.provider.Block(t.Context(), root, "lisi")
	refused(t, "undecided", err, "cannot decide")
}

// TestH19_BlockedDuringTheFirstLogin: whoever of the two writes first, nothing is given.
func TestH19_BlockedDuringTheFirstLogin(t *testing.T) {
	h := build(t)
	var blocked atomic.Bool
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbCreate && strings.HasPrefix(op.Key, "person/") && !blocked.Swap(true) {
			if _, err := h.provider.Block(t.Context(), root, "zhangsan"); err != nil {
				t.Error(err)
			}
		}
		return storagetest.NoFault
	})
	p := h.browser().follow(h.authorization(), appCallback)
	if p.location != "" {
		if r := h.exchange(answer(t, p).Get("code")); r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("tokens: %d %s", r.status, r.body)
		}
	}
	if v := h.only(t, "zhangsan"); !v.Blocked {
		t.Errorf("%+v", v)
	}
	wantPage(t, h.browser().follow(h.authorization(), appCallback), 403, pages.Blocked)
}

// TestH19_RenamedAtTheNextToken: and the former name is nobody else's.
func TestH19_RenamedAtTheNextToken(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	before := h.only(t, "zhangsan")
	h.events.take()
	if view, err := h.provider.Rename(t.Context(), root, "zhangsan", "san"); err != nil || view.Username != "san" {
		t.Fatalf("%+v, %v", view, err)
	}
	h.by(t, audit.UserRenamed)
	renewed := h.refresh(tokens.text("refresh_token"), "")
	if name := h.claimsOf(renewed.text("id_token"), "app")["preferred_username"]; name != "san" {
		t.Errorf("the ID token says %v", name)
	}
	if name := h.userinfo(renewed.text("access_token")).text("preferred_username"); name != "san" {
		t.Errorf("userinfo says %v", name)
	}
	if h.only(t, before.Username).Subject != before.Subject || h.only(t, "san").Subject != before.Subject {
		t.Error("the person is not found by both names")
	}
	if err := h.sim.ApproveAs("lisi"); err != nil {
		t.Fatal(err)
	}
	h.login(h.browser())
	for name, words := range map[string]string{
		before.Username: "another person's", "san": "another person's", "admin": "reserved", "San": "a-z", "x": "2 to 39", "": "2 to 39",
	} {
		_, err := h.provider.Rename(t.Context(), root, "lisi", name)
		refused(t, name, err, words)
	}
	if h.events.has(audit.UserRenamed, "") {
		t.Error("what was refused is audited as done")
	}
	if _, err := h.provider.Rename(t.Context(), root, "san", before.Username); err != nil {
		t.Errorf("back to the former name: %v", err)
	}
}

// TestH19_MigratedIsWhoTheyWere: only by DingTalk's word, and only the one it is about.
func TestH19_MigratedIsWhoTheyWere(t *testing.T) {
	p := party(t, "told")
	h := build(t, registered(p))
	old := h.exchange(h.login(h.browser()))
	before := h.only(t, "zhangsan")
	_, err := h.provider.Migrate(t.Context(), root, "zhangsan")
	refused(t, "without a migration", err, "no migration")

	if err := h.sim.Migrate("zhangsan", ""); err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	tokens := h.exchange(h.login(b))
	p.enters(h, b)
	newcomer := string(h.subject(t, "zhangsan"))
	if newcomer == before.Subject || h.claimsOf(tokens.text("id_token"), "app")["sub"] != newcomer {
		t.Fatal("merged without an administrator")
	}
	if list, err := h.provider.FindPeople(t.Context(), "zhangsan", provider.Show{}); err != nil || len(list) != 2 {
		t.Errorf("by the userid: %+v, %v", list, err)
	}
	_, err = h.provider.Block(t.Context(), root, "zhangsan")
	refused(t, "one of two", err, before.Subject)
	_, err = h.provider.Migrate(t.Context(), root, before.Subject)
	refused(t, "the old one", err, "")

	// Somebody else, who was never migrated; the right missing; DingTalk away.
	if err := h.sim.ApproveAs("lisi"); err != nil {
		t.Fatal(err)
	}
	h.login(h.browser())
	_, err = h.provider.Migrate(t.Context(), root, "lisi")
	refused(t, "somebody else", err, "no migration")
	permissions := h.sim.App().Permissions
	h.sim.UpdateApp(func(a *simulator.App) {
		a.Permissions = slices.DeleteFunc(slices.Clone(permissions), func(s string) bool { return s == "Contact.OrgAccountMigration.Read" })
	})
	_, err = h.provider.Migrate(t.Context(), root, "zhangsan")
	refused(t, "without the right to ask", err, "Contact.OrgAccountMigration.Read")
	h.sim.UpdateApp(func(a *simulator.App) { a.Permissions = permissions })
	if err := h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "500", Count: -1}); err != nil {
		t.Fatal(err)
	}
	_, err = h.provider.Migrate(t.Context(), root, "zhangsan")
	refused(t, "undecided", err, "cannot decide")
	h.sim.ClearFaults()
	if _, err := h.provider.Block(t.Context(), root, newcomer); err != nil {
		t.Fatal(err)
	}
	_, err = h.provider.Migrate(t.Context(), root, newcomer)
	refused(t, "blocked", err, "blocked")
	if _, err := h.provider.Unblock(t.Context(), root, newcomer); err != nil {
		t.Fatal(err)
	}
	if err := h.sim.ApproveAs("zhangsan"); err != nil {
		t.Fatal(err)
	}
	tokens = h.exchange(h.login(b))
	p.enters(h, b)
	for len(p.notices) > 0 {
		<-p.notices
	}

	h.events.take()
	view, err := h.provider.Migrate(t.Context(), root, "zhangsan")
	if err != nil || view.Subject != before.Subject || view.Username != before.Username {
		t.Fatalf("%+v, %v", view, err)
	}
	if e := h.by(t, audit.UserMigrated); e.Subject != before.Subject || e.Other != newcomer {
		t.Errorf("%+v", e)
	}
	if r := h.refresh(tokens.text("refresh_token"), ""); r.status != 400 {
		t.Errorf("what the newcomer had lives: %d", r.status)
	}
	select {
	case <-p.notices:
	case <-time.After(time.Minute):
		t.Error("the app was not told")
	}
	if r := h.refresh(old.text("refresh_token"), ""); r.status != 200 {
		t.Errorf("what was there before is dead: %d %s", r.status, r.body)
	}
	if sub := h.claimsOf(h.exchange(h.login(h.browser())).text("id_token"), "app")["sub"]; sub != before.Subject {
		t.Errorf("now logs in as %v", sub)
	}
	// By every name it is the one person from now on.
	for _, who := range []string{"zhangsan", newcomer, before.Subject, before.Username} {
		if view, err := h.provider.Block(t.Context(), root, who); err != nil || view.Subject != before.Subject {
			t.Errorf("%s: %+v, %v", who, view, err)
		}
	}
}

// TestH19_AReleasedAddressGoesToWhoHasIt: and not before.
func TestH19_AReleasedAddressGoesToWhoHasIt(t *testing.T) {
	h := build(t)
	const address = "san.zhang@corp.example.cn"
	email := func(who string) string {
		t.Helper()
		if err := h.sim.ApproveAs(who); err != nil {
			t.Fatal(err)
		}
		return h.userinfo(h.exchange(h.login(h.browser())).text("access_token")).text("email")
	}
	if got := email("zhangsan"); got != address {
		t.Fatalf("zhangsan has %q", got)
	}
	for who, to := range map[string]string{"zhangsan": "", "mallory": address} {
		if err := h.sim.ChangePerson(who, func(p *simulator.Person) { p.OrgEmail = to }); err != nil {
			t.Fatal(err)
		}
	}
	if got := email("mallory"); got != "" {
		t.Fatalf("mallory has %q", got)
	}
	if e := h.only(t, "mallory").Email; e.Why != provider.EmailWithheld || e.Address != address || e.Owner != h.only(t, "zhangsan").Subject {
		t.Errorf("mallory is shown %+v", e)
	}
	_, err := h.provider.ReleaseEmail(t.Context(), root, "nobody@corp.example.cn")
	refused(t, "nobody's", err, "kept for nobody")
	_, err = h.provider.ReleaseEmail(t.Context(), root, "not an address\x1b[2J")
	refused(t, "no address", err, "kept for nobody")
	h.events.take()
	if done, err := h.provider.ReleaseEmail(t.Context(), root, "San.Zhang@corp.example.cn"); err != nil || done.Subject != h.only(t, "zhangsan").Subject {
		t.Fatalf("%+v, %v", done, err)
	}
	h.by(t, audit.EmailReleased)
	if got := email("mallory"); got != address {
		t.Errorf("mallory has %q", got)
	}
	if got := email("zhangsan"); got != "" {
		t.Errorf("zhangsan has %q", got)
	}
	if e := h.only(t, "mallory").Email; e.Why != provider.EmailClaimed {
		t.Errorf("mallory is shown %+v", e)
	}
	if e := h.only(t, "zhangsan").Email; e.Why != provider.EmailNone {
		t.Errorf("zhangsan is shown %+v", e)
	}
}

// TestH19_NobodyElse: names that are not in their own spelling, of another organisation, or of
// several people, and a storage that is away, do nothing to anybody.
func TestH19_NobodyElse(t *testing.T) {
	h := build(t, func(p *plan) {
		secondCompany(t, p)
		for i := range p.specs {
			p.specs[i].Organisations = []string{firstCorp}
		}
	})
	h.login(h.browser())
	person := h.only(t, firstCorp+"/zhangsan")
	do := map[string]func(who string) error{
		"block":   func(who string) error { _, err := h.provider.Block(t.Context(), root, who); return err },
		"unblock": func(who string) error { _, err := h.provider.Unblock(t.Context(), root, who); return err },
		"rename":  func(who string) error { _, err := h.provider.Rename(t.Context(), root, who, "san"); return err },
		"migrate": func(who string) error { _, err := h.provider.Migrate(t.Context(), root, who); return err },
		"show":    func(who string) error { _, err := h.provider.FindPeople(t.Context(), who, provider.Show{}); return err },
	}
	h.events.take()
	for name, verb := range do {
		for _, who := range []string{"", "Zhangsan", strings.ToUpper(person.Subject), person.Subject[:25], "dinganother/zhangsan",
			"/zhangsan", firstCorp + "/", firstCorp + "/zhangsan ", person.Username + "x", "zhangsan\x00", strings.Repeat("z", 5000)} {
			refused(t, name+" "+who, verb(who), "")
		}
	}
	if now := h.only(t, "zhangsan"); now.Username != person.Username || now.Blocked || now.Epoch != person.Epoch || !now.Checked.Equal(person.Checked) {
		t.Errorf("%+v, was %+v", now, person)
	}
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	for name, verb := range do {
		if err := verb("zhangsan"); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("%s without storage: %v", name, err)
		}
	}
	h.store.fail(nil)
	for _, e := range h.events.take() {
		if e.By != "" {
			t.Errorf("audited: %+v", e)
		}
	}
	for _, corp := range []string{"", "dinganother"} {
		_, err := h.provider.Brake(t.Context(), corp)
		refused(t, "brake of "+corp, err, secondCorp)
	}
}

// TestH19_TheBrakeByHand: shown, confirmed, which sweeps, and released.
func TestH19_TheBrakeByHand(t *testing.T) {
	h := build(t, func(p *plan) { p.People.Brake = people.Brake{MostPeople: 1, MostPercent: 1} })
	everybody := []string{"zhangsan", "lisi", "manager7521", "noemail"}
	for _, who := range everybody {
		if err := h.sim.ApproveAs(who); err != nil {
			t.Fatal(err)
		}
		h.login(h.browser())
	}
	_, err := h.provider.SweepNow(t.Context(), root, "", true)
	if err == nil {
		t.Error("a sweep before the server runs")
	}
	stop := h.runs(t)
	for _, who := range everybody[:3] {
		h.sim.Leave(who)
	}
	h.events.take()
	dry, err := h.provider.SweepNow(t.Context(), root, "", true)
	if err != nil || dry.Gone != 3 || len(dry.Subjects) != 3 || !dry.DryRun || dry.Known != 4 || dry.Fault != "" {
		t.Fatalf("dry run: %+v, %v", dry, err)
	}
	started := 0
	for _, e := range h.events.take() {
		if e.Name == audit.PersonRemoved {
			t.Error("a dry run removed somebody")
		}
		if e.Name == audit.SweepStarted && e.By == string(root) && e.Way == "hand" {
			started++
		}
	}
	if started != 1 {
		t.Errorf("%d sweeps began", started)
	}
	done, err := h.provider.SweepNow(t.Context(), root, h.sim.CorpID(), false)
	if err != nil || done.Gone != 1 || done.Withheld != 2 {
		t.Fatalf("braked sweep: %+v, %v", done, err)
	}
	brake, err := h.provider.Brake(t.Context(), "")
	if err != nil || brake.Engaged.IsZero() || brake.Limit != 1 || brake.Removed != 1 {
		t.Fatalf("%+v, %v", brake, err)
	}
	h.events.take()
	brake, err = h.provider.ConfirmBrake(t.Context(), root, "")
	if err != nil || !brake.Engaged.IsZero() || brake.Confirmed.IsZero() {
		t.Fatalf("%+v, %v", brake, err)
	}
	if !h.events.has(audit.BrakeConfirmed, "") {
		t.Error("not audited")
	}
	for range 1200 { // the sweep that was ordered
		if h.only(t, everybody[0]).Gone && h.only(t, everybody[1]).Gone && h.only(t, everybody[2]).Gone {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, who := range everybody[:3] {
		if v := h.only(t, who); !v.Gone || v.State != provider.StateGone {
			t.Errorf("%s: %+v", who, v)
		}
	}
	brake, err = h.provider.ReleaseBrake(t.Context(), root, "")
	if err != nil || !brake.Confirmed.IsZero() || brake.Removed != 0 {
		t.Errorf("%+v, %v", brake, err)
	}
	if !h.events.has(audit.BrakeReleased, "by hand") {
		t.Error("not audited")
	}
	stop()
	if _, err := h.provider.SweepNow(t.Context(), root, "", true); err == nil {
		t.Error("a sweep after the server ended")
	}
}
