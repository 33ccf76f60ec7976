package clients

import (
	"net/netip"
	"slices"
	"testing"
)

func TestC10_BackchannelLogoutURI(t *testing.T) {
	for uri, want := range map[string]struct{ plain, insecure, public bool }{
		"https://app.example.com/logout":             {true, true, true},
		"https://app.example.com:8443/logout?a=b":    {true, true, true},
		"https://10.1.2.3/logout":                    {true, true, true},
		"http://127.0.0.1:8082/logout":               {true, true, false},
		"http://localhost/logout":                    {true, true, false},
		"http://[::1]/logout":                        {true, true, false},
		"http://app.example.com/logout":              {false, true, false},
		"https://app.example.com/logout#x":           {},
		"https://app.example.com/a/../logout":        {},
		"https://user@app.example.com/logout":        {},
		"https://App.example.com/logout":             {},
		"https://2130706433/logout":                  {},
		"https://app.example.com:99999/logout":       {},
		"https://app.example.com/logout\r\nHost: x":  {},
		"com.example.app:/logout":                    {},
		"ftp://app.example.com/logout":               {},
		"file:///etc/passwd":                         {},
		"gopher://127.0.0.1:6379/_FLUSHALL":          {},
		"//app.example.com/logout":                   {},
		"/logout":                                    {},
		" ":                                          {},
		"https://app.example.com\\@10.0.0.1/logout":  {},
		"https://app.example.com/%00":                {},
		"https://*.example.com/logout":               {},
		"https://[::ffff:169.254.169.254]/logout":    {},
		"unix:///run/docker.sock":                    {},
		"https://app.example.com/logout https://b.c": {},
	} {
		plain, insecure, public := valid(), valid(), valid()
		insecure.InsecureHTTPRedirects = true
		public.Public, public.SecretHash = true, ""
		for name, tc := range map[string]struct {
			spec Spec
			want bool
		}{"confidential": {plain, want.plain}, "with insecure_http_redirects": {insecure, want.insecure}, "public": {public, want.public}} {
			for _, kind := range []string{Web, Native} { // a private-use scheme has nobody who listens
				tc.spec.ApplicationType, tc.spec.BackchannelLogoutURI = kind, uri
				set, faults := NewSet([]Spec{tc.spec})
				if !tc.want {
					if len(faults) != 1 || faults[0].Field != "backchannel_logout_uri" || faults[0].Remedy == "" {
						t.Errorf("%s, %s, %q: %v", name, kind, uri, faults)
					}
				} else if faults != nil {
					t.Errorf("%s, %s, %q: %v", name, kind, uri, faults)
				} else if c, _ := set.Lookup(tc.spec.ID); c.BackchannelLogoutURI != uri {
					t.Errorf("%s, %s, %q became %q", name, kind, uri, c.BackchannelLogoutURI)
				}
			}
		}
	}
}

func TestC10_BackchannelLogoutNetworks(t *testing.T) {
	s := valid()
	s.BackchannelLogoutURI = "https://app.example.com/logout"
	s.BackchannelLogoutNetworks = []string{"10.1.0.0/16", "192.168.7.9", "fd00:1::/32", "::1", "127.0.0.1/32"}
	set, faults := NewSet([]Spec{s})
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup(s.ID)
	if got, want := c.BackchannelLogoutNetworks, []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("192.168.7.9/32"), netip.MustParsePrefix("fd00:1::/32"),
		netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("127.0.0.1/32"),
	}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"", " ", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/016", "10.1.2.3/16", "10.1/16", "0.0.0.0/0", "::/0", "fe80::1%eth0", "fe80::%eth0/64",
		"::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "app.example.com", "10.0.0.1:443", "[::1]", "10.0.0.0-10.0.0.9", "*", "10.1.0.0/16,10.2.0.0/16", "10.1.0.0/16 ", "010.1.0.0/16"} {
		s.BackchannelLogoutNetworks = []string{"10.1.0.0/16", bad}
		if _, faults := NewSet([]Spec{s}); len(faults) != 1 || faults[0].Field != "backchannel_logout_networks[1]" || faults[0].Remedy == "" {
			t.Errorf("%q: %v", bad, faults)
		}
	}
	for _, twice := range [][]string{{"10.1.2.3", "10.1.2.3/32"}, {"::1", "0:0:0:0:0:0:0:1"}} {
		s.BackchannelLogoutNetworks = twice
		if _, faults := NewSet([]Spec{s}); len(faults) != 1 || faults[0].Field != "backchannel_logout_networks[1]" {
			t.Errorf("%q: %v", twice, faults)
		}
	}
}

// FuzzNetwork: what is accepted is a network that prints as itself, or an address
// that is its only member, and never all there is.
func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"10.1.0.0/16", "10.1.2.3", "::1", "fd00::/8", "0.0.0.0/0", "::ffff:1.2.3.4", "fe80::1%a", "10.1.2.3/8", "10.0.0.0/08"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network, err := parseNetwork(text)
		if err != nil {
			return
		}
		again, err := parseNetwork(network.String())
		if err != nil || again != network || !network.IsValid() || network.Bits() == 0 || network.Masked() != network ||
			network.Addr().Is4In6() || network.Addr().Zone() != "" {
			t.Errorf("%q became %v, then %v, %v", text, network, again, err)
		}
		if address, err := netip.ParseAddr(text); err == nil && (!network.IsSingleIP() || !network.Contains(address)) {
			t.Errorf("the address %q became %v", text, network)
		}
	})
}
