package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// call is one request under way.
type call struct {
	sim    *Simulator
	route  *route
	r      *http.Request
	now    time.Time
	app    *App
	query  url.Values
	params map[string]any // of the body: JSON values, or strings of a form
	json   bool           // whether the body was a JSON object, so labelled
	form   url.Values     // of a form body
	token  tokenKind      // what the token sent is good for
	signer snsApp         // the app that signed the call
	framed bool           // the page is for a frame
	whose  string         // userid of a user token
	secret string         // the token as sent
	fault  string         // kind of the fault that struck
}

// answer is what goes back.
type answer struct {
	status   int
	mime     string
	body     []byte
	location string                    // of a redirect
	code     string                    // for the call log: ok, or DingTalk's error code
	reset    bool                      // cut the connection instead
	cut      bool                      // cut it after half the body
	framed   bool                      // a page that other pages may frame
	upgrade  func(http.ResponseWriter) // takes the connection over in place of writing
}

// answer serves one call: fault, gate, handler, log.
func (s *Simulator) answer(w http.ResponseWriter, r *http.Request, rt *route) {
	c := &call{sim: s, route: rt, r: r, now: s.Now(), app: s.app.Load(), query: r.URL.Query()}
	c.read(w)
	c.identify()
	if slices.Contains(apis, rt.family) {
		s.meter.saw(rt.call, c.now)
	}
	f := s.faults.take(rt)
	var a answer
	if f != nil {
		c.fault = f.Kind
		f.wait(r.Context())
	}
	if blow := f.before(); blow != nil {
		a = blow(c, f)
	} else {
		a = c.run(f)
	}
	s.calls.add(c, &a)
	s.log.Debug("call", "call", rt.call, "status", a.status, "code", a.code, "fault", c.fault)
	if a.upgrade != nil && !a.reset {
		a.upgrade(w)
		return
	}
	a.write(w, rt.family, c.now)
}

// run gates the call and serves it, then lets f alter the answer.
func (c *call) run(f *Fault) answer {
	a, ok := c.gate()
	if ok {
		a = c.route.serve(c)
	}
	if change := f.after(); change != nil {
		a = change(c, f, a)
	}
	return a
}

// read takes in the body, which both API families want whole.
func (c *call) read(w http.ResponseWriter) {
	if c.r.Method != http.MethodPost {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.r.Body, maxBody))
	if err != nil || len(body) == 0 {
		return
	}
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if c.r.Header.Get("Content-Type") == "" && c.route.family.old() {
		kind = "application/json" // clients that are in use label nothing
	}
	switch kind {
	case "application/json":
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		c.json = d.Decode(&c.params) == nil && c.params != nil && !d.More()
		if !c.json {
			c.params = nil
		}
	case "application/x-www-form-urlencoded":
		c.form, _ = url.ParseQuery(string(body))
		c.params = make(map[string]any, len(c.form))
		for k, v := range c.form {
			c.params[k] = v[0]
		}
	}
}

// identify finds the token where the family carries it: a header on the new
// API; the query or a form field, and never a header, on the old one.
func (c *call) identify() {
	switch {
	case c.route.family == newAPI:
		c.secret = c.r.Header.Get("x-acs-dingtalk-access-token")
		if bearer, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "); ok && c.secret == "" && c.sim.reads(bearerHeader, "accepted") {
			c.secret = bearer
		}
	case c.route.needs == signature:
		c.secret = c.query.Get("signature")
		return
	case c.route.family.old():
		if c.secret = c.query.Get("access_token"); c.secret == "" {
			c.secret = c.form.Get("access_token")
		}
	}
	c.token, c.whose = c.sim.vault.look(c.secret, c.now)
}

// gate asks, in DingTalk's order, for method, token, address, pace and
// permission. It returns the refusal and false, or true.
func (c *call) gate() (answer, bool) {
	rt := c.route
	if rt.methods != "" && !slices.Contains(strings.Fields(rt.methods), c.r.Method) {
		return c.wrongMethod(), false
	}
	switch {
	case rt.family == page, rt.family == script, rt.family == socket:
		return answer{}, true
	case rt.needs == signature:
		return c.snsGate()
	case rt.needs != noToken:
		switch {
		case c.token == noToken:
			return c.refuse(missingToken), false
		case c.token == unknownToken, rt.family.old() && c.token != rt.needs:
			return c.refuse(badToken), false
		case c.token != rt.needs:
			return c.refusePermission(rt.permission), false
		case rt.needs == appToken && !c.app.admits(c.ip()):
			return c.refuseIP(), false
		}
	}
	if !c.sim.limits.allow(rt.call, c.app.QPS, c.now) {
		return c.refuse(tooFast), false
	}
	if rt.permission != "" && !slices.Contains(c.app.Permissions, rt.permission) {
		return c.refusePermission(rt.permission), false
	}
	return answer{}, true
}

// ip is the caller's address without port.
func (c *call) ip() string {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		return c.r.RemoteAddr
	}
	return host
}

// admits reports whether ip is on the allowlist, an empty one admitting all.
func (a *App) admits(ip string) bool {
	parts := strings.Split(ip, ".")
	return len(a.IPAllowlist) == 0 || slices.ContainsFunc(a.IPAllowlist, func(entry string) bool {
		return slices.EqualFunc(strings.Split(entry, "."), parts, func(want, part string) bool { return want == "*" || want == part })
	})
}

// str is a string parameter of the body; empty when absent or no string.
func (c *call) str(name string) string {
	s, _ := c.params[name].(string)
	return s
}

// num is an integer parameter, given as a JSON number or as digits (forms
// know nothing else). ok is false when it is there and no integer.
func (c *call) num(name string, otherwise int64) (n int64, ok bool) {
	var text string
	switch v := c.params[name].(type) {
	case nil:
		return otherwise, true
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// write sends a, dated by the simulated clock, or cuts the connection.
func (a *answer) write(w http.ResponseWriter, f family, now time.Time) {
	if a.reset {
		cut(w)
		return
	}
	h := w.Header()
	h.Set("Server", "DingTalk/1.0.0")
	h.Set("Cache-Control", "no-store")
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	if f == script {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Content-Type-Options", "nosniff")
	}
	if f == newAPI {
		h.Set("x-acs-request-id", newRequestID())
		h.Set("Access-Control-Allow-Origin", "*")
	}
	if f == page {
		scripts, ancestors := "'none'", "'none'"
		if a.framed {
			scripts, ancestors = frameScriptHash, "*"
		}
		h.Set("Content-Security-Policy", "script-src "+scripts+"; object-src 'none'; base-uri 'none'; frame-ancestors "+ancestors)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.mime != "" {
		h.Set("Content-Type", a.mime)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if a.cut {
		w.Write(a.body[:len(a.body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(a.body)
}

// cut ends the TCP connection with a reset where there is one to cut.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 or a recorder: the best that is left
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
