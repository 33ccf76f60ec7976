package systemtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// TestE11_TheViewerSees: a viewer who notices nothing would find nothing wrong.
func TestE11_TheViewerSees(t *testing.T) {
	if testing.Short() {
		t.Skip("the viewer is the same under -short")
	}
	ctx := browser.Start(t, time.Minute)
	page := ""
	ours := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "img-src 'self' data:; frame-src http://localhost:*")
		fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width"><title>t</title><link rel="icon" href="data:,"><main data-page="t">
<h1>t</h1><p id="end">end</p>%s</main></html>`, page)
	}))
	defer ours.Close()
	v := look(t, ctx, devices[1], hosts{provider: ours.URL})
	for _, test := range []struct{ page, want string }{
		{`<img src="/none.png" alt="">`, "loaded Image"},
		{`<img src="/none.png" alt="">`, "status of 404"},
		{`<img src="http://localhost:1/x.png" alt="">`, "policy: img-src http://localhost:1"},
		{`<iframe src="` + abroad(ours.URL) + `/none" title="f"></iframe>`, "loaded Document"},
		{`<script>console.log("x")</script>`, "console: log"},
		{`<script>nothing()</script>`, "exception: Uncaught"},
		{`<div style="height:200px;background:red"></div><script>setTimeout(function () { document.querySelector("h1").style.marginTop = "300px"; }, 700)</script>`, "shift: "},
	} {
		page = test.page
		v.open(ours.URL + "/")
		v.see("#end")
		for range 500 {
			v.mu.Lock()
			said := strings.Join(v.trouble, "\n")
			v.mu.Unlock()
			if strings.Contains(said, test.want) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		v.mu.Lock()
		if said := strings.Join(v.trouble, "\n"); !strings.Contains(said, test.want) {
			t.Errorf("%s: the viewer saw %q, not %q", test.page, said, test.want)
		}
		v.trouble = nil
		v.mu.Unlock()
	}
	for _, test := range []struct{ page, want string }{
		{``, ""},
		{`<div style="width: 2000px">x</div>`, "scrolls sideways"},
		{`<div style="position: absolute; left: -50px">x</div>`, "beyond the edge"},
		{`<div style="width: 20px; overflow: hidden; white-space: nowrap">a long line</div>`, "cut off"},
		{`<p style="color: #999">x</p>`, "hard to read"},
		{`<button style="height: 30px">x</button>`, "too low"},
		{`<iframe src="about:blank"></iframe>`, "without a name"},
		{`<p style="height: 900px"></p><a class="button" href="/" style="display: block; height: 50px">x</a>`, "below the screen"},
		{`<h1>another</h1>`, "without a heading"},
	} {
		page = test.page
		v.open(ours.URL + "/")
		v.see("#end")
		if found := strings.Join(v.wrong(), "\n"); !strings.Contains(found, test.want) || test.want == "" && found != "" {
			t.Errorf("%s: the viewer found %q, not %q", test.page, found, test.want)
		}
	}
}
