package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestLimitsHaveBounds: each key of limits refuses what would turn everybody away, or is no
// limit at all, and says what to write.
func TestLimitsHaveBounds(t *testing.T) {
	for _, key := range keys(reflect.TypeFor[Limits]()) {
		for _, value := range []int{-1, 0, 100_000_000} {
			_, err := Parse("c.yaml", []byte(good+fmt.Sprintf("limits: {%s: %d}\n", key, value)), nil)
			if got := lines(err); len(got) != 1 || !strings.HasPrefix(got[0], "c.yaml:6: limits."+key+": is ") || !strings.Contains(got[0], "; write a whole number from ") {
				t.Errorf("%s: %d: %q", key, value, got)
			}
		}
		if _, err := Parse("c.yaml", []byte(good+fmt.Sprintf("limits: {%s: 500}\n", key)), nil); err != nil {
			t.Errorf("%s: 500: %v", key, err)
		}
	}
}

// TestProxiesAreNotEverybody: a list that believes anybody is a fault.
func TestProxiesAreNotEverybody(t *testing.T) {
	for network, want := range map[string]string{
		"10.0.0.0/8": "", "192.0.2.7": "", "::1": "", "fd00::/8": "", "0.0.0.0/1": "",
		"0.0.0.0/0": "is everybody", "::/0": "is everybody", "::ffff:10.0.0.0/104": "is IPv4 in IPv6", "::ffff:10.0.0.1": "is IPv4 in IPv6",
		"10.1.0.0/8": "is not a network", "10.0.0.0/33": "is not a network", "fe80::1%eth0": "is not a network", "proxy": "is not a network", "*": "is not a network",
	} {
		_, err := Parse("c.yaml", []byte(good+fmt.Sprintf("trusted_proxies: [%q]\n", network)), nil)
		if got := lines(err); want == "" && err != nil || want != "" && (len(got) != 1 || !strings.Contains(got[0], "trusted_proxies[0]: "+want+"; write ")) {
			t.Errorf("%s: %q, want %q", network, got, want)
		}
	}
}
