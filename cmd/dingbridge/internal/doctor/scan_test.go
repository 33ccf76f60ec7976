package doctor

import (
	"slices"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

func TestScanApps(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*clinic)
		want   []string
	}{
		"right":        {func(*clinic) {}, []string{}},
		"wrong secret": {func(c *clinic) { c.client.ScanAppSecret = "another_secret_of_nobody_0123456789" }, []string{"scan-secret-wrong"}},
		"unknown":      {func(c *clinic) { c.client.ScanAppID = "dingoanobody00000000" }, []string{"not-checked", "scan-unknown"}},
		// The scan app is looked at even if the internal app is wrong.
		"internal app wrong": {func(c *clinic) { c.client.ClientSecret = "another_secret_of_nobody_0123456789" }, []string{"app-secret-wrong", "not-checked"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClinic(t)
			scan := c.sim.ScanApp()
			if scan.AppID == "" {
				t.Fatal("the simulated company has no scan app")
			}
			c.client.ScanAppID, c.client.ScanAppSecret = scan.AppID, scan.AppSecret
			test.change(c)
			r := c.examine()
			if got := news(r); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if name == "internal app wrong" {
				value(t, r, "scan-ok", "app_id")
			}
		})
	}
}

// The variant of the pages of 2020 with a password is examined by itself too: its codes
// are signed like the others.
func TestThePasswordPageAlone(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*clinic)
		want   []string
	}{
		"right":         {func(*clinic) {}, []string{}},
		"clock":         {func(c *clinic) { c.advance(90 * time.Second) }, []string{"clock-wrong", "not-checked"}},
		"no permission": {func(c *clinic) { c.lose("snsapi_base") }, []string{"permission-missing"}},
		"not registered": {func(c *clinic) {
			c.app(func(a *simulator.App) { a.RedirectURLs = []string{"https://other.example.cn"} })
		}, []string{"login-page-refused"}},
		"unknown": {func(c *clinic) {
			c.client.ScanAppID, c.client.ScanAppSecret = "dingoanobody00000000", "another_secret_of_nobody_0123456789"
		},
			[]string{"not-checked", "scan-unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			c.org.Ways = []string{"password"}
			test.change(c)
			r := c.examine()
			if got := news(r); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if name == "right" {
				value(t, r, "scan-ok", "app_id")
				value(t, r, "login-page-ok", "host")
			}
		})
	}
}
