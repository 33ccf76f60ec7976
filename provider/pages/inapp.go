package pages

import (
	"html/template"
	"net/url"
	"regexp"
)

// An InAppLogin is what the page inside DingTalk's client needs to ask that client who
// is there. The page loads ScriptURL, DingTalk's own script, asks it for a code and
// posts that as the field "code" of Page.Form. Whatever fails, it goes to FallbackURL.
type InAppLogin struct {
	ScriptURL   string // https, or http on loopback; without a query
	Integrity   string // hash of the script (Subresource Integrity); may be empty
	CorpID      string // the organisation, as configured
	ClientID    string // its app's client id
	FallbackURL string // the ordinary login: a path of ours, or http(s)
	HomeURL     string // where the app itself starts, to be opened in the system's browser; may be empty
	Desktop     bool   // the client is one for desktops, which can open the system's browser by an address of its own
	Tap         bool   // nothing is asked before the person has pressed a button
	Seconds     int    // that DingTalk has for its answer; 0 is 8
}

// What is known of DingTalk's script, read in the module dingtalk-jsapi 3.2.9, its kin,
// which also ran in this page under this policy, without a violation, with stand-ins for
// what the clients put into a page: on Android (nuva), iOS (WebViewJavascriptBridge),
// HarmonyOS (DingTalkJSBridge) and desktops (messages to the window) it calls an object
// or a window that is there already. It loads nothing, makes no frame and evaluates no
// text. It needs no dd.ready, and warns of one without dd.config. dd.requestAuthCode
// answers by onSuccess, onFail or onCancel and by a promise too; where it knows no
// client around it, by the promise alone. A client older than 7.0.45 does not know that
// question, but the older one under dd.runtime.permission.
//
// What is not known: whether the packaged dingtalk.open.js does more than the module (a
// beacon would be kept from leaving, and the login go on), how the object on iOS speaks
// with the client (by a hidden frame of a scheme of its own, formerly), and whether some
// desktop client still shows the page in a frame of its own: frame-ancestors forbids that.

// bridgeSchemes are those by which an iOS client may listen to a hidden frame. No browser
// can load them.
const bridgeSchemes = "dingtalk: wvjbscheme:"

const inAppSeconds = 8

var (
	// What may stand as a source in a policy: no character in it can end one.
	scriptURL = regexp.MustCompile(`\Ahttps?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)+\z`)
	integrity = regexp.MustCompile(`\A(sha(256|384|512)-[A-Za-z0-9+/]+={0,2}( |\z))*\z`)
)

// fit tells whether the login can be shown, and whether its values are such as cannot
// get out of the header that they stand in.
func (l *InAppLogin) fit() bool {
	return l != nil && scriptURL.MatchString(l.ScriptURL) && integrity.MatchString(l.Integrity) &&
		l.CorpID != "" && l.ClientID != "" && link(l.FallbackURL) != ""
}

// An inAppView is what the layout shows of a login inside DingTalk's client.
type inAppView struct {
	ScriptURL, Integrity, Corp, Client string
	Fallback, Home                     template.URL
	Tap                                bool
	Seconds                            int
	Enter                              sentence
	Script                             template.JS
}

func (t tongue) inApp(page Page, names map[string]string) *inAppView {
	if page.Kind != InApp {
		return nil
	}
	l := page.InApp
	v := &inAppView{ScriptURL: l.ScriptURL, Integrity: l.Integrity, Corp: l.CorpID, Client: l.ClientID,
		Fallback: template.URL(link(l.FallbackURL)), Home: template.URL(link(l.HomeURL)), Tap: l.Tap, Seconds: l.Seconds,
		Enter: t.sentence(t.words.Enter, names), Script: template.JS(scripts[InApp])} // ours, a constant
	if v.Seconds <= 0 {
		v.Seconds = inAppSeconds
	}
	if v.Home != "" && l.Desktop {
		v.Home = template.URL(openOutside + url.QueryEscape(string(v.Home)))
	}
	return v
}

// openOutside is the address by which DingTalk's client for desktops opens another one in
// the system's browser. Those for phones have no such address; there the page tells of
// the menu.
const openOutside = "dingtalk://dingtalkclient/page/link?pc_slide=false&url="
