package conformance_test

import (
	"strings"
	"testing"
)

// An acceptance is a warning of the suite that this provider lives with.
type acceptance struct {
	module, check string
	about         string // what the check is about, one word for each time it warns; empty if it warns once
	reason        string
}

// acceptedWarnings are all of them. Any other warning fails its module, and so does
// one of these that no longer comes. docs/conformance.md shows this table.
var acceptedWarnings = []acceptance{
	{
		module: "oidcc-scope-profile",
		check:  "VerifyScopesReturnedInUserInfoClaims",
		about:  "given_name family_name middle_name profile website gender birthdate zoneinfo locale updated_at",
		reason: "DingTalk does not know them, or tells them to nobody, and what is not known is left out rather than invented",
	},
}

// checks are the names of an acceptance's checks, as should is called with them.
func (a acceptance) checks() []string {
	if a.about == "" {
		return []string{a.check}
	}
	var all []string
	for word := range strings.FieldsSeq(a.about) {
		all = append(all, a.check+" "+word)
	}
	return all
}

// A judge gives the suite's verdicts on one module. A check bears the name that the
// suite has for it, where it has one.
type judge struct {
	*testing.T
	module   string
	accepted map[string]bool // by check, whether it came
}

func newJudge(t *testing.T, module string) *judge {
	j := &judge{T: t, module: module, accepted: map[string]bool{}}
	for _, a := range acceptedWarnings {
		if a.module == module {
			for _, check := range a.checks() {
				j.accepted[check] = false
			}
		}
	}
	t.Cleanup(func() {
		for check, came := range j.accepted {
			if !came && !t.Failed() {
				t.Errorf("%s is accepted as a warning and did not come: take it out of the table", check)
			}
		}
	})
	return j
}

// must is a check whose failure the suite calls FAILURE; the module goes on.
func (j *judge) must(ok bool, check, format string, args ...any) {
	j.Helper()
	if !ok {
		j.Errorf(check+": "+format, args...)
	}
}

// need is a check without which the module cannot go on.
func (j *judge) need(ok bool, check, format string, args ...any) {
	j.Helper()
	if !ok {
		j.Fatalf(check+": "+format, args...)
	}
}

// should is a check whose failure the suite calls WARNING.
func (j *judge) should(ok bool, check, format string, args ...any) {
	j.Helper()
	_, accepted := j.accepted[check]
	switch {
	case ok:
	case accepted:
		j.accepted[check] = true
		j.Logf("accepted warning: "+check+": "+format, args...)
	default:
		j.Errorf("warning: "+check+": "+format, args...)
	}
}

// skips notes that the suite would leave the module here, as it may: the test has
// proven the reason.
func (j *judge) skips(reason string) {
	j.Helper()
	j.Logf("the suite skips %s: %s", j.module, reason)
}
