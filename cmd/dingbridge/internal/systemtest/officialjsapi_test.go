package systemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	gopath "path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// bridges are what DingTalk's clients put into a page, as the script of DingTalk expects
// it there. CODE is the code that they give, and asked what they were asked for.
var bridges = map[string]string{
	"android": `window.nuva = {isReady: true, require: function () {
		return function (yes, no, space, name, params) { asked(space + "." + name, params); ANSWER ? yes({code: "CODE"}) : no({errorCode: "3", errorMessage: "no"}); }; }};`,
	"ios": `window.WebViewJavascriptBridge = {init: function () {}, registerHandler: function () {}, callHandler: function (name, params, reply) {
		asked(name, params); reply(ANSWER ? {errorCode: "0", result: {code: "CODE"}} : {errorCode: "3", errorMessage: "no"}); }};`,
	"windows": desktopBridge,
	"mac":     desktopBridge,
}

const desktopBridge = `window.dingtalk = {platform: {invokeAPI: function () {}}};
	window.dd_bridge_config = '{"hostOrigin": "https://im.dingtalk.com", "containerId": "1"}';
	var post = window.postMessage;
	window.postMessage = function (data, to) {
		if (!data || data.type !== "request") return post.apply(window, arguments);
		asked(data.methodName, data.body);
		setTimeout(function () { window.dispatchEvent(new MessageEvent("message", {origin: "https://im.dingtalk.com",
			data: {type: "response", msgId: data.msgId, success: ANSWER, body: ANSWER ? {code: "CODE"} : {errorCode: "3"}}})); });
	};`

// TestE15_OfficialScript has DingTalk's own module in the place of the simulator's
// script, in our page inside the client, with what each client puts into a page: it
// gives the code. Where it cannot, the person comes in by the full page.
func TestE15_OfficialScript(t *testing.T) {
	folder := clientFolder(t, "jsapi", "node", "npm")
	bring(t, folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	script := bundle(t, filepath.Join(folder, "node_modules"), "dingtalk-jsapi/index.js")
	ctx := browser.Start(t, 15*time.Minute)
	s := newStage(t)
	there := simulator.SecondCompany()
	asked := func(name string) string { return "asked: " + name + " " + there.CorpID + " " + there.App.ClientID }
	newer, older := asked("runtime.permission.requestAuthCodeV2"), asked("runtime.permission.requestAuthCode")
	for _, d := range devices {
		if !d.client {
			continue
		}
		for _, test := range []struct {
			name   string
			bridge string
			answer bool
			asked  []string
		}{
			{"gives the code", bridges[d.name], true, []string{newer}},
			{"refuses", bridges[d.name], false, []string{newer, older}},
			{"is not there", "", false, nil},
		} {
			t.Run(d.name+" "+test.name, func(t *testing.T) {
				t.Parallel()
				v := look(t, ctx, d, s.hosts)
				v.replace(s.hosts.script, script)
				if test.bridge == "" {
					v.hurry(10) // on a phone the page must lose its patience
				}
				v.put(test.bridge, test.answer, codeOfClient(t, &http.Client{Transport: wires, Timeout: patience}, s.second.url+scriptPath))
				v.open(s.two + "/login")
				if !test.answer {
					v.see("button.yes")
					v.click("button.yes")
				}
				v.see("body.second #nick")
				if passed := v.pages(); !slices.Contains(passed, "/login/inapp") || slices.Contains(passed, "/login/callback") == test.answer {
					t.Errorf("it went by %v", passed)
				}
				if got := v.asked(); !slices.Equal(got, test.asked) {
					t.Errorf("the client was %q, want %q", got, test.asked)
				}
				v.pardons = []string{"asked: "}
				v.content()
			})
		}
	}
}

// put puts a bridge into our page inside the client.
func (v *viewer) put(bridge string, answer bool, code string) {
	v.t.Helper()
	text := strings.NewReplacer("CODE", code, "ANSWER", strconv.FormatBool(answer)).Replace(bridge)
	command(v, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `(function () {
		function asked(name, params) { window.tellTheTest("asked: " + name + " " + params.corpId + " " + params.clientId); }
		if (location.pathname === "/login/inapp") { ` + text + ` }
	})();`})
}

// asked is what our page's script wanted of the bridge.
func (v *viewer) asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []string
	for _, said := range v.trouble {
		if strings.HasPrefix(said, "asked: ") {
			what, _, _ := strings.Cut(said, " at ")
			list = append(list, what)
		}
	}
	return list
}

// replace has another text come from an address.
func (v *viewer) replace(address, text string) {
	v.t.Helper()
	v.must(chromedp.Listen(v.ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		// An answer cannot be given while the event is heard. A page that has left by then
		// needs none.
		go chromedp.Call(v.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: paused.RequestID, ResponseCode: 200,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "application/javascript; charset=utf-8"}}, Body: []byte(text)})
	}))
	command(v, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: address}}})
}

var required = regexp.MustCompile(`\brequire\("([^"]+)"\)`)

// bundle is a script with a module and all that it requires, their text as it is, that
// makes the module the global dd, as DingTalk's own does.
func bundle(t *testing.T, modules, entry string) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("(function () { var files = {}, done = {};\nfunction load(name) { if (!done[name]) { done[name] = {exports: {}};\n" +
		"var file = files[name]; file[0].call(done[name].exports, done[name], done[name].exports, function (to) { return load(file[1][to]); }); }\n" +
		"return done[name].exports; }\n")
	seen := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		text, err := os.ReadFile(filepath.Join(modules, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		wants := map[string]string{}
		for _, found := range required.FindAllSubmatch(text, -1) {
			to := string(found[1])
			from := to
			if strings.HasPrefix(to, ".") {
				from = gopath.Join(gopath.Dir(name), to)
			}
			for _, ending := range []string{"", ".js", "/index.js"} {
				if info, err := os.Stat(filepath.Join(modules, filepath.FromSlash(from+ending))); err == nil && info.Mode().IsRegular() {
					wants[to] = from + ending
					break
				}
			}
			if wants[to] == "" {
				t.Fatalf("%s requires %s, which is not there", name, to)
			}
			add(wants[to])
		}
		resolved, err := json.Marshal(wants)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "files[%q] = [function (module, exports, require) {%s\n}, %s];\n", name, text, resolved)
	}
	add(entry)
	fmt.Fprintf(&out, "window.dd = load(%q); })();\n", entry)
	return out.String()
}
