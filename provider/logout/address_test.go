package logout

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// The addresses of every kind that a receiver must not have, unless its client's
// networks say so; and public ones around them.
func TestN3_Addresses(t *testing.T) {
	for name, row := range map[string]struct{ refused, public string }{
		"this network":      {"0.0.0.0 0.0.0.1 0.255.255.255", "1.0.0.0 1.1.1.1"},
		"private 10":        {"10.0.0.0 10.1.2.3 10.255.255.255", "9.255.255.255 11.0.0.0"},
		"private 172":       {"172.16.0.0 172.20.0.1 172.31.255.255", "172.15.255.255 172.32.0.0"},
		"private 192":       {"192.168.0.0 192.168.1.1 192.168.255.255", "192.167.255.255 192.169.0.0"},
		"carriers":          {"100.64.0.0 100.100.100.200 100.127.255.255", "100.63.255.255 100.128.0.0"},
		"loopback":          {"127.0.0.1 127.0.0.2 127.255.255.255 ::1", "126.255.255.255 128.0.0.0"},
		"link-local":        {"169.254.0.0 169.254.169.254 169.254.255.255 fe80:: fe80::1 fe80::1%eth0 febf:ffff::1", "169.253.255.255 169.255.0.0"},
		"metadata":          {"169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254", "168.63.129.15 168.63.129.17"},
		"protocol":          {"192.0.0.0 192.0.0.8 192.0.0.170 192.0.0.255 2001:1::1", "192.0.1.0 191.255.255.255"},
		"documentation":     {"192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 2001:db8:ffff::1 3fff::1 3fff:fff:ffff::1", "192.0.3.0 198.51.101.0 203.0.112.255 203.0.114.0 2001:db7:ffff::1 2001:db9::1 3fff:1000::1"},
		"benchmarks":        {"198.18.0.0 198.19.255.255 2001:2::1 2001:2:0:ffff::1", "198.17.255.255 198.20.0.0"},
		"multicast":         {"224.0.0.1 239.255.255.255 ff02::1 ff0e::1 ffff::1", "223.255.255.255"},
		"reserved":          {"240.0.0.0 250.1.2.3 255.255.255.254", ""},
		"broadcast":         {"255.255.255.255", ""},
		"unspecified":       {"0.0.0.0 ::", ""},
		"unique local":      {"fc00::1 fd12:3456::1 fdff:ffff::1", ""},
		"site-local":        {"fec0::1 feff::1", ""},
		"not unicast":       {"::2 100::1 400::1 1fff:ffff::1 4000::1 5f00::1 8000::1 e000::1", "2000::1 3ffe::1 2400:3200::1 2606:4700:4700::1111"},
		"IPv4-mapped":       {"::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0 ::ffff:100.100.100.200 ::ffff:7f00:1", "::ffff:1.1.1.1 ::ffff:808:808"},
		"IPv4-compatible":   {"::127.0.0.1 ::10.0.0.1 ::8.8.8.8", ""},
		"IPv4-translated":   {"::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8", ""},
		"NAT64":             {"64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::6464:64c8 64:ff9b::0.0.0.0", "64:ff9b::1.1.1.1 64:ff9b::808:808"},
		"NAT64, local use":  {"64:ff9b:1::1.1.1.1 64:ff9b:1::10.0.0.1 64:ff9b:0:0:1::1.1.1.1", ""},
		"6to4":              {"2002:7f00:1:: 2002:a00:1::1 2002:a9fe:a9fe::1 2002:808:808::1", "2001:ffff::1 2003::1"},
		"6to4 relay":        {"192.88.99.1", "192.88.98.255 192.88.100.0"},
		"Teredo":            {"2001::1 2001:0:808:808::1 2001:0:53aa:64c:0:fbff:80ff:fffe", "2001:200::1 2001:4860:4860::8888"},
		"ORCHID":            {"2001:10::1 2001:20::1 2001:2f:ffff::1", ""},
		"broadcast, mapped": {"::ffff:255.255.255.255", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for text := range strings.FieldsSeq(row.refused) {
				addr := netip.MustParseAddr(text)
				if permitted(addr, nil) {
					t.Errorf("%s is permitted", text)
				}
				if other := prefixes("203.0.114.0/24", "2001:4860::/32"); permitted(addr, other) {
					t.Errorf("%s is permitted by networks that do not contain it", text)
				}
				plain := addr.Unmap().WithZone("")
				if own := netip.PrefixFrom(plain, plain.BitLen()); !permitted(addr, []netip.Prefix{own}) {
					t.Errorf("%s is refused, though the client's networks contain it", text)
				}
			}
			for text := range strings.FieldsSeq(row.public) {
				if !permitted(netip.MustParseAddr(text), nil) {
					t.Errorf("%s is refused", text)
				}
			}
		})
	}
	if permitted(netip.Addr{}, nil) || permitted(netip.Addr{}, prefixes("0.0.0.0/0", "::/0")) {
		t.Error("no address is permitted")
	}
	// What an operator writes of IPv4 counts for it in every dress, and opens no more.
	company := prefixes("10.20.0.0/16")
	for text, want := range map[string]bool{
		"10.20.1.1": true, "::ffff:10.20.1.1": true, "64:ff9b::10.20.1.1": true,
		"10.21.1.1": false, "::ffff:10.21.1.1": false, "2002:a14:101::1": false, "::10.20.1.1": false, "127.0.0.1": false,
	} {
		if got := permitted(netip.MustParseAddr(text), company); got != want {
			t.Errorf("%s with %v: %v", text, company, got)
		}
	}
}

// What the net package is about to dial is refused unless it is understood.
func TestN3_WhatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, row := range []struct {
		network, address string
		want             bool
	}{
		{"tcp4", "1.1.1.1:443", true},
		{"tcp6", "[2606:4700:4700::1111]:443", true},
		{"tcp4", "127.0.0.1:443", false},
		{"tcp6", "[::ffff:127.0.0.1]:443", false},
		{"tcp6", "[fe80::1%eth0]:443", false},
		{"udp4", "1.1.1.1:443", false},
		{"unix", "/run/docker.sock", false},
		{"tcp", "1.1.1.1:443", false},
		{"tcp4", "1.1.1.1", false},
		{"tcp4", "one.one.one.one:443", false},
		{"tcp4", "", false},
	} {
		err := mayDial(row.network, row.address, nil)
		if (err == nil) != row.want || err != nil && !errors.Is(err, errForbidden) {
			t.Errorf("%s %s: %v", row.network, row.address, err)
		}
	}
}

// Whatever the bytes are: one address has one verdict in every dress, nothing that the
// standard library calls local is permitted, and a client's networks only add.
func FuzzPermitted(f *testing.F) {
	for _, seed := range []string{"1.1.1.1", "127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::1.1.1.1", "2002:7f00:1::", "2001:0:1::", "fe80::1", "3fff::", "2400::1"} {
		b := netip.MustParseAddr(seed).As16()
		f.Add(b[:], byte(64))
	}
	f.Fuzz(func(t *testing.T, raw []byte, bits byte) {
		if len(raw) < 16 {
			return
		}
		addr := netip.AddrFrom16([16]byte(raw[:16]))
		got := permitted(addr, nil)
		plain := addr.Unmap()
		if permitted(plain, nil) != got || permitted(addr.WithZone("eth0"), nil) != got {
			t.Errorf("%s: another verdict in another dress", addr)
		}
		if got && (!plain.IsGlobalUnicast() || plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() ||
			plain.IsMulticast() || plain.IsUnspecified() || plain.IsInterfaceLocalMulticast()) {
			t.Errorf("%s is permitted", addr)
		}
		if b := addr.As16(); got && plain.Is6() && b[0]>>5 != 1 { // 2000::/3, else a NAT64's
			v4 := netip.AddrFrom4([4]byte(b[12:]))
			if [12]byte(b[:12]) != [12]byte{0, 0x64, 0xff, 0x9b} || !permitted(v4, nil) {
				t.Errorf("%s is permitted", addr)
			}
		}
		network, err := plain.Prefix(int(bits) % (plain.BitLen() + 1))
		if err != nil {
			t.Fatal(err)
		}
		if !permitted(addr, []netip.Prefix{network}) {
			t.Errorf("%s is refused, though %s contains it", addr, network)
		}
	})
}
