package provider

import (
	"strings"
	"testing"
)

func TestAgentWords(t *testing.T) {
	for agent, want := range map[string]string{
		"": "", "curl/8.5.0": "", "Go-http-client/1.1": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                           "Chrome, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":                             "Edge, Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                                     "Safari, macOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0":                                                                                    "Firefox, Linux",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                            "Chrome, ChromeOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1":                    "Chrome, iPhone",
		"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1":                            "Safari, iPad",
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36":                    "Samsung Internet, Android",
		"Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Safari/537.36 ArkWeb/4.1 Mobile HuaweiBrowser/5.0":                "Huawei Browser, HarmonyOS",
		"Mozilla/5.0 (Linux; U; Android 14; zh-CN) AppleWebKit/537.36 Chrome/100.0 Mobile Safari/537.36 AliApp(DingTalk/7.6.30) com.alibaba.android.rimet/15213560": "DingTalk, Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0 Safari/537.36 AliApp(DingTalk/7.6.45) dingtalk-mac":    "DingTalk, macOS",
		"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko":                                                                                      "Internet Explorer, Windows",
		"Mozilla/5.0 (compatible; Microsoft thing)":     "",
		strings.Repeat("x", 1024) + " Chrome/1 Windows": "", "\x00\xff Firefox/1 <b>": "Firefox",
	} {
		if got := agentWords(agent); got != want {
			t.Errorf("%.120q: %q, want %q", agent, got, want)
		}
	}
}

// FuzzAgentWords: whatever is sent, the words are ours, and short.
func FuzzAgentWords(f *testing.F) {
	f.Add("Mozilla/5.0 (Windows NT 10.0) Chrome/1")
	ours := map[string]bool{"": true}
	for _, a := range agents {
		ours[a.name] = true
	}
	for _, s := range systems {
		ours[s.name] = true
	}
	f.Fuzz(func(t *testing.T, agent string) {
		for word := range strings.SplitSeq(agentWords(agent), ", ") {
			if !ours[word] || len(word) > 24 {
				t.Errorf("%q gave %q", agent, word)
			}
		}
	})
}
