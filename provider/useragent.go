package provider

import "strings"

// What a User-Agent says is a hint and nothing more: anybody can send any. It picks the
// page to show, and it decides nothing else.

// linkPreview tells whether DingTalk's service asks, which looks at every link that is
// written in a chat, to show a picture of it.
func linkPreview(userAgent string) bool {
	return strings.Contains(strings.ToLower(userAgent), "dingtalk-linkservice")
}

// inDingTalk tells whether the page opens inside the DingTalk client. "DingTalk/7" on
// phones and "DingTalk(7" or "dingtalk-win" on desktops have but the bare word in
// common.
func inDingTalk(userAgent string) bool {
	return strings.Contains(strings.ToLower(userAgent), "dingtalk") && !linkPreview(userAgent)
}

// onDesktop tells whether a browser is not one of a phone or tablet.
func onDesktop(userAgent string) bool {
	agent := strings.ToLower(userAgent)
	for _, word := range []string{"mobile", "android", "iphone", "ipad", "harmony"} {
		if strings.Contains(agent, word) {
			return false
		}
	}
	return true
}

// agents are the words by which a browser is known, the first that fits. Most name one
// another, so those that are built on others come before them.
var agents = []struct{ mark, name string }{
	{"dingtalk", "DingTalk"}, {"micromessenger", "WeChat"}, {"edg/", "Edge"}, {"edga/", "Edge"}, {"edgios/", "Edge"}, {"opr/", "Opera"},
	{"samsungbrowser/", "Samsung Internet"}, {"huaweibrowser/", "Huawei Browser"}, {"miuibrowser/", "Mi Browser"}, {"vivobrowser/", "vivo Browser"},
	{"heytapbrowser/", "HeyTap Browser"}, {"qqbrowser/", "QQ Browser"}, {"ucbrowser/", "UC Browser"}, {"quark/", "Quark"}, {"qihu", "360"}, {"360se", "360"},
	{"yabrowser/", "Yandex Browser"}, {"vivaldi/", "Vivaldi"}, {"firefox/", "Firefox"}, {"fxios/", "Firefox"}, {"electron/", "Electron"},
	{"crios/", "Chrome"}, {"chrome/", "Chrome"}, {"safari/", "Safari"}, {"trident/", "Internet Explorer"},
}

// systems are the words by which a system is known, likewise.
var systems = []struct{ mark, name string }{
	{"windows phone", "Windows Phone"}, {"windows", "Windows"}, {"iphone", "iPhone"}, {"ipad", "iPad"}, {"harmony", "HarmonyOS"}, {"android", "Android"},
	{"macintosh", "macOS"}, {"cros ", "ChromeOS"}, {"linux", "Linux"},
}

// maxAgent is how much of a User-Agent is looked at.
const maxAgent = 1024

// agentWords says in a few words of ours which browser and system it is that a person logs
// in with, such as "Chrome, Windows"; empty if neither is known. Nothing of what was sent
// is in it.
func agentWords(userAgent string) string {
	agent := strings.ToLower(userAgent[:min(len(userAgent), maxAgent)])
	var words []string
	for _, list := range [][]struct{ mark, name string }{agents, systems} {
		for _, a := range list {
			if strings.Contains(agent, a.mark) {
				words = append(words, a.name)
				break
			}
		}
	}
	return strings.Join(words, ", ")
}
