package provider

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// paramLanguage is the parameter of our own addresses by which a person picks the
// language of a page. It is remembered.
const paramLanguage = "lang"

const languageCookieAge = 365 * 24 * time.Hour

// page answers with a page of ours.
func (p *Provider) page(w http.ResponseWriter, r *http.Request, status int, page pages.Page) {
	page.RequestID = callOf(r.Context()).id
	page.Lang = cmp.Or(page.Lang, p.language(r))
	// Remembered where it was offered: elsewhere the word is somebody else's.
	if page.SwitchURL != "" && picked(r.URL.Query().Get(paramLanguage)) != "" {
		p.cookies.set(w, p.cookies.language, page.Lang, languageCookieAge)
	}
	p.Pages.Write(w, r, status, page)
}

// language is the one that the person picked, on this page or one before, else the one
// that the login or the request asks for.
func (p *Provider) language(r *http.Request) string {
	return cmp.Or(
		picked(r.URL.Query().Get(paramLanguage)), picked(p.cookies.get(r, p.cookies.language)),
		pages.Language(cmp.Or(callOf(r.Context()).locales, r.Form.Get("ui_locales")), r.Header.Get("Accept-Language")))
}

// picked is a language of ours, or nothing.
func picked(lang string) string {
	if lang == pages.Chinese || lang == pages.English {
		return lang
	}
	return ""
}

// switchURL is where one of our own pages is to be had in the other language. Pages that
// answer somebody else's request have none: asking again is not always the same, and no
// page says what it was sent.
func (p *Provider) switchURL(r *http.Request, path string, query url.Values) string {
	other := pages.Chinese
	if p.language(r) == pages.Chinese {
		other = pages.English
	}
	again := url.Values{paramLanguage: {other}}
	maps.Copy(again, query)
	return withQuery(p.base+path, again)
}
