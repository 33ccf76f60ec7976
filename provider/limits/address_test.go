package limits

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func TestT5_ForwardedAddresses(t *testing.T) {
	proxies := networks("10.0.0.0/8", "2001:db8:f::/48", "127.0.0.1/32")
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		"nobody is listed":                   {"10.0.0.1:99", []string{"192.0.2.1"}, nil, "10.0.0.1"},
		"a stranger":                         {"198.51.100.9:99", []string{"192.0.2.1"}, proxies, "198.51.100.9"},
		"a proxy, no header":                 {"10.0.0.1:99", nil, proxies, "10.0.0.1"},
		"a proxy":                            {"10.0.0.1:99", []string{"192.0.2.1"}, proxies, "192.0.2.1"},
		"two proxies":                        {"10.0.0.1:99", []string{"192.0.2.1, 10.9.9.9"}, proxies, "192.0.2.1"},
		"two proxies, two headers":           {"10.0.0.1:99", []string{"192.0.2.1", "10.9.9.9"}, proxies, "192.0.2.1"},
		"the client wrote before":            {"10.0.0.1:99", []string{"8.8.8.8, 192.0.2.1"}, proxies, "192.0.2.1"},
		"the client wrote a header":          {"10.0.0.1:99", []string{"8.8.8.8", "192.0.2.1"}, proxies, "192.0.2.1"},
		"the client wrote a proxy's":         {"10.0.0.1:99", []string{"10.1.1.1, 8.8.8.8, 192.0.2.1"}, proxies, "192.0.2.1"},
		"an unlisted proxy between":          {"10.0.0.1:99", []string{"8.8.8.8, 198.51.100.1, 10.1.1.1"}, proxies, "198.51.100.1"},
		"all are proxies":                    {"10.0.0.1:99", []string{"10.3.3.3, 10.2.2.2"}, proxies, "10.3.3.3"},
		"IPv6":                               {"[2001:db8:f::1]:99", []string{"2001:db8:1::7"}, proxies, "2001:db8:1::7"},
		"IPv4 in IPv6, the peer":             {"[::ffff:10.0.0.1]:99", []string{"192.0.2.1"}, proxies, "192.0.2.1"},
		"IPv4 in IPv6, forwarded":            {"10.0.0.1:99", []string{"::ffff:192.0.2.1"}, proxies, "192.0.2.1"},
		"IPv4 in IPv6, a proxy between":      {"10.0.0.1:99", []string{"192.0.2.1, ::ffff:10.1.1.1"}, proxies, "192.0.2.1"},
		"with a port":                        {"10.0.0.1:99", []string{"192.0.2.1:4711"}, proxies, "192.0.2.1"},
		"IPv6 with a port":                   {"10.0.0.1:99", []string{"[2001:db8:1::7]:4711"}, proxies, "2001:db8:1::7"},
		"spaces and tabs":                    {"10.0.0.1:99", []string{" \t192.0.2.1\t , 10.1.1.1 "}, proxies, "192.0.2.1"},
		"garbage":                            {"10.0.0.1:99", []string{"<script>"}, proxies, "10.0.0.1"},
		"garbage before":                     {"10.0.0.1:99", []string{"<script>, 192.0.2.1"}, proxies, "192.0.2.1"},
		"garbage after":                      {"10.0.0.1:99", []string{"192.0.2.1, unknown"}, proxies, "10.0.0.1"},
		"garbage behind a second proxy":      {"10.0.0.1:99", []string{"192.0.2.1, _hidden, 10.7.7.7"}, proxies, "10.7.7.7"},
		"empty":                              {"10.0.0.1:99", []string{""}, proxies, "10.0.0.1"},
		"an empty item at the end":           {"10.0.0.1:99", []string{"192.0.2.1,"}, proxies, "10.0.0.1"},
		"a zone":                             {"10.0.0.1:99", []string{"fe80::1%eth0"}, proxies, "10.0.0.1"},
		"a peer with a zone":                 {"[fe80::1%eth0]:99", []string{"192.0.2.1"}, proxies, "fe80::1"},
		"octal":                              {"10.0.0.1:99", []string{"0192.0.2.1"}, proxies, "10.0.0.1"},
		"a number":                           {"10.0.0.1:99", []string{"3221225985"}, proxies, "10.0.0.1"},
		"as RFC 7239 writes it":              {"10.0.0.1:99", []string{"for=192.0.2.1"}, proxies, "10.0.0.1"},
		"quoted":                             {"10.0.0.1:99", []string{`"192.0.2.1"`}, proxies, "10.0.0.1"},
		"a peer that is none":                {"@", []string{"192.0.2.1"}, proxies, ""},
		"a peer of a socket":                 {"", nil, proxies, ""},
		"loopback":                           {"127.0.0.1:1", []string{"192.0.2.1"}, proxies, "192.0.2.1"},
		"loopback that is not the listed":    {"127.0.0.2:1", []string{"192.0.2.1"}, proxies, "127.0.0.2"},
		"a long chain that a client wrote":   {"10.0.0.1:99", []string{strings.Repeat("8.8.8.8, ", 1500) + "192.0.2.1"}, proxies, "192.0.2.1"},
		"one's own address, as a stranger":   {"198.51.100.9:99", []string{"127.0.0.1"}, proxies, "198.51.100.9"},
		"one's own address, through a proxy": {"10.0.0.1:99", []string{"127.0.0.1, 198.51.100.9"}, proxies, "198.51.100.9"},
	} {
		got := ""
		if addr := Address(c.peer, c.forwarded, c.trusted); addr.IsValid() {
			got = addr.String()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzAddress holds the walk to what it is for: what stands to the left of an address that
// is no listed proxy's changes nothing, and neither does how the list is spread over headers.
func FuzzAddress(f *testing.F) {
	f.Add("10.0.0.1:99", "8.8.8.8, 192.0.2.1", "1.1.1.1")
	f.Add("[2001:db8:f::1]:1", "unknown,::ffff:10.0.0.3", "10.1.1.1,")
	f.Add("192.0.2.9:4", "10.0.0.1:5, [::1]:7", "%")
	f.Fuzz(func(t *testing.T, peer, list, written string) {
		trusted := networks("10.0.0.0/8", "2001:db8:f::/48")
		got := Address(peer, []string{list}, trusted)
		if !got.IsValid() {
			if Address(peer, nil, trusted).IsValid() {
				t.Fatal("a header made the peer unknown")
			}
			return
		}
		if got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%v is not in its shortest form", got)
		}
		if spread := Address(peer, strings.Split(list, ","), trusted); spread != got {
			t.Fatalf("%v in one header, %v in several", got, spread)
		}
		if !Trusted(got, trusted) && Address(peer, slices.Concat([]string{written}, []string{list}), trusted) != got {
			t.Fatalf("what a client wrote before changed %v", got)
		}
		if direct := Address(peer, nil, trusted); !Trusted(direct, trusted) && direct != got {
			t.Fatalf("%v was believed of %v, who is not listed", got, direct)
		}
	})
}
