package clients

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func no() *bool { b := false; return &b }

func valid() Spec {
	return Spec{ID: "grafana", SecretHash: HashSecret("s1"), RedirectURIs: []string{"https://grafana.example.com/login/generic_oauth"}}
}

func TestC1_DefaultsAreFilledIn(t *testing.T) {
	set, faults := NewSet([]Spec{valid(), {ID: "spa", Public: true, RedirectURIs: []string{"https://spa.example.com/"}}, {ID: "api", SecretHash: HashSecret("x"), ResourceServer: true}})
	if faults != nil {
		t.Fatal(faults)
	}
	c, ok := set.Lookup("grafana")
	if !ok || c.Name != "grafana" || c.ApplicationType != Web || !c.PKCERequired || c.IDTokenAlg != "RS256" ||
		!slices.Equal(c.TokenEndpointAuthMethods, []string{AuthBasic, AuthPost}) ||
		!slices.Equal(c.Scopes, []string{"openid", "profile", "email", "groups", "offline_access"}) {
		t.Errorf("%+v", c)
	}
	spa, _ := set.Lookup("spa")
	if !slices.Equal(spa.TokenEndpointAuthMethods, []string{AuthNone}) || !spa.AllowsAuthMethod(AuthNone) || spa.AllowsAuthMethod(AuthPost) || c.AllowsAuthMethod(AuthNone) {
		t.Errorf("%+v", spa)
	}
	if _, ok := set.Lookup("Grafana"); ok {
		t.Error("ids are compared without case")
	}
	if _, ok := new(Set).Lookup(""); ok {
		t.Error("the zero set has a client")
	}
	var ids []string
	for c := range set.All() {
		ids = append(ids, c.ID)
	}
	if !slices.Equal(ids, []string{"grafana", "spa", "api"}) {
		t.Errorf("order %v", ids)
	}
}

func TestC1_EachFaultIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Spec)
		field  string
	}{
		"no id":                     {func(s *Spec) { s.ID = "" }, "id"},
		"id with space":             {func(s *Spec) { s.ID = "a b" }, "id"},
		"id with colon":             {func(s *Spec) { s.ID = "a:b" }, "id"},
		"id not ASCII":              {func(s *Spec) { s.ID = "应用" }, "id"},
		"id too long":               {func(s *Spec) { s.ID = strings.Repeat("a", 65) }, "id"},
		"name with control":         {func(s *Spec) { s.Name = "a\x1bb" }, "name"},
		"name with bidi":            {func(s *Spec) { s.Name = "a\u202eb" }, "name"},
		"name not UTF-8":            {func(s *Spec) { s.Name = "a\xff" }, "name"},
		"name too long":             {func(s *Spec) { s.Name = strings.Repeat("名", 65) }, "name"},
		"no redirect URI":           {func(s *Spec) { s.RedirectURIs = nil }, "redirect_uris"},
		"bad redirect URI":          {func(s *Spec) { s.RedirectURIs = append(s.RedirectURIs, "http://a.example/") }, "redirect_uris[1]"},
		"redirect URI twice":        {func(s *Spec) { s.RedirectURIs = append(s.RedirectURIs, s.RedirectURIs[0]) }, "redirect_uris[1]"},
		"bad logout URI":            {func(s *Spec) { s.PostLogoutRedirectURIs = []string{"https://a.example/#"} }, "post_logout_redirect_uris[0]"},
		"networks without a URI":    {func(s *Spec) { s.BackchannelLogoutNetworks = []string{"10.0.0.0/8"} }, "backchannel_logout_networks"},
		"access token kind":         {func(s *Spec) { s.AccessToken = "JWT" }, "access_token"},
		"application type":          {func(s *Spec) { s.ApplicationType = "desktop" }, "application_type"},
		"origin with path":          {func(s *Spec) { s.AllowedOrigins = []string{"https://a.example/"} }, "allowed_origins[0]"},
		"origin with standard port": {func(s *Spec) { s.AllowedOrigins = []string{"https://a.example:443"} }, "allowed_origins[0]"},
		"origin wildcard":           {func(s *Spec) { s.AllowedOrigins = []string{"*"} }, "allowed_origins[0]"},
		"origin null":               {func(s *Spec) { s.AllowedOrigins = []string{"null"} }, "allowed_origins[0]"},
		"origin http":               {func(s *Spec) { s.AllowedOrigins = []string{"http://a.example"} }, "allowed_origins[0]"},
		"auth method none":          {func(s *Spec) { s.TokenEndpointAuthMethods = []string{AuthBasic, AuthNone} }, "token_endpoint_auth_methods[1]"},
		"auth method unknown":       {func(s *Spec) { s.TokenEndpointAuthMethods = []string{"private_key_jwt"} }, "token_endpoint_auth_methods[0]"},
		"alg none":                  {func(s *Spec) { s.IDTokenSignedResponseAlg = "none" }, "id_token_signed_response_alg"},
		"alg HS256":                 {func(s *Spec) { s.IDTokenSignedResponseAlg = "HS256" }, "id_token_signed_response_alg"},
		"refresh token":             {func(s *Spec) { s.RefreshToken = "sometimes" }, "refresh_token"},
		"scopes without openid":     {func(s *Spec) { s.Scopes = []string{"profile"} }, "scopes"},
		"scope unknown":             {func(s *Spec) { s.Scopes = []string{"openid", "roles"} }, "scopes[1]"},
		"phone not permitted":       {func(s *Spec) { s.Scopes = []string{"openid", "phone"} }, "scopes[1]"},
		"offline and never":         {func(s *Spec) { s.Scopes, s.RefreshToken = []string{"openid", "offline_access"}, "never" }, "scopes[1]"},
		"everyone and a list":       {func(s *Spec) { s.Allow = Allow{Everyone: true, People: []string{"a"}} }, "allow"},
		"group by name":             {func(s *Spec) { s.Allow.Groups = []string{"dept:1", "system:masters"} }, "allow.groups[1]"},
		"group zero":                {func(s *Spec) { s.Allow.Groups = []string{"dept:01"} }, "allow.groups[0]"},
		"person empty":              {func(s *Spec) { s.Allow.People = []string{""} }, "allow.people[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			tc.change(&s)
			set, faults := NewSet([]Spec{{ID: "first", Public: true, RedirectURIs: []string{"https://a.example/"}}, s})
			if set != nil || len(faults) != 1 {
				t.Fatalf("set %v, faults %v", set, faults)
			}
			f := faults[0]
			if f.Index != 1 || f.Field != tc.field || f.Text == "" || f.Remedy == "" || strings.ContainsAny(f.Error(), "\x1b\u202e\n") || !utf8.ValidString(f.Error()) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestC1_AllFaultsAtOnce(t *testing.T) {
	_, faults := NewSet([]Spec{{}, {ID: "a b", ApplicationType: "x", Scopes: []string{"x"}}})
	var got []string
	for _, f := range faults {
		got = append(got, fmt.Sprint(f.Index, f.Field))
	}
	want := []string{"0id", "0secret_hash", "0redirect_uris", "1id", "1secret_hash", "1application_type", "1redirect_uris", "1scopes", "1scopes[0]"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestC4_Secrets(t *testing.T) {
	secret, hash := GenerateSecret()
	again, _ := GenerateSecret()
	if len(secret) != 43 || secret == again || strings.Trim(secret, idAlphabet) != "" || HashSecret(secret) != hash || strings.Contains(hash, secret) {
		t.Fatalf("secret of %d characters, hash %q", len(secret), hash)
	}
	s := valid()
	s.SecretHashes = []string{hash} // beside s1 in secret_hash
	set, faults := NewSet([]Spec{s})
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup("grafana")
	for _, right := range []string{"s1", secret} {
		if !c.Authenticate(right) {
			t.Error("a live secret was refused")
		}
	}
	for _, wrong := range []string{"", "s2", secret[1:], secret + " ", strings.ToUpper(secret), hash, "s1\x00"} {
		if c.Authenticate(wrong) {
			t.Errorf("%q accepted", wrong)
		}
	}
	if (&Client{Public: true}).Authenticate("") || (&Client{}).Authenticate("x") {
		t.Error("a client without secret authenticated")
	}
}

func TestC4_HashesAreChecked(t *testing.T) {
	hash := func(s string) string { return HashSecret(s) }
	for name, tc := range map[string]struct {
		spec  Spec
		field string
	}{
		"confidential without":    {Spec{}, "secret_hash"},
		"public with":             {Spec{Public: true, SecretHash: hash("a")}, "secret_hash"},
		"three":                   {Spec{SecretHash: hash("a"), SecretHashes: []string{hash("b"), hash("c")}}, "secret_hashes"},
		"twice the same":          {Spec{SecretHash: hash("a"), SecretHashes: []string{hash("a")}}, "secret_hashes[0]"},
		"the secret itself":       {Spec{SecretHash: "TopSecretPasted"}, "secret_hash"},
		"without prefix":          {Spec{SecretHash: hash("a")[7:]}, "secret_hash"},
		"hex":                     {Spec{SecretHashes: []string{hash("a"), "sha256:" + strings.Repeat("ab", 32)}}, "secret_hashes[1]"},
		"padded":                  {Spec{SecretHash: hash("a") + "="}, "secret_hash"},
		"short":                   {Spec{SecretHash: "sha256:AAAA"}, "secret_hash"},
		"with newline":            {Spec{SecretHash: hash("a") + "\n"}, "secret_hash"},
		"of the empty secret":     {Spec{SecretHash: hash("")}, "secret_hash"},
		"second spelling of bits": {Spec{SecretHash: "sha256:" + strings.Repeat("A", 42) + "B"}, "secret_hash"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.spec.ID, tc.spec.RedirectURIs = "app", []string{"https://a.example/"}
			_, faults := NewSet([]Spec{tc.spec})
			if len(faults) != 1 || faults[0].Field != tc.field || strings.Contains(faults[0].Error(), "TopSecret") {
				t.Errorf("%v", faults)
			}
		})
	}
}

func TestC5_Admits(t *testing.T) {
	facts := Facts{CorpID: "dinga", UserID: "zhangsan", Departments: []int64{1, 10}, Direct: []int64{10}, Roles: []int64{7}}
	for name, tc := range map[string]struct {
		allow Allow
		want  bool
	}{
		"nothing said":         {Allow{}, false},
		"empty lists":          {Allow{Groups: []string{}, People: []string{}}, false},
		"everyone":             {Allow{Everyone: true}, true},
		"a department":         {Allow{Groups: []string{"dept:2", "dept:10"}}, true},
		"a role":               {Allow{Groups: []string{"role:7"}}, true},
		"the number of a role": {Allow{Groups: []string{"dept:7"}}, false},
		"a prefix":             {Allow{Groups: []string{"dept:100"}}, false},
		"another department":   {Allow{Groups: []string{"dept:2"}}, false},
		"the person":           {Allow{People: []string{"lisi", "zhangsan"}}, true},
		"the person's twin":    {Allow{People: []string{"ZhangSan", "zhangsan2"}}, false},
		"either":               {Allow{Groups: []string{"dept:2"}, People: []string{"zhangsan"}}, true},
	} {
		s := valid()
		s.Allow = tc.allow
		set, faults := NewSet([]Spec{s})
		if faults != nil {
			t.Fatal(name, faults)
		}
		c, _ := set.Lookup(s.ID)
		if got := c.Admits(facts).Admitted; got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
		if c.Admits(Facts{}).Admitted != tc.allow.Everyone {
			t.Errorf("%s: a person without groups and userId", name)
		}
		if tc.allow.Nobody() && c.Admits(facts).Admitted {
			t.Errorf("%s: nobody, but admitted", name)
		}
	}
}

// proves: public clients need PKCE | RFC 9700 section 2.1.1
func TestC6_PublicClientsNeedPKCE(t *testing.T) {
	s := valid()
	s.RequirePKCE = no()
	set, faults := NewSet([]Spec{s})
	if faults != nil {
		t.Fatal(faults)
	}
	if c, _ := set.Lookup(s.ID); c.PKCERequired {
		t.Error("require_pkce: false has no effect")
	}
	_, faults = NewSet([]Spec{{ID: "spa", Public: true, RequirePKCE: no(), RedirectURIs: []string{"https://a.example/"}}})
	if len(faults) != 1 || faults[0].Field != "require_pkce" {
		t.Errorf("%v", faults)
	}
}

func TestC7_ScopesAreNarrowed(t *testing.T) {
	phone := valid()
	phone.ID, phone.PhoneNumber = "phone", true
	small := valid()
	small.ID, small.Scopes = "small", []string{"openid", "email"}
	never := valid()
	never.ID, never.RefreshToken = "never", RefreshNever
	always := valid()
	always.ID, always.RefreshToken = "always", RefreshAlways
	set, faults := NewSet([]Spec{valid(), phone, small, never, always})
	if faults != nil {
		t.Fatal(faults)
	}
	asked := []string{"email", "openid", "phone", "admin", "openid", "offline_access", "OpenID", ""}
	for id, tc := range map[string]struct {
		want    []string
		refresh bool
	}{
		"grafana": {[]string{"email", "openid", "offline_access"}, true},
		"phone":   {[]string{"email", "openid", "phone", "offline_access"}, true},
		"small":   {[]string{"email", "openid"}, false},
		"never":   {[]string{"email", "openid"}, false},
		"always":  {[]string{"email", "openid", "offline_access"}, true},
	} {
		c, _ := set.Lookup(id)
		got := c.NarrowScopes(asked)
		if !slices.Equal(got, tc.want) || c.IssuesRefresh(got) != tc.refresh {
			t.Errorf("%s: %v, refresh %v", id, got, c.IssuesRefresh(got))
		}
	}
	if c, _ := set.Lookup("always"); !c.IssuesRefresh([]string{"openid"}) {
		t.Error("always is not always")
	}
}

func TestC8_IdsAreNobodyElses(t *testing.T) {
	sub := "abcdefghijklmnopqrstuvwx27"
	for _, id := range []string{sub, strings.ToUpper(sub), strings.Repeat("a", 26)} {
		s := valid()
		s.ID = id
		if _, faults := NewSet([]Spec{s}); len(faults) != 1 || faults[0].Field != "id" {
			t.Errorf("%q: %v", id, faults)
		}
	}
	for _, id := range []string{sub[1:], sub + "a", sub[1:] + "1", sub[1:] + "-"} {
		s := valid()
		s.ID = id
		if _, faults := NewSet([]Spec{s}); faults != nil {
			t.Errorf("%q: %v", id, faults)
		}
	}
	twin := valid()
	twin.ID = "GRAFANA"
	for _, second := range []Spec{valid(), twin} {
		if _, faults := NewSet([]Spec{valid(), second}); len(faults) != 1 || faults[0].Index != 1 || faults[0].Field != "id" {
			t.Errorf("%q twice: %v", second.ID, faults)
		}
	}
}

func TestC9_ReplaceIsWhole(t *testing.T) {
	build := func(name string) *Set {
		a, b := valid(), valid()
		a.ID, a.Name, b.ID, b.Name = "a", name, "b", name
		set, faults := NewSet([]Spec{a, b})
		if faults != nil {
			t.Fatal(faults)
		}
		return set
	}
	live := build("old")
	held, _ := live.Lookup("a")
	before := *held
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 500 {
				names := map[string]bool{}
				for c := range live.All() {
					names[c.Name] = true
				}
				if len(names) != 1 {
					t.Error("a mixture of two sets")
				}
			}
		})
	}
	for i := range 100 {
		live.Replace(build(fmt.Sprint(i)))
	}
	readers.Wait()
	if c, _ := live.Lookup("a"); c.Name != "99" {
		t.Errorf("still %q", c.Name)
	}
	if !reflect.DeepEqual(*held, before) {
		t.Error("a client in hand has changed")
	}
}

func TestC9_TheSpecsAreCopied(t *testing.T) {
	s := valid()
	s.Allow.People, s.Audiences, s.Organisations = []string{"a"}, []string{"api"}, []string{"dinga"}
	specs := []Spec{s, server("api")}
	set, _ := NewSet(specs)
	specs[0].RedirectURIs[0], specs[0].Allow.People[0], specs[0].Audiences[0], specs[0].Organisations[0] = "https://evil.example/", "mallory", "evil", "dingevil"
	if c, _ := set.Lookup("grafana"); c.AllowsRedirect("https://evil.example/") || c.Admits(Facts{CorpID: "dinga", UserID: "mallory"}).Admitted || c.Audiences[0] != "api" || c.Serves("dingevil") {
		t.Error("the set follows the caller's memory")
	}
}

func TestOriginsAreExact(t *testing.T) {
	s := valid()
	s.AllowedOrigins = []string{"https://spa.example.com", "http://localhost:3000"}
	demo := valid()
	demo.ID, demo.ExtraOrigin = "demo", func(o string) bool { return o == "http://127.0.0.1:7" }
	set, faults := NewSet([]Spec{s, demo})
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup(s.ID)
	for origin, want := range map[string]bool{
		"https://spa.example.com": true, "http://localhost:3000": true, "http://127.0.0.1:7": false,
		"": false, "null": false, "*": false, "https://SPA.example.com": false, "https://spa.example.com/": false,
		"http://spa.example.com": false, "https://spa.example.com:443": false, "https://spa.example.com.evil.example": false,
	} {
		if c.AllowsOrigin(origin) != want {
			t.Errorf("%q: %v", origin, !want)
		}
		if set.AllowsOrigin(origin) != (want || origin == "http://127.0.0.1:7") {
			t.Errorf("set, %q", origin)
		}
	}
}
