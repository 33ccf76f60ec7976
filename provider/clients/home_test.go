package clients

import (
	"net/url"
	"strings"
	"testing"
)

func TestC14_WhereTheAppStarts(t *testing.T) {
	const web = "https://app.example.com/oidc/callback"
	for name, tc := range map[string]struct {
		spec Spec
		want string
	}{
		"of the redirect URI":         {Spec{RedirectURIs: []string{web}}, "https://app.example.com/"},
		"of the first":                {Spec{RedirectURIs: []string{"https://b.example/x", web}}, "https://b.example/"},
		"with its port":               {Spec{RedirectURIs: []string{"https://a.example:8443/x/y?z=1"}}, "https://a.example:8443/"},
		"no path":                     {Spec{RedirectURIs: []string{"https://a.example"}}, "https://a.example/"},
		"no path but a query":         {Spec{RedirectURIs: []string{"https://a.example?x=/"}}, "https://a.example/"},
		"IPv6":                        {Spec{RedirectURIs: []string{"https://[2001:db8::1]:8443/x"}}, "https://[2001:db8::1]:8443/"},
		"a web app on this machine":   {Spec{RedirectURIs: []string{"http://127.0.0.1:3000/cb"}}, "http://127.0.0.1:3000/"},
		"plain http, said so":         {Spec{RedirectURIs: []string{"http://a.example/x"}, InsecureHTTPRedirects: true}, "http://a.example/"},
		"native, loopback":            {Spec{ApplicationType: Native, RedirectURIs: []string{"http://127.0.0.1/cb"}}, ""},
		"native, a scheme of its own": {Spec{ApplicationType: Native, RedirectURIs: []string{"com.example.app:/cb"}}, ""},
		"native, and a page":          {Spec{ApplicationType: Native, RedirectURIs: []string{"com.example.app:/cb", "http://localhost/cb", web}}, "https://app.example.com/"},
		"no redirect URI":             {Spec{ResourceServer: true}, ""},
		"said":                        {Spec{RedirectURIs: []string{web}, HomeURL: "https://home.example/start?lang=zh"}, "https://home.example/start?lang=zh"},
		"said, on this machine":       {Spec{RedirectURIs: []string{web}, HomeURL: "http://localhost:3000/"}, "http://localhost:3000/"},
		"said, plain http":            {Spec{RedirectURIs: []string{web}, HomeURL: "http://a.example/", InsecureHTTPRedirects: true}, "http://a.example/"},
		"said, native":                {Spec{ApplicationType: Native, RedirectURIs: []string{"http://127.0.0.1/cb"}, HomeURL: "https://a.example/docs"}, "https://a.example/docs"},
	} {
		for _, tap := range []bool{false, true} {
			tc.spec.ID, tc.spec.SecretHash, tc.spec.InAppTap = "app", HashSecret("s"), tap
			set, faults := NewSet([]Spec{tc.spec})
			if faults != nil {
				t.Errorf("%s: %v", name, faults)
				continue
			}
			if c, _ := set.Lookup("app"); c.HomeURL != tc.want || c.InAppTap != tap {
				t.Errorf("%s: %q, tap %v", name, c.HomeURL, c.InAppTap)
			}
		}
	}
}

// A page of ours sends people to the home URL.
func TestThreat_HomeURLsLeadWhereTheySay(t *testing.T) {
	for _, home := range []string{"home", "/", "//evil.example/", "javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "http://a.example/", "https:///a", "https://",
		"https://a.example@evil.example/", `https://a.example\@evil.example/`, "https://A.example/", "https://a.example/\nx", "https://a.example/ x", "https://a.example/../x",
		"https://a.example/#/x", "https://*.example/", "https://0x7f.1/", "com.example.app:/x", "dingtalk://dingtalkclient/page/link?url=x", "https://a.example/?code=1",
		"https://a.example/" + strings.Repeat("a", 2048)} {
		for _, kind := range []string{Web, Native} {
			s := valid()
			s.ApplicationType, s.HomeURL = kind, home
			if set, faults := NewSet([]Spec{s}); set != nil || len(faults) != 1 || faults[0].Field != "home_url" || faults[0].Remedy == "" {
				t.Errorf("%s, %q: %v", kind, home, faults)
			}
		}
	}
}

func FuzzHomeURL(f *testing.F) {
	for _, seed := range []string{registered, "https://a.example", "https://a.example?x=1", "http://localhost:3000/cb", "http://[::1]/", "com.example.app:/cb", "https://a.example:8443//x"} {
		f.Add(seed, "", false, false)
		f.Add(seed, seed, true, true)
	}
	f.Fuzz(func(t *testing.T, redirect, home string, native, insecure bool) {
		s := valid()
		s.RedirectURIs, s.HomeURL, s.InsecureHTTPRedirects = []string{redirect}, home, insecure
		if native {
			s.ApplicationType = Native
		}
		set, faults := NewSet([]Spec{s})
		if faults != nil {
			return
		}
		c, _ := set.Lookup(s.ID)
		if c.HomeURL == "" {
			if !native || home != "" {
				t.Errorf("a web app at %q starts nowhere", redirect)
			}
			return
		}
		if err := checkURI(c.HomeURL, false, insecure); err != nil {
			t.Errorf("%q of %q: %v", c.HomeURL, redirect, err)
		}
		if home != "" {
			return
		}
		got, err := url.Parse(c.HomeURL)
		from, err2 := url.Parse(redirect)
		if err != nil || err2 != nil || got.Scheme != from.Scheme || got.Host != from.Host || got.Path != "/" || got.RawQuery != "" {
			t.Errorf("%q is not the root of %q", c.HomeURL, redirect)
		}
	})
}
