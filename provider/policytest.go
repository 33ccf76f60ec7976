package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

// Why somebody may enter a client, or may not.
const (
	WhyRule         = "rule"         // a rule of allow admits them
	WhyNoRule       = "no_rule"      // none does
	WhyOrganisation = "organisation" // the client does not serve theirs
	WhyBlocked      = "blocked"      // by an administrator
	WhyGone         = "gone"         // says the directory
	WhyParents      = "parents"      // a department above theirs could admit, and is not told
	WhyDirectory    = "directory"    // it does not say whether they are there
)

// A PolicyTest is what a login by a client would come to, at this moment.
type PolicyTest struct {
	Person PersonView `json:"person"`
	Known  bool       `json:"known"` // has logged in before; else the username is the one they would get
	ClientView
	// Undecided: the login would neither be let in nor be refused, but asked to come again.
	Undecided bool `json:"undecided,omitempty"`
	// Detail is what the directory said, where Why is WhyGone or WhyDirectory.
	Detail string `json:"detail,omitempty"`
	// Rules are those of the client's allow.
	Rules []string `json:"rules"`
	// IDToken and UserInfo are the claims about the person that a client sees which asks for all
	// scopes that it may; none if the person is not admitted.
	IDToken  json.RawMessage `json:"id_token,omitempty"`
	UserInfo json.RawMessage `json:"userinfo,omitempty"`
}

// TestPolicy tells what a login of somebody by a client would come to, and why. It asks the
// directory, and writes nothing. who is as for [Provider.FindPeople], or the userId of somebody
// who never logged in. A [*Refusal]: no such client, nobody, or several people.
func (p *Provider) TestPolicy(ctx context.Context, clientID, who string) (PolicyTest, error) {
	client, err := p.clientNamed(clientID)
	if err != nil {
		return PolicyTest{}, err
	}
	person, known, err := p.foresee(ctx, who)
	if person.Subject == "" {
		return PolicyTest{}, asRefusal(err)
	}
	t := PolicyTest{Known: known, Rules: rulesOf(client)}
	asked := err
	if t.Person, err = p.view(ctx, person, Show{}); err != nil {
		return PolicyTest{}, err
	}
	t.ClientView = p.clientView(client, person)
	switch {
	case person.Blocked:
		t.Admitted, t.Why, t.Rule = false, WhyBlocked, ""
	case errors.Is(asked, people.ErrGone):
		t.Admitted, t.Why, t.Rule = false, WhyGone, ""
	case errors.Is(asked, people.ErrCannotDecide):
		t.Admitted, t.Why, t.Rule = false, WhyDirectory, ""
	case asked != nil:
		return PolicyTest{}, asked
	}
	t.Undecided = t.Why == WhyDirectory || t.Why == WhyParents
	if asked != nil {
		t.Detail = detailOf(asked)
	}
	if !t.Admitted {
		return t, nil
	}
	idScopes := client.Scopes
	if client.MinimalIDToken {
		idScopes = nil
	}
	if t.IDToken, err = p.told(client, person, idScopes, !client.MinimalIDToken); err == nil {
		t.UserInfo, err = p.told(client, person, client.Scopes, true)
	}
	return t, err
}

// told writes the claims about a person as ID token and userinfo do.
func (p *Provider) told(c *clients.Client, person people.Person, scopes []string, tables bool) ([]byte, error) {
	claims, err := json.Marshal(p.claims(c, person, scopes, nil))
	if err == nil && tables {
		claims, err = withTable(claims, c.TableClaims(facts(person)))
	}
	if err != nil {
		return nil, fmt.Errorf("make claims: %w", err)
	}
	return claims, nil
}

// foresee is who would log in. With an error of the directory the person is as the record has
// them; without a sub there is nobody.
func (p *Provider) foresee(ctx context.Context, who string) (person people.Person, known bool, err error) {
	person, err = p.one(ctx, who)
	known = err == nil
	if known {
		asked, err := p.people.Ask(ctx, person)
		if err == nil || !errors.Is(err, people.ErrGone) || who == string(person.Subject) {
			return asked, true, err
		}
		gone := err // and perhaps somebody else has the userId now
		if now, known, err := p.people.Foresee(ctx, person.CorpID, person.Profile.UserID); err == nil {
			return now, known, nil
		}
		return person, true, gone
	}
	if !errors.Is(err, people.ErrUnknownPerson) {
		// A userId of several people is, for a login, whoever has it now.
		if corpIDs, userID, _ := p.organisationsIn(who); len(corpIDs) == 1 && isSeveral(err) {
			if now, known, gone := p.people.Foresee(ctx, corpIDs[0], userID); gone == nil {
				return now, known, nil
			}
		}
		return people.Person{}, false, err
	}
	corpID, userID, err := p.newcomer(who)
	if err != nil {
		return people.Person{}, false, err
	}
	if person, known, err = p.people.Foresee(ctx, corpID, userID); err != nil {
		person = people.Person{}
	}
	return person, known, err
}

func isSeveral(err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Err == nil
}

// newcomer is the userId of somebody who never logged in, and where to look for it.
func (p *Provider) newcomer(who string) (corpID, userID string, err error) {
	if _, isSub := people.Subject(who).Raw(); isSub {
		return "", "", nobody(who)
	}
	corpIDs, userID, _ := p.organisationsIn(who)
	if len(corpIDs) > 1 {
		return "", "", &Refusal{Err: people.ErrUnknownPerson, Text: fmt.Sprintf("nobody who has logged in is known as %q", who),
			Remedy: "write corpId/userid to ask the directory of an organisation"}
	}
	return corpIDs[0], userID, nil
}

// clientView looks at a person through a client, whatever the directory and administrators say.
func (p *Provider) clientView(c *clients.Client, person people.Person) ClientView {
	v := ClientView{Client: c.ID, Why: WhyNoRule}
	v.Groups, v.Dropped = c.Groups(facts(person))
	if v.Groups == nil {
		v.Groups = []string{}
	}
	if slices.Contains(c.Scopes, "email") {
		own := p.people.Claims(person, people.ClaimOptions{Scopes: []string{"email"}}).Email
		v.Email = p.people.Claims(person, people.ClaimOptions{Scopes: []string{"email"}, SubstituteEmail: c.SubstituteEmail}).Email
		v.MadeUp = v.Email != own
	}
	if !p.serves(c, person.CorpID) {
		v.Why = WhyOrganisation
		return v
	}
	switch decision := c.Admits(facts(person)); {
	case decision.Admitted:
		v.Admitted, v.Why, v.Rule = true, WhyRule, decision.Rule
	case decision.Undecided:
		v.Why = WhyParents
	}
	return v
}

func (p *Provider) clientNamed(id string) (*clients.Client, error) {
	c, known := p.Clients.Lookup(id)
	if known {
		return c, nil
	}
	var all []string
	for c := range p.Clients.All() {
		all = append(all, c.ID)
	}
	slices.Sort(all)
	if len(all) > 10 {
		all = append(all[:10], "...")
	}
	return nil, &Refusal{Text: fmt.Sprintf("no client is called %q", id), Remedy: "clients.yaml has " + strings.Join(all, ", ")}
}

// rulesOf lists what would admit somebody.
func rulesOf(c *clients.Client) []string {
	if c.Allow.Everyone {
		return []string{"everyone"}
	}
	rules := []string{}
	for _, name := range c.Allow.Groups {
		rules = append(rules, "group "+name)
	}
	for _, id := range c.Allow.Departments {
		rules = append(rules, "department "+strconv.FormatInt(id, 10))
	}
	for _, id := range c.Allow.Roles {
		rules = append(rules, "role "+strconv.FormatInt(id, 10))
	}
	for _, id := range c.Allow.People {
		rules = append(rules, "person "+id)
	}
	return rules
}

// detailOf is what the directory said, in its own words.
func detailOf(err error) string {
	if upstream, ok := errors.AsType[*dingtalk.Error](err); ok {
		return upstream.Error()
	}
	return err.Error()
}
