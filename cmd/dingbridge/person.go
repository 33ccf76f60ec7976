package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/provider"
)

// writePeople prints people, an empty line between them.
func writePeople(w io.Writer, list []provider.PersonView) error {
	for i, v := range list {
		if i > 0 {
			if err := line(w, ""); err != nil {
				return err
			}
		}
		if err := rows(w, personRows(v)...); err != nil {
			return err
		}
	}
	return nil
}

func personRows(v provider.PersonView) [][2]string {
	name := v.Name
	if v.Nick != "" && v.Nick != v.Name {
		name = strings.TrimSpace(name + " (" + v.Nick + ")")
	}
	organisation := v.CorpID
	if v.Organisation != "" {
		organisation += " " + v.Organisation
	}
	all := [][2]string{
		{"sub", v.Subject}, {"username", v.Username}, {"userid", v.UserID}, {"organisation", organisation}, {"name", name},
		{"state", stateText(v)}, {"checked", checkedText(v)}, {"epoch", strconv.FormatInt(v.Epoch, 10)},
		{"departments", departmentsText(v)}, {"roles", rolesText(v)}, {"title", v.Title}, {"job number", v.JobNumber},
	}
	if v.Leader {
		all = append(all, [2]string{"leads", "a department"})
	}
	all = append(all, [2]string{"e-mail", emailText(v.Email)}, [2]string{"phone", v.Phone}, [2]string{"unionId", v.UnionID})
	if v.For != nil {
		all = append(all, [2]string{v.For.Client, decisionText(*v.For, v.Gone || v.Blocked)}, [2]string{"groups there", groupsText(*v.For)},
			[2]string{"e-mail there", toldEmailText(*v.For)})
	}
	if v.Has != nil {
		all = append(all, hasRows(*v.Has)...)
	}
	return all
}

// hasRows are a line for each session and each lasting grant.
func hasRows(h provider.HoldingsView) (all [][2]string) {
	name := "sessions"
	add := func(text string) { all, name = append(all, [2]string{name, text}), "" }
	for _, s := range h.Sessions {
		text := fmt.Sprintf("%s since %s, used %s, for %s", s.ID, moment(s.Began), moment(s.Used), appsText(s))
		if where := strings.Trim(s.Browser+"; "+s.Address, "; "); where != "" {
			text += " (" + where + ")"
		}
		add(text)
	}
	switch {
	case h.MoreSessions:
		add("and others, which sessions list --user shows")
	case len(h.Sessions) == 0:
		add("none")
	}
	name = "grants"
	for _, g := range h.Grants {
		how := ""
		if g.Device {
			how = " on a device"
		}
		add(fmt.Sprintf("%s: %s%s since %s, used %s, until %s", g.ID, g.Client, how, moment(g.Issued), moment(g.Used), moment(g.Ends)))
	}
	switch {
	case h.MoreGrants:
		add("and others")
	case len(h.Grants) == 0:
		add("none that outlive sessions")
	}
	return all
}

func toldEmailText(c provider.ClientView) string {
	if c.MadeUp {
		return c.Email + " (made up: it leads nowhere)"
	}
	return cmp.Or(c.Email, "none")
}

func stateText(v provider.PersonView) string {
	text := v.State
	switch {
	case v.Blocked && v.Gone:
		text = "blocked by an administrator; gone too, says DingTalk, since " + moment(v.Checked)
	case v.Blocked:
		text = "blocked by an administrator"
	case v.Gone:
		text = "gone since " + moment(v.Checked)
	}
	if v.LeadsTo != "" {
		text += "; since an account migration they log in as " + v.LeadsTo
	}
	return text
}

func checkedText(v provider.PersonView) string {
	text := moment(v.Checked)
	if v.App != "" {
		text += " (app " + v.App + ")"
	}
	return text
}

// departmentsText writes the way from each department to the root: 5 < 2 < 1.
func departmentsText(v provider.PersonView) string {
	var all []string
	for _, d := range v.Departments {
		text := strconv.FormatInt(d.ID, 10)
		for _, id := range d.Parents {
			text += " < " + strconv.FormatInt(id, 10)
		}
		all = append(all, text)
	}
	if v.PathsUnknown {
		all = append(all, "and departments above, which DingTalk does not tell")
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func rolesText(v provider.PersonView) string {
	var all []string
	for _, r := range v.Roles {
		all = append(all, strings.TrimSpace(strconv.FormatInt(r.ID, 10)+" "+r.Name))
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func emailText(e provider.EmailView) (text string) {
	switch e.Why {
	case provider.EmailClaimed:
		text = e.Address
		if e.Verified {
			text += " (verified)"
		}
	case provider.EmailNone:
		text = "none: DingTalk tells no address on an allowed domain"
	case provider.EmailWithheld:
		text = fmt.Sprintf("none: %s is kept for %s, who had it first (users release-email)", e.Address, e.Owner)
	case provider.EmailLater:
		text = fmt.Sprintf("none yet: %s, when DingTalk is next asked", e.Address)
	}
	if e.Kept != "" {
		text += fmt.Sprintf("; %s is kept for them", e.Kept)
	}
	return text
}

// whyNot says in words why a client does not let somebody in.
var whyNot = map[string]string{
	provider.WhyNoRule:       "no rule of its allow names them",
	provider.WhyOrganisation: "it does not serve their organisation",
	provider.WhyBlocked:      "an administrator has blocked them",
	provider.WhyGone:         "DingTalk says that they are no active member",
	provider.WhyParents:      "a department above theirs could let them in, and DingTalk does not tell which those are",
	provider.WhyDirectory:    "DingTalk does not say whether they are there",
}

func decisionText(c provider.ClientView, out bool) string {
	switch {
	case c.Admitted && out:
		return "its allow names them (" + c.Rule + "), but they are out"
	case c.Admitted:
		return "lets them in (" + c.Rule + ")"
	}
	return "does not let them in: " + whyNot[c.Why]
}

func groupsText(c provider.ClientView) string {
	text := cmp.Or(strings.Join(c.Groups, ", "), "none")
	if c.Dropped > 0 {
		text += fmt.Sprintf(" (and %d for which groups_max leaves no room)", c.Dropped)
	}
	return text
}
