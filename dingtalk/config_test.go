package dingtalk

import (
	"net/url"
	"strings"
	"testing"
)

func TestNew_Faults(t *testing.T) {
	good := Config{CorpID: corp, ClientID: clientID, ClientSecret: secret}
	for name, test := range map[string]struct {
		change func(*Config)
		text   string // "" = accepted
	}{
		"as it is":          {func(c *Config) {}, ""},
		"no corp":           {func(c *Config) { c.CorpID = "" }, "corpId is missing"},
		"no client":         {func(c *Config) { c.ClientID = "" }, "client id is missing"},
		"no secret":         {func(c *Config) { c.ClientSecret = "" }, "client secret is missing"},
		"secret with break": {func(c *Config) { c.ClientSecret += "\n" }, "client secret holds"},
		"scan app":          {func(c *Config) { c.ScanAppID, c.ScanAppSecret = scanAppID, scanSecret }, ""},
		"no scan id":        {func(c *Config) { c.ScanAppSecret = scanSecret }, "scan app id is missing"},
		"no scan secret":    {func(c *Config) { c.ScanAppID = scanAppID }, "scan app secret is missing"},
		"odd scan id":       {func(c *Config) { c.ScanAppID, c.ScanAppSecret = "ding oa", scanSecret }, "scan app id holds"},
		"odd scan secret":   {func(c *Config) { c.ScanAppID, c.ScanAppSecret = scanAppID, scanSecret+"\n" }, "scan app secret holds"},
		"http loopback":     {func(c *Config) { c.Endpoints.API = "http://127.0.0.1:8081" }, ""},
		"http localhost":    {func(c *Config) { c.Endpoints.API = "http://localhost:8081/" }, ""},
		"http ipv6":         {func(c *Config) { c.Endpoints.OAPI = "http://[::1]:8081" }, ""},
		"http elsewhere":    {func(c *Config) { c.Endpoints.OAPI = "http://oapi.dingtalk.com" }, "oapi endpoint: plain http"},
		"http lookalike":    {func(c *Config) { c.Endpoints.OAPI = "http://localhost.example.com" }, "plain http"},
		"international":     {func(c *Config) { c.Endpoints.Login = "https://login.dingtalk.io" }, ""},
		"with a path":       {func(c *Config) { c.Endpoints.API = "https://gw.example.com/ding/" }, ""},
		"with a query":      {func(c *Config) { c.Endpoints.API = "https://gw.example.com/?a=b" }, "no user, query"},
		"with a user":       {func(c *Config) { c.Endpoints.API = "https://u:p@gw.example.com/" }, "no user, query"},
		"no scheme":         {func(c *Config) { c.Endpoints.Login = "login.dingtalk.com" }, "absolute https"},
		"another scheme":    {func(c *Config) { c.Endpoints.Login = "javascript:alert(1)" }, "absolute https"},
		"host not ASCII":    {func(c *Config) { c.Endpoints.Login = "https://登录.example.cn" }, "host in ASCII"},
		"no URL":            {func(c *Config) { c.Endpoints.Login = "https://a b%zz" }, "not a URL"},
		"odd proxy":         {func(c *Config) { c.Proxy = "socks" }, "proxy must be"},
		"environment proxy": {func(c *Config) { c.Proxy = "environment" }, ""},
		"odd agent":         {func(c *Config) { c.UserAgent = "a\r\nb" }, "line break"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			_, err := New(cfg)
			switch {
			case test.text == "" && err != nil:
				t.Error(err)
			case test.text != "" && (err == nil || !strings.Contains(err.Error(), test.text)):
				t.Errorf("%v, want %q", err, test.text)
			case err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), scanSecret)):
				t.Errorf("the secret is in %v", err)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, err := New(Config{Endpoints: Endpoints{Login: "x", API: "y"}})
		for _, text := range []string{"corpId", "client id", "client secret", "login endpoint", "api endpoint"} {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%v does not name the %s", err, text)
			}
		}
		if strings.Contains(err.Error(), "scan") {
			t.Errorf("what may be left out is called missing: %v", err)
		}
	})
	t.Run("a path is kept", func(t *testing.T) {
		good.Endpoints.Login = "https://gw.example.com/ding/"
		c, err := New(good)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(c.AuthorizeURL("r", "s"))
		if u.Path != "/ding/oauth2/auth" {
			t.Errorf("%v", u)
		}
	})
}

func TestLoginOrigin(t *testing.T) {
	for endpoint, origin := range map[string]string{
		"":                                "https://login.dingtalk.com",
		"https://login.dingtalk.io":       "https://login.dingtalk.io",
		"https://Login.DingTalk.com/":     "https://login.dingtalk.com",
		"https://login.dingtalk.com:443":  "https://login.dingtalk.com",
		"https://login.dingtalk.com:8443": "https://login.dingtalk.com:8443",
		"https://login.dingtalk.com:80/a": "https://login.dingtalk.com:80",
		"https://login.dingtalk.com:":     "https://login.dingtalk.com",
		"https://gw.example.com/ding/":    "https://gw.example.com",
		"http://127.0.0.1:8081":           "http://127.0.0.1:8081",
		"http://localhost:80":             "http://localhost",
		"http://[::1]:8081/x":             "http://[::1]:8081",
		"http://[::1]":                    "http://[::1]",
	} {
		c, err := New(Config{CorpID: corp, ClientID: clientID, ClientSecret: secret, Endpoints: Endpoints{Login: endpoint}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.LoginOrigin(); got != origin {
			t.Errorf("%s: origin %s, want %s", endpoint, got, origin)
		}
		if c.ClientID() != clientID || c.CorpID() != corp {
			t.Errorf("%s %s", c.ClientID(), c.CorpID())
		}
	}
}
