package simulator

import (
	_ "embed"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

//go:embed jsapi.js
var jsapiScript string

// jsapiGiven is where jsapi.js takes what was baked in.
const jsapiGiven = "null /* given */"

var jsapiVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// bakedCodes is how many codes one script can hand out.
const bakedCodes = 4

// baked is what one answer of the script knows. The page that loads it may
// forbid every connection, so the codes are in it.
type baked struct {
	Version   string   `json:"version"`
	Client    bool     `json:"client"` // whether the one who fetched it is DingTalk's client
	Any       bool     `json:"any"`    // whether any browser passes for it
	CorpID    string   `json:"corpId"`
	ClientID  string   `json:"clientId"`
	Origins   []string `json:"origins"`  // of pages that the app registered
	Loopback  bool     `json:"loopback"` // all pages of this machine are
	Codes     []string `json:"codes"`
	Failure   *failure `json:"failure,omitempty"`
	Misbehave string   `json:"misbehave,omitempty"` // a kind of fault
}

// failure is what onFail is given.
type failure struct {
	Code    string `json:"errorCode"`
	Message string `json:"errorMessage"`
}

// jsapi is the script that gives a page the global dd.
func (c *call) jsapi() answer {
	version := c.r.PathValue("version")
	if !jsapiVersion.MatchString(version) {
		return answer{status: http.StatusNotFound, mime: "text/plain; charset=utf-8", body: []byte("not found\n"), code: "404"}
	}
	b := baked{Version: version, Client: c.inClient(), Any: c.sim.reads(clientCheck, "any"), CorpID: c.sim.company.CorpID,
		ClientID: c.app.ClientID, Origins: origins(c.app.RedirectURLs), Loopback: c.sim.loopback.Load(), Codes: []string{}}
	f := c.sim.faults.takeVariation(c.route)
	if f == nil {
		f = &Fault{}
	}
	c.fault, b.Misbehave = f.Kind, f.Kind
	if f.Kind == "jsapi-fail" {
		b.Failure = &failure{f.Code, f.Message}
		if f.Code == "" {
			b.Failure = &failure{"-1", oldTexts[-1]}
		}
	}
	if b.Client {
		c.bake(&b)
	}
	body := strings.Replace(jsapiScript, jsapiGiven, string(encode(b)), 1)
	return answer{status: http.StatusOK, mime: "application/javascript; charset=utf-8", body: []byte(body), code: "ok"}
}

// bake puts codes of the client's holder in b, or why he gets none.
func (c *call) bake(b *baked) {
	p := c.clientHolder()
	switch {
	case p == nil:
		b.Failure = &failure{"-1", "nobody is logged in to the simulated client"}
		return
	case (p.Outsider || p.Left) && c.sim.strict.Load():
		b.Failure = &failure{"3", outsiderText}
		return
	}
	for range bakedCodes {
		if b.Misbehave == "jsapi-wrong-code" {
			b.Codes = append(b.Codes, opaque())
			continue
		}
		b.Codes = append(b.Codes, c.sim.vault.issue(code{kind: inAppCode, appID: c.app.ClientID, userID: p.UserID}, c.now))
	}
}

// origins are those of urls, each once, as a page's location names its own.
func origins(urls []string) []string {
	list := []string{}
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			continue
		}
		host := strings.ToLower(u.Host)
		if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
			host = strings.TrimSuffix(host, ":"+port)
		}
		if o := u.Scheme + "://" + host; !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}
