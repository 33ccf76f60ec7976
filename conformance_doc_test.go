package dingbridge_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/conformance.md is made from the tests: from lines of this form in the comment
// before a test or fuzz target,
//
//	// proves: what it proves | RFC 6749 section 4.1.2, Core section 3.1
//
// and from the tables of modules and of accepted warnings in provider/conformance.
// `go test . -run TestConformanceTable -update` writes it.

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const conformanceDoc = "docs/conformance.md"

// standards are all that a line may name, in the order of the table.
var standards = []struct{ name, title, address string }{
	{"RFC 6749", "The OAuth 2.0 Authorization Framework", "https://www.rfc-editor.org/rfc/rfc6749"},
	{"RFC 6750", "OAuth 2.0 Bearer Token Usage", "https://www.rfc-editor.org/rfc/rfc6750"},
	{"RFC 7009", "OAuth 2.0 Token Revocation", "https://www.rfc-editor.org/rfc/rfc7009"},
	{"RFC 7515", "JSON Web Signature", "https://www.rfc-editor.org/rfc/rfc7515"},
	{"RFC 7517", "JSON Web Key", "https://www.rfc-editor.org/rfc/rfc7517"},
	{"RFC 7519", "JSON Web Token", "https://www.rfc-editor.org/rfc/rfc7519"},
	{"RFC 7636", "Proof Key for Code Exchange (PKCE)", "https://www.rfc-editor.org/rfc/rfc7636"},
	{"RFC 7662", "OAuth 2.0 Token Introspection", "https://www.rfc-editor.org/rfc/rfc7662"},
	{"RFC 8252", "OAuth 2.0 for Native Apps", "https://www.rfc-editor.org/rfc/rfc8252"},
	{"RFC 8414", "OAuth 2.0 Authorization Server Metadata", "https://www.rfc-editor.org/rfc/rfc8414"},
	{"RFC 8628", "OAuth 2.0 Device Authorization Grant", "https://www.rfc-editor.org/rfc/rfc8628"},
	{"RFC 8725", "JSON Web Token Best Current Practices", "https://www.rfc-editor.org/rfc/rfc8725"},
	{"RFC 9068", "JWT Profile for OAuth 2.0 Access Tokens", "https://www.rfc-editor.org/rfc/rfc9068"},
	{"RFC 9126", "OAuth 2.0 Pushed Authorization Requests", "https://www.rfc-editor.org/rfc/rfc9126"},
	{"RFC 9207", "OAuth 2.0 Authorization Server Issuer Identification", "https://www.rfc-editor.org/rfc/rfc9207"},
	{"RFC 9700", "OAuth 2.0 Security Best Current Practice", "https://www.rfc-editor.org/rfc/rfc9700"},
	{"Core", "OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html"},
	{"Discovery", "OpenID Connect Discovery 1.0", "https://openid.net/specs/openid-connect-discovery-1_0.html"},
	{"Form Post", "OAuth 2.0 Form Post Response Mode", "https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html"},
	{"RP-Initiated Logout", "OpenID Connect RP-Initiated Logout 1.0", "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"},
	{"Back-Channel Logout", "OpenID Connect Back-Channel Logout 1.0", "https://openid.net/specs/openid-connect-backchannel-1_0.html"},
}

// A proof is one row: a feature, where a standard has it, and the test.
type proof struct{ feature, spec, test, room string }

var (
	provesLine = regexp.MustCompile(`^// ?proves: *(.+)$`)
	section    = regexp.MustCompile(`^[0-9A-Z]+(\.[0-9]+)*$`)
	sections   = regexp.MustCompile(`\b(sections?|§§) `)
)

func TestConformanceTable(t *testing.T) {
	proofs := written(t)
	made := conformancePage(t, proofs, modulesOfPlans(t))
	if *update {
		if err := os.WriteFile(conformanceDoc, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(conformanceDoc)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != made {
		have, want := strings.Split(string(text), "\n"), strings.Split(made, "\n")
		at := 0
		for at < min(len(have), len(want))-1 && have[at] == want[at] {
			at++
		}
		t.Errorf("%s is not what the tests say; run go test . -run TestConformanceTable -update\nline %d is  %s\nshould be  %s", conformanceDoc, at+1, have[at], want[at])
	}
}

// written collects the lines in the comments of all tests.
func written(t *testing.T) []proof {
	t.Helper()
	var proofs []proof
	for file, source := range goFiles(t) {
		if !strings.HasSuffix(file, "_test.go") || file == "conformance_doc_test.go" || !strings.Contains(source, "proves:") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		lines := map[*ast.Comment]bool{}
		for _, group := range parsed.Comments {
			for _, line := range group.List {
				if provesLine.MatchString(line.Text) {
					lines[line] = true
				}
			}
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Doc == nil || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			for _, line := range f.Doc.List {
				if match := provesLine.FindStringSubmatch(line.Text); match != nil {
					delete(lines, line)
					feature, spec, _ := strings.Cut(match[1], "|")
					proofs = append(proofs, proof{strings.TrimSpace(feature), strings.TrimSpace(spec), f.Name.Name, path.Dir(file)})
				}
			}
		}
		for line := range lines {
			t.Errorf("%s: %q stands before no test", file, line.Text)
		}
	}
	if len(proofs) == 0 {
		t.Error("no test says what it proves")
	}
	return proofs
}

// modulesOfPlans reads the tables of provider/conformance, by the name of the variable.
func modulesOfPlans(t *testing.T) map[string][]map[string]string {
	t.Helper()
	tables := map[string][]map[string]string{}
	for _, file := range []string{"provider/conformance/plans_test.go", "provider/conformance/verdict_test.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				list, ok := v.Values[0].(*ast.CompositeLit)
				if !ok {
					continue
				}
				tables[v.Names[0].Name] = literals(t, list)
			}
		}
	}
	for _, name := range []string{"basicModules", "configModules", "logoutModules", "backChannelModules", "acceptedWarnings"} {
		if len(tables[name]) == 0 {
			t.Fatalf("provider/conformance has no table %s", name)
		}
	}
	return tables
}

// literals returns the texts of each element of a list, by field or by place.
func literals(t *testing.T, list *ast.CompositeLit) []map[string]string {
	t.Helper()
	var rows []map[string]string
	for _, element := range list.Elts {
		row := map[string]string{}
		lit, ok := element.(*ast.CompositeLit)
		if !ok {
			return nil
		}
		for i, value := range lit.Elts {
			key := strconv.Itoa(i)
			if pair, ok := value.(*ast.KeyValueExpr); ok {
				key, value = pair.Key.(*ast.Ident).Name, pair.Value
			}
			if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
				unquoted, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				row[key] = unquoted
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// placed writes a spec in one way, "Core §3.1.2.1, §2, RFC 6749 §4.1", however it was
// written ("OpenID Connect Core 1.0 sections 3.1.2.1 and 2, RFC ..."), and tells where it
// stands among the others: by its first standard and section.
func placed(t *testing.T, spec string) (written string, order []int) {
	t.Helper()
	text := spec
	for _, s := range standards {
		text = strings.ReplaceAll(text, s.title, s.name)
	}
	text = sections.ReplaceAllString(text, "§")
	var parts []string
	for _, part := range regexp.MustCompile(`, | and `).Split(text, -1) {
		name, at, _ := strings.Cut(part, "§")
		name = strings.TrimSpace(name)
		if len(parts) > 0 && at == "" && section.MatchString(name) {
			name, at = "", name // "sections 2 and 4"
		}
		known := slices.IndexFunc(standards, func(s struct{ name, title, address string }) bool { return s.name == name })
		switch {
		case name == "" && len(parts) > 0 && section.MatchString(at):
			parts = append(parts, "§"+at) // a further section of the same
			continue
		case known < 0 || at != "" && !section.MatchString(at):
			t.Errorf("%q names no standard of the list, with a section", spec)
			return spec, nil
		case at == "":
			parts = append(parts, name)
		default:
			parts = append(parts, name+" §"+at)
		}
		if order == nil {
			order = []int{known}
			for number := range strings.SplitSeq(at, ".") {
				n, err := strconv.Atoi(number)
				if err != nil && at != "" {
					n = 1000 // an appendix
				}
				order = append(order, n)
			}
		}
	}
	return strings.Join(parts, ", "), order
}

func conformancePage(t *testing.T, proofs []proof, tables map[string][]map[string]string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Conformance

What of which standard is proven by which test. This page is made from the tests; do not edit it. A test says what it proves by lines in the
comment before it,

` + "```go\n// proves: a code opens once | RFC 6749 section 4.1.2\n```" + `

and ` + "`go test . -run TestConformanceTable -update`" + ` writes this page. A feature without a test cannot stand here.

- [Features](#features)
- [The suite of the OpenID Foundation](#the-suite-of-the-openid-foundation)
- [Warnings that are accepted](#warnings-that-are-accepted)
- [The standards](#the-standards)

## Features

| feature | standard | test |
|---|---|---|
`)
	type row struct {
		order []int
		text  proof
		tests []string
	}
	rows := map[[2]string]*row{}
	for _, p := range proofs {
		if p.feature == "" || strings.Contains(p.spec, "|") {
			t.Errorf("%s in %s: a line has a feature and one bar", p.test, p.room)
			continue
		}
		spec, order := placed(t, p.spec)
		p.spec = spec
		key := [2]string{p.spec, p.feature}
		if rows[key] == nil {
			rows[key] = &row{order: order, text: p}
		}
		rows[key].tests = append(rows[key].tests, fmt.Sprintf("`%s` in [%s](../%s)", p.test, p.room, p.room))
	}
	for _, r := range slices.SortedFunc(maps.Values(rows), func(a, b *row) int {
		return cmp.Or(slices.Compare(a.order, b.order), cmp.Compare(a.text.spec, b.text.spec), cmp.Compare(a.text.feature, b.text.feature))
	}) {
		slices.Sort(r.tests)
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.text.feature, r.text.spec, strings.Join(r.tests, "<br>"))
	}
	b.WriteString(`
## The suite of the OpenID Foundation

Each module is a test of its own name, with the suite's checks and severities, run over https against the built program: see
[provider/conformance](../provider/conformance). ` + "`go test ./provider/conformance -run 'TestBasic/oidcc-prompt-login$'`" + ` runs one.

To run the suite itself, register its clients with ` + "`require_pkce: false`" + `, since its modules send no PKCE, and ` + "`minimal_id_token: true`" + `, since it
warns about claims of scopes in the ID token; RS256 is the default. The post-logout and back-channel addresses are those that it shows.
`)
	for _, plan := range []struct{ table, name, tests string }{
		{"basicModules", "oidcc-basic-certification-test-plan and, with response_mode=form_post, oidcc-formpost-basic-certification-test-plan", "`TestBasic`, `TestFormPostBasic`"},
		{"configModules", "oidcc-config-certification-test-plan", "`TestConfig`"},
		{"logoutModules", "oidcc-rp-initiated-logout-certification-test-plan", "`TestRPInitiatedLogout`"},
		{"backChannelModules", "oidcc-backchannel-rp-initiated-logout-certification-test-plan", "`TestBackChannelLogout`"},
	} {
		fmt.Fprintf(&b, "\n### %s\n\nIn %s:\n\n| module | feature | standard |\n|---|---|---|\n", plan.name, plan.tests)
		for _, m := range tables[plan.table] {
			spec, _ := placed(t, m["2"])
			fmt.Fprintf(&b, "| %s | %s | %s |\n", m["0"], m["1"], spec)
		}
	}
	b.WriteString("\n## Warnings that are accepted\n\nAnything else that the suite would warn about fails its test, and so does one of these that no longer comes.\n\n| module | check | about | reason |\n|---|---|---|---|\n")
	for _, a := range tables["acceptedWarnings"] {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a["module"], a["check"], a["about"], a["reason"])
	}
	b.WriteString("\n## The standards\n\n| here | title |\n|---|---|\n")
	for _, s := range standards {
		fmt.Fprintf(&b, "| %s | [%s](%s) |\n", s.name, s.title, s.address)
	}
	return b.String()
}
