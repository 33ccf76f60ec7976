package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// frameScript hands the result to the page around the frame. It is the only
// script of the login pages, let in by its hash.
const frameScript = `(function () {
  var result = document.getElementById('result');
  var list = JSON.parse(result.getAttribute('data-messages'));
  for (var i = 0; i < list.length && window.parent !== window; i++) {
    window.parent.postMessage(list[i], result.getAttribute('data-target'));
  }
})();`

var frameScriptHash = func() string {
	sum := sha256.Sum256([]byte(frameScript))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// frameMessage is what the new QR frame posts to the page around it.
type frameMessage struct {
	Success     bool   `json:"success"`
	RedirectURL string `json:"redirectUrl,omitempty"`
	ErrorMsg    string `json:"errorMsg,omitempty"`
	ErrorCode   int    `json:"errorCode,omitempty"`
}

func frameFailure(code int, text string) frameMessage {
	return frameMessage{ErrorMsg: text, ErrorCode: code}
}

// toFrame answers the page that posts messages to the page around the frame:
// of the new embed only to the origin of redirect_uri, with which that page has
// to agree; of the old one, which says nothing about it, to any.
func (c *call) toFrame(v *visit, messages ...any) answer {
	target := "*"
	if v.kind == webCode {
		target = v.to.Scheme + "://" + v.to.Host
	}
	logged := "ok"
	if m, ok := messages[0].(frameMessage); ok && !m.Success {
		logged = strconv.Itoa(m.ErrorCode)
	}
	return c.render(http.StatusOK, logged, pageData{Kind: "posted", Target: target, Messages: string(encode(messages))})
}

// frameResult posts the address that a full page would have been sent to,
// unless f makes something else of it.
func (c *call) frameResult(v *visit, f *Fault, address, logged string) answer {
	m := frameMessage{Success: true, RedirectURL: address}
	var a answer
	switch f.Kind {
	case "twice":
		a = c.toFrame(v, m, m)
	case "frame-silent":
		a = c.render(http.StatusOK, "", pageData{Kind: "message", ZH: "已扫码", EN: "Scanned; nothing is posted."})
	case "frame-error":
		number, err := strconv.Atoi(f.Code)
		if m = frameFailure(number, f.Message); err != nil {
			m = frameFailure(-1, oldTexts[-1])
		}
		return c.toFrame(v, m)
	case "frame-foreign-url":
		m.RedirectURL = "https://evil.example/?" + strings.SplitN(address, "?", 2)[1]
		a = c.toFrame(v, m)
	case "frame-string":
		a = c.toFrame(v, string(encode(m)))
	default:
		a = c.toFrame(v, m)
	}
	a.code = logged
	return a
}

// oldFrame is the page in the frame of the old embed (DDLogin): its goto is
// the address of sns_authorize to which the page around it will go with the
// loginTmpCode that is posted as a bare string.
func (c *call) oldFrame() answer {
	c.framed = true
	if a, twice := c.repeated("goto"); twice {
		return a
	}
	to, err := url.Parse(c.query.Get("goto"))
	if err != nil || to.Path != "/connect/oauth2/sns_authorize" {
		return c.errorPage("goto 不合法", "The parameter goto must be the address of sns_authorize.")
	}
	c.query = to.Query()
	v, refusal := c.snsVisit("snsapi_login")
	if v == nil {
		return refusal
	}
	v.kind = tmpCode
	return c.attend(v)
}
