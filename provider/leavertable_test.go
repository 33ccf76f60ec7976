package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/login"
)

// A holding is something that a person has, or has under way, with an app: begin brings them
// there, and the use that it returns is what comes next.
type holding struct {
	name  string
	opens []string // the routes that it is about; of the token endpoint with the grant type
	base  string   // the client; app
	ends  bool     // the use ends the session
	begin func(p *holder) (use func() string)
	// want is what comes of the use, by the name of what happened before, or else by the
	// kind of it. A kind that is missing is a gap in the table.
	want map[string]string
	// silent: a client that asks again and again is refused without an event of its own.
	silent bool
}

// A turnOfEvents is what happens to a person, or to what the client allows, between the two.
type turnOfEvents struct {
	name, kind string
	setUp      func(p *plan)
	happens    func(g *leaverHouse)
	event      audit.Name // that tells of it, once for each person
	mends      func(g *leaverHouse)
	main       bool // one of those that a short run keeps
}

// The kinds of what may happen.
const (
	nothing = "nothing"
	removed = "removed" // every grant and session of the person is dead
	atUse   = "at use"  // DingTalk has called the person gone, and nobody knows before the use
	again   = "again"   // removed, and since then back by a login of their own
	policy  = "policy"  // the client admits the person no more
	unknown = "unknown" // that cannot be told now
)

// What comes of a use by which nobody is refused yet: whether they get in, DingTalk decides.
const askedWho, askedSilently, atHome = "asked who it is", "login_required", "200 home"

// givings are the events of something having been given.
var givings = []audit.Name{audit.LoginSucceeded, audit.SingleSignOn, audit.CodeRedeemed, audit.RefreshRotated, audit.RefreshReplayed,
	audit.RefreshRecovered, audit.DeviceApproved, audit.DeviceRedeemed, audit.ConsentGiven}

// refusings are the events of somebody having been refused, or put off.
var refusings = []audit.Name{audit.LoginRefused, audit.LoginRetried, audit.AuthorizeRefused, audit.CodeRefused, audit.RefreshRefused,
	audit.DeviceRefused, audit.LogoutRefused, audit.PersonGone, audit.PersonCannotDecide}

// TestH5_EveryHoldingAndEveryParting is a table without a gap: whatever somebody may hold,
// and whatever may end their right to it (threat D10; CVE-2024-52287, CVE-2024-38371).
// Another person's same thing still works.
func TestH5_EveryHoldingAndEveryParting(t *testing.T) {
	var mu sync.Mutex
	table := map[string]map[string]string{}
	t.Run("parting", func(t *testing.T) {
		for _, turn := range partings {
			if testing.Short() && !turn.main {
				t.Logf("left out in a short run: %s", turn.name)
				continue
			}
			t.Run(turn.name, func(t *testing.T) {
				t.Parallel()
				column := turn.try(t)
				mu.Lock()
				defer mu.Unlock()
				table[turn.name] = column
			})
		}
	})
	for _, row := range holdings {
		line := fmt.Sprintf("%-34s", row.name)
		for _, turn := range partings {
			if cell, tried := table[turn.name][row.name]; tried {
				line += fmt.Sprintf(" | %s: %s", turn.name, cell)
			}
		}
		t.Log(line)
	}
}

// try goes through one column: everybody begins, then it happens, then everybody goes on.
func (turn turnOfEvents) try(t *testing.T) map[string]string {
	g := openLeaverHouse(t, turn)
	type pair struct{ leaver, stayer func() string }
	uses := make([]pair, len(holdings))
	for i, row := range holdings {
		uses[i].leaver = row.begin(g.holder(g.leavers[i], row, ""))
		stays := g.holder(stayer, row, g.beside)
		if !row.ends {
			stays.b = g.stays
		}
		uses[i].stayer = row.begin(stays)
	}
	g.events.take()
	turn.happens(g)
	if turn.event != "" && turn.kind != atUse {
		g.wantEach(turn.event)
	}
	column := map[string]string{}
	for i, row := range holdings {
		want, known := row.want[turn.name]
		if !known {
			want, known = row.want[turn.kind]
		}
		if turn.kind == nothing {
			want, known = given, true
		}
		g.events.take()
		got := uses[i].leaver()
		column[row.name] = got
		if !known || got != want {
			t.Errorf("%s: %s, want %q", row.name, got, want)
		}
		g.wantEvents(row, turn, g.leavers[i], got)
		if got := uses[i].stayer(); got != given {
			t.Errorf("%s, somebody else's: %s", row.name, got)
		}
	}
	if turn.mends != nil {
		turn.mends(g)
		for i, row := range holdings {
			if got := uses[i].leaver(); got != given {
				t.Errorf("%s, afterwards: %s", row.name, got)
			}
		}
	}
	return column
}

// wantEvents holds what was recorded to what came of a use.
func (g *leaverHouse) wantEvents(row holding, turn turnOfEvents, leaver, got string) {
	g.t.Helper()
	subject, told, gone := string(g.subject(g.t, leaver)), false, false
	for _, e := range g.events.take() {
		told = told || slices.Contains(refusings, e.Name)
		gone = gone || e.Name == turn.event && e.Subject == subject
		if got != given && slices.Contains(givings, e.Name) {
			g.t.Errorf("%s: %s, and audited as %s", row.name, got, e.Name)
		}
	}
	silent := slices.Contains([]string{askedWho, askedSilently, atHome}, got) || row.silent && turn.kind != unknown
	if got != given && !told && !silent {
		g.t.Errorf("%s: %s, and no event says so", row.name, got)
	}
	if turn.kind == atUse && got != given && !gone && !strings.HasPrefix(row.name, "login under way") {
		g.t.Errorf("%s: %s, and no %s", row.name, got, turn.event)
	}
}

// wantEach waits for the event of each leaver, and for no other person's.
func (g *leaverHouse) wantEach(name audit.Name) {
	g.t.Helper()
	for _, leaver := range g.leavers {
		g.events.awaitOf(name, string(g.subject(g.t, leaver)))
	}
	if n := g.events.countOf(name, string(g.subject(g.t, stayer))); n > 0 {
		g.t.Errorf("%s of who stays", name)
	}
}

// TestH5_TheTableOfHoldingsIsWhole: each grant type, each route, each way in and each kind
// of parting has its place, or this fails.
func TestH5_TheTableOfHoldingsIsWhole(t *testing.T) {
	h := build(t)
	impersonal := []string{ // say nothing of a person and take nothing of theirs
		"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/device_authorization", "/userinfo/", "/healthz", "/readyz"}
	var opened, wanted, names []string
	for _, row := range holdings {
		opened, names = append(opened, row.opens...), append(names, row.name)
		for _, kind := range []string{removed, atUse, again, policy, unknown} {
			if row.want[kind] == "" {
				t.Errorf("%s: what if %s?", row.name, kind)
			}
		}
	}
	for _, path := range h.provider.Paths() {
		if path != "" && path != "/token" && !slices.Contains(impersonal, path) {
			wanted = append(wanted, path)
		}
	}
	advertised, _ := h.raw("GET", "/.well-known/openid-configuration", "", "", "").json["grant_types_supported"].([]any)
	for _, grant := range advertised {
		wanted = append(wanted, "/token "+grant.(string))
	}
	if len(wanted) < 17 || len(advertised) < 3 {
		t.Errorf("only %v; the search is out of date", wanted)
	}
	for _, place := range wanted {
		if !slices.Contains(opened, place) {
			t.Errorf("%s is in no row of the table of holdings", place)
		}
	}
	for _, place := range opened {
		if !slices.Contains(wanted, place) {
			t.Errorf("%s is none of the provider's", place)
		}
	}
	for _, way := range login.Ways() {
		if !slices.Contains(names, "login under way by "+string(way)) {
			t.Errorf("the way %s is in no row", way)
		}
	}
	kinds := map[string]bool{}
	for _, turn := range partings {
		kinds[turn.kind] = true
	}
	if len(kinds) != 6 {
		t.Errorf("kinds %v", kinds)
	}
}

// leaverHouse is a house with as many leavers as there are holdings, and one who stays.
type leaverHouse struct {
	*house
	leavers []string
	beside  string // what ends the id of the clients of who stays
	stays   *browser
}

// stayer is in the department and has the role that all leavers have.
const stayer = "zhangsan"

// holder is somebody before a browser.
type holder struct {
	*leaverHouse
	userID, client string
	b              *browser
}

func (g *leaverHouse) holder(userID string, row holding, beside string) *holder {
	g.as(userID)
	base := row.base
	if base == "" {
		base = "app"
	}
	return &holder{g, userID, base + beside, g.browser()}
}

// at carries the holder to their state of a way of a login, with a code that DingTalk gave.
func (p *holder) at(way login.Way) (state, code string) {
	p.as(p.userID)
	return p.statesOf(p.b, "client_id", p.client, "scope", offlineScope)[string(way)], p.someCode(p.upstream, kindOfWay[string(way)])
}

// answers brings a code back.
func (p *holder) answers(way login.Way, state, code string) page {
	if way == login.InApp {
		return p.handIn(p.b, state, code)
	}
	return p.back(p.b, state, code)
}

// enters logs the holder in and returns the client's code.
func (p *holder) enters() string {
	p.t.Helper()
	if p.b == p.stays { // is in
		return answer(p.t, p.b.get(p.asks("prompt", "none"))).Get("code")
	}
	state, code := p.at(login.OAuth2)
	back := p.back(p.b, state, code)
	q := answer(p.t, back)
	if q.Get("code") == "" {
		p.t.Fatalf("%s at %s: %d %s %v", p.userID, p.client, back.status, back.kind(), q)
	}
	return q.Get("code")
}

// asks is an authorization request that the holder's browser makes.
func (p *holder) asks(pairs ...string) string {
	return p.authorization(append([]string{"client_id", p.client, "scope", offlineScope}, pairs...)...)
}

func (p *holder) token(form url.Values) reply { return p.call("/token", p.client, testSecret, form) }

func (p *holder) tokens() reply {
	p.t.Helper()
	r := p.token(codeForm(p.enters()))
	if r.status != http.StatusOK {
		p.t.Fatalf("no tokens: %d %s", r.status, r.body)
	}
	return r
}

// page says what came of a browser's step.
func (p *holder) page(got page) string {
	p.t.Helper()
	if cookie := got.cookie("-session-"); cookie != "" && !strings.HasPrefix(got.location, appCallback) {
		p.t.Errorf("%d %s %s brings a session", got.status, got.kind(), got.location)
	}
	switch {
	case strings.HasPrefix(got.location, appCallback):
		q := answer(p.t, got)
		if q.Get("code") == "" {
			return q.Get("error")
		}
		return p.reply(p.token(codeForm(q.Get("code"))))
	case strings.HasPrefix(got.location, p.issuer+"/login/"):
		return askedWho
	case got.location != "":
		return fmt.Sprintf("%d to %s", got.status, got.location)
	}
	return fmt.Sprintf("%d %s", got.status, got.kind())
}

// reply says what came of a client's step, and holds tokens to be the holder's.
func (p *holder) reply(r reply) string {
	p.t.Helper()
	if r.status != http.StatusOK {
		if r.text("access_token")+r.text("id_token")+r.text("refresh_token")+r.text("sub") != "" {
			p.t.Errorf("refused, and told: %s", r.body)
		}
		return fmt.Sprintf("%d %s", r.status, r.text("error"))
	}
	if id := r.text("id_token"); id != "" && p.claimsOf(id, p.client)["sub"] != string(p.subject(p.t, p.userID)) {
		p.t.Errorf("an ID token of another: %s", r.body)
	}
	if r.text("access_token") == "" {
		return "no token"
	}
	return given
}

// awaitOf waits for an event about somebody.
func (e *events) awaitOf(name audit.Name, subject string) {
	e.t.Helper()
	for tries := 0; e.countOf(name, subject) == 0; tries++ {
		if tries == 3000 {
			e.t.Fatalf("no %s of %s", name, subject)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := e.countOf(name, subject); n != 1 {
		e.t.Errorf("%s of %s %d times", name, subject, n)
	}
}

func (e *events) countOf(name audit.Name, subject string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.list {
		if event.Name == name && event.Subject == subject {
			n++
		}
	}
	return n
}
