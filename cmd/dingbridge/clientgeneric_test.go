package main

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestGenericAsksForWhatIsMissing: at a terminal, and for nothing that a flag said.
func TestGenericAsksForWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, answers string
		given         string // flags
		want          newClient
		questions     int
	}{
		{name: "a web app", answers: "维基\nwiki\nn\nhttps://w.example.com/cb\n\nn\nhttps://sso.example.com\neveryone\n", questions: 8,
			want: newClient{issuer: "https://sso.example.com", spec: clients.Spec{ID: "wiki", Name: "维基",
				RedirectURIs: []string{"https://w.example.com/cb"}, Allow: clients.Allow{Everyone: true}}}},
		{name: "a program", answers: "CLI\ny\nyes\nhttp://127.0.0.1/cb\n\n\n\n", questions: 7,
			want: newClient{spec: clients.Spec{Name: "CLI", Public: true, ApplicationType: clients.Native, RedirectURIs: []string{"http://127.0.0.1/cb"}}}},
		{name: "no PKCE, groups", given: "name id public issuer", answers: "https://a/cb\nhttps://b/cb\n\ny\nplatform dept:5\n", questions: 5,
			want: newClient{spec: clients.Spec{RedirectURIs: []string{"https://a/cb", "https://b/cb"}, RequirePKCE: new(bool),
				Allow: clients.Allow{Groups: []string{"platform", "dept:5"}}}}},
		{name: "an end at once", answers: "", questions: 1, want: newClient{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n newClient
			var shown bytes.Buffer
			given := strings.Fields(c.given)
			err := n.ask(strings.NewReader(c.answers), &shown, func(flag string) bool { return slices.Contains(given, flag) })
			if err != nil || !reflect.DeepEqual(n, c.want) {
				t.Errorf("%v\n%+v, not\n%+v\n%s", err, n, c.want, shown.String())
			}
			if got := strings.Count(shown.String(), "?"); got != c.questions {
				t.Errorf("%d questions, not %d:\n%s", got, c.questions, shown.String())
			}
		})
	}
	var n newClient
	if err := n.ask(strings.NewReader("A\n\n\n\n\ngroup:5\n"), new(bytes.Buffer), func(string) bool { return false }); err == nil {
		t.Error("a word that --allow does not know passes")
	}
}
