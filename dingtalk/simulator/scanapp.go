package simulator

import (
	"net/url"
	"slices"
)

// ScanApp is a scan-login app (移动接入应用 of the kind 登录), as organisations made
// them for the login of 2020. It has credentials of its own and no permissions;
// the directory is read by the internal app beside it. A company may have none.
type ScanApp struct {
	AppID     string `yaml:"app_id"` // prefix dingoa
	AppSecret string `yaml:"app_secret"`
	// RedirectURLs as [App.RedirectURLs], by the prefix policy.
	RedirectURLs []string `yaml:"redirect_urls"`
}

func (a ScanApp) clone() ScanApp {
	a.RedirectURLs = slices.Clone(a.RedirectURLs)
	return a
}

func (a *ScanApp) check(clientID string) (faults []keyFault) {
	if a.AppID == "" && a.AppSecret == "" && len(a.RedirectURLs) == 0 {
		return nil
	}
	if !scanIDForm.MatchString(a.AppID) || a.AppID == clientID {
		faults = append(faults, faultAt("app_id", "app_id %q is not dingoa and lower-case letters and digits, or is the app's client_id", a.AppID))
	}
	if !secretForm.MatchString(a.AppSecret) {
		faults = append(faults, faultAt("app_secret", "app_secret is not 32 to 128 characters of A-Z a-z 0-9 _ -"))
	}
	return append(faults, checkRedirects(a.RedirectURLs)...)
}

// snsApp is an app in the role that the login of 2020 knows it by: the scan
// app, or the internal app with its AppKey.
type snsApp struct {
	id, secret string
	redirects  []string
	policy     string
	scan       bool
}

// snsApp finds the app with the appid (or accessKey) id.
func (c *call) snsApp(id string) (snsApp, bool) {
	switch scan := c.sim.scan.Load(); id {
	case "":
		return snsApp{}, false
	case scan.AppID:
		return snsApp{id, scan.AppSecret, scan.RedirectURLs, "prefix", true}, true
	case c.app.ClientID:
		return snsApp{id, c.app.ClientSecret, c.app.RedirectURLs, c.app.RedirectPolicy, false}, true
	}
	return snsApp{}, false
}

// openID is the person's openId towards the app: each app has another.
func (c *call) openID(p *Person, appID string) string {
	if appID == c.app.ClientID {
		return p.OpenID
	}
	return derivedID("openId", appID, p.UserID)
}

// registered reports whether u may be redirected to for an app with the
// entries: by its policy, or because every address of this machine counts.
func (c *call) registered(entries []string, policy string, u *url.URL) bool {
	if !redirectable(u) {
		return false
	}
	return c.sim.loopback.Load() && loopback(u.Hostname()) || listed(entries, policy, u)
}
