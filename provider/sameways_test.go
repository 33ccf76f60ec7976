package provider_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestPagesKnowTheLoginsWays: the pages, which import no other room, have words for
// every way of a login, and offer in a QR code's place those that the login takes for
// whole pages.
func TestPagesKnowTheLoginsWays(t *testing.T) {
	all, err := pages.New(pages.Config{})
	if err != nil {
		t.Fatal(err)
	}
	shown := func(page pages.Page) (int, string) {
		w := httptest.NewRecorder()
		all.Write(w, httptest.NewRequest("GET", "/", nil), 0, page)
		return w.Code, w.Body.String()
	}
	for _, way := range login.Ways() {
		choices := []pages.Choice{{URL: "/way", Way: string(way)}}
		code, text := shown(pages.Page{Kind: pages.ChooseWay, Choices: choices})
		if code != 200 || !strings.Contains(text, `data-way="`+string(way)+`"`) || strings.Contains(text, `<span class="row-label"></span>`) {
			t.Errorf("%s is not offered: %d %s", way, code, text)
		}
		_, text = shown(pages.Page{Kind: pages.Scan, Choices: choices, Frame: &pages.Frame{
			URL: "https://login.example/auth", Origin: "https://login.example", Callback: "https://sso.example/login/callback",
			State: "s", ReloadURL: "/login/frame", Seconds: 60,
		}})
		if !strings.Contains(text, `data-page="scan"`) || strings.Contains(text, `id="full-page"`) != way.FullPage() {
			t.Errorf("%s: FullPage is %v, and the page to scan has it otherwise", way, way.FullPage())
		}
	}
}
