package provider_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/login"
)

// A kind is one kind of thing that the provider gives out, or that looks like one.
type kind struct {
	name string
	from []string // the purposes and token types of the source that make it
	make func(m *matrix) artefact
}

// An artefact is one piece of a kind, made for a client and for a person.
type artefact struct {
	value   string
	client  string     // the client's id; app if empty
	with    url.Values // what belongs to it where it is shown
	browser *browser   // the browser it was given to
	probe   string     // an access token that dies with it
}

// A door is a place that takes something of the kind, and who may stand before it.
type door struct {
	name    string
	path    string
	callers string
	open    func(m *matrix, a artefact, caller string) bool
}

// opens is the diagonal: which kind opens which door, for which callers. Whatever is
// not said here stays shut. A kind without a row and a door in no row fail the test.
var opens = map[string]map[string]string{
	"code":                        {"code": "own"},
	"access token":                {"userinfo": "nobody", "introspection": "own server", "revocation": "own"},
	"JWT access token":            {"userinfo": "nobody", "introspection": "own server", "revocation": "own"},
	"refresh token":               {"refresh token": "own", "introspection": "own", "revocation": "own"},
	"login state":                 {"login state": "own", "choosing": "own"},
	"state that has not chosen":   {"choosing": "own"},
	"state of the frame":          {"login state": "own", "choosing": "own", "frame": "own"},
	"state of the signed login":   {"login state": "own", "choosing": "own"},
	"state inside the client":     {"choosing": "own", "inside the client": "own", "form inside the client": "own"},
	"DingTalk's code":             {"code by the full page": "own", "code by the frame": "own"},
	"DingTalk's signed code":      {"code by the signed login": "own"},
	"DingTalk's code inside":      {"code inside the client": "own"},
	"session cookie":              {"session cookie": "own other"},
	"client secret":               {"client secret": "own", "client secret at par": "own", "client secret for codes": "own"},
	"request_uri":                 {"pushed request": "own"},
	"posted reference":            {"posted request": "own other"}, // it is no more than a link
	"posted logout":               {"posted logout": "own"},
	"ID token RS256":              {"hint": "own", "hint at logout": "own"},
	"ID token ES256":              {"hint": "own", "hint at logout": "own"},
	"sign-out form":               {"sign-out form": "own"},
	"account form":                {"account form": "own"},
	"consent form":                {"consent form": "own"},
	"device code":                 {"device code": "own"},
	"user code":                   {"user code": "own other"}, // for whoever reads it off the device
	"user code's form":            {"user code's form": "own"},
	"device's form":               {"device's form": "own"},
	"logout token":                {},
	"foreign at+jwt":              {},
	"binding cookie":              {},
	"hash of the client's secret": {},
	"unsigned JWT":                {},
	"nothing":                     {},
}

// routesWithoutDoor take nothing that was given out.
var routesWithoutDoor = []string{
	"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/userinfo/", "/healthz", "/readyz", "/",
}

// matrix is the house of the test, with a browser that is logged in.
type matrix struct {
	*house
	t       *testing.T
	browser *browser
	ring    *keys.Ring
	ways    login.Upstream // of the organisation that offers every way
}

// TestThreat_TokenMatrix_OnlyTheDiagonalOpens shows every kind of thing at every door,
// as its own client, as another, as a resource server, and as nobody. What has to
// stay shut is tried first and all with the same piece, which must work afterwards:
// nothing that was refused has burnt it (ZITADEL CVE-2026-55669, Casdoor CVE-2026-9094,
// Pocket ID CVE-2026-28513, Jenkins CVE-2024-47806).
//
// proves: codes and tokens open nothing for another client | RFC 6749 sections 4.1.3 and 6
//
// proves: a token is of one kind and one client | RFC 7009 section 2.1, RFC 7662 section 4, RFC 9700 section 2.3
func TestThreat_TokenMatrix_OnlyTheDiagonalOpens(t *testing.T) {
	for _, k := range kinds {
		row, has := opens[k.name]
		if !has {
			t.Errorf("kind %q has no row", k.name)
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t)
			tried := k.make(m)
			for _, d := range doors {
				for _, caller := range strings.Fields(d.callers) {
					if !slices.Contains(strings.Fields(row[d.name]), caller) && d.open(m, tried, caller) {
						t.Errorf("opens %s for %s", d.name, caller)
					}
				}
			}
			again := tried // the piece that was refused everywhere
			for _, d := range doors {
				for _, caller := range strings.Fields(row[d.name]) {
					if !d.open(m, again, caller) {
						t.Errorf("does not open %s for %s", d.name, caller)
					}
					again = k.make(m)
				}
			}
		})
	}
}

// TestTheTokenMatrixIsWhole: kinds and doors are all there are, by the source and by
// what is served.
func TestTheTokenMatrixIsWhole(t *testing.T) {
	named := func(list []string, name string) {
		t.Helper()
		if !slices.Contains(list, name) {
			t.Errorf("%q is in no row of the matrix", name)
		}
	}
	var from, doorNames, paths, kindNames []string
	for _, k := range kinds {
		from, kindNames = append(from, k.from...), append(kindNames, k.name)
	}
	for _, d := range doors {
		doorNames, paths = append(doorNames, d.name), append(paths, d.path)
	}
	made := 0
	for pattern, expression := range map[string]string{"../provider": `\.Tokens\("([a-z -]+)"\)`, "../keys": `(?m)^\tType[A-Za-z]+ += "([^"]+)"`} {
		filepath.WalkDir(pattern, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(expression).FindAllSubmatch(source, -1) {
				made++
				named(from, string(match[1]))
			}
			return nil
		})
	}
	if made < 6 {
		t.Errorf("only %d kinds found in the source; the expressions are out of date", made)
	}
	for _, route := range routesOf {
		if !slices.Contains(routesWithoutDoor, route.path) && route.path != "/token" { // by its grant types
			named(paths, route.path)
		}
	}
	grants, _ := build(t).raw("GET", "/.well-known/openid-configuration", "", "", "").json["grant_types_supported"].([]any)
	if len(grants) < 2 {
		t.Errorf("grant types %v", grants)
	}
	for _, grant := range grants {
		named(paths, "/token "+grant.(string))
	}
	opened := map[string]bool{}
	for row, cells := range opens {
		named(kindNames, row)
		for name, callers := range cells {
			named(doorNames, name)
			opened[name] = true
			for _, d := range doors {
				for _, caller := range strings.Fields(callers) {
					if d.name == name && !slices.Contains(strings.Fields(d.callers), caller) {
						t.Errorf("%s at %s: no caller %s stands there", row, name, caller)
					}
				}
			}
		}
	}
	for _, name := range doorNames {
		if !opened[name] {
			t.Errorf("nothing opens the door %q, so it may be shut to all", name)
		}
	}
}
