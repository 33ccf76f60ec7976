package pages

import (
	"net/url"
	"strings"
	"testing"
)

// TestP11_OutOfTheDingTalkClient: the way out is the app's own address, whoever asks; on a
// desktop it is wrapped into the one that opens the system's browser.
func TestP11_OutOfTheDingTalkClient(t *testing.T) {
	for _, test := range []struct {
		home    string
		desktop bool
		want    string // what the link opens in the end; empty: no link
	}{
		{"https://app.example.com/", false, "https://app.example.com/"},
		{"https://app.example.com/a?b=c&d=%2F", true, "https://app.example.com/a?b=c&d=%2F"},
		{"javascript:alert(1)", false, ""},
		{"javascript:alert(1)", true, ""},
		{"dingtalk://dingtalkclient/page/link?url=x", true, ""},
		{"", true, ""},
	} {
		page := full(InApp, English)
		page.InApp.HomeURL, page.InApp.Desktop = test.home, test.desktop
		text := body(t, write(t, newPages(t, Config{}), "GET", 0, page))
		got := ""
		if _, after, ok := strings.Cut(text, `id="outside" href="`); ok {
			got, _, _ = strings.Cut(after, `"`)
			got = strings.ReplaceAll(got, "&amp;", "&")
		}
		if test.desktop && test.want != "" {
			u, err := url.Parse(got)
			if err != nil || u.Scheme != "dingtalk" || u.Host != "dingtalkclient" || u.Path != "/page/link" || u.Query().Get("pc_slide") != "false" {
				t.Errorf("%q: %q, %v", test.home, got, err)
				continue
			}
			got = u.Query().Get("url")
		}
		if got != test.want {
			t.Errorf("%q on a desktop %v: %q, want %q", test.home, test.desktop, got, test.want)
		}
	}
}
