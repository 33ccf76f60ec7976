package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed post.js
var postFile string

//go:embed frame.js
var frameFile string

//go:embed inapp.js
var inAppFile string

// scripts are all that we have: constants, each in the page of one kind, with what
// it needs in attributes of that page. They are of ECMAScript 5, since DingTalk's
// client has engines of 2016.
var scripts = map[Kind]string{
	FormPost: strings.TrimSpace(postFile), // it takes submit from where no field of the form can hide it
	Scan:     strings.TrimSpace(frameFile),
	InApp:    strings.TrimSpace(inAppFile),
}

var (
	styleSource   = hashSource(style)
	scriptSources = func() map[Kind]string {
		sources := map[Kind]string{}
		for kind, text := range scripts {
			sources[kind] = hashSource(text)
		}
		return sources
	}()
)

// hashSource lets in one style sheet or script, by its hash (CSP 3, 2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy is the Content-Security-Policy of a page: nothing but the style sheet, by
// its hash, the pictures that are in the page itself, and what the kind needs to
// send its form or to show its frame. The page is fit to be shown.
func (row kindRow) policy(page Page) string {
	scripts, frames, posts := "", "", "'none'"
	if _, sources := row.target(page.Form); sources != "" {
		posts = sources
	}
	switch row.kind {
	case FormPost:
		scripts = "script-src " + scriptSources[FormPost] + "; "
	case Scan:
		scripts = "script-src " + scriptSources[Scan] + "; "
		frames = "frame-src " + page.Frame.Origin + "; "
	case InApp:
		scripts = "script-src " + page.InApp.ScriptURL + " " + scriptSources[InApp] + "; "
		frames = "frame-src " + bridgeSchemes + "; "
	}
	return "default-src 'none'; " + scripts + frames + "style-src " + styleSource +
		"; img-src data:; base-uri 'none'; form-action " + posts + "; frame-ancestors 'none'"
}

// referrer is the Referrer-Policy of a page: none, so that no address of ours gets
// anywhere. Such a page posts with "Origin: null" (Fetch, 3.1). The post from inside
// DingTalk's client must tell its origin, so that page names itself to us, and to
// nobody else.
func (row kindRow) referrer() string {
	if row.kind == InApp {
		return "same-origin"
	}
	return "no-referrer"
}

// fit tells whether the page has what its kind cannot be shown without.
func (row kindRow) fit(page Page) bool {
	if action, _ := row.target(page.Form); action == "" && row.posts() {
		return false
	}
	switch row.kind {
	case ChooseWay:
		return len(usable(page.Choices)) > 0
	case Scan:
		return page.Frame.fit()
	case InApp:
		return page.InApp.fit()
	}
	return true
}

// head sets the headers that speak of the page, and takes out those that spoke of
// another body.
func (row kindRow) head(h http.Header, page Page) {
	for _, stale := range []string{"Content-Encoding", "Etag", "Last-Modified", "Location"} {
		h.Del(stale)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", page.Lang)
	h.Set("Content-Security-Policy", row.policy(page))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", row.referrer())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
