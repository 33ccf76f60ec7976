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
