// Package pages keeps every page that we show to a person: one template, one
// style sheet, and a catalogue of texts in English and Simplified Chinese. A
// page says in plain words what happened and what to do about it, and carries
// the request id under which the audit log has the rest.
//
// Promises, each proven by the test that bears its number:
//
//	P1   Whatever a page is given, it adds, removes and changes no element and
//	     no attribute other than the ones that are there to hold it.
//	P2   A page is whole by itself: no script, no form, no frame, and nothing
//	     loaded from anywhere. Its Content-Security-Policy allows nothing but
//	     this style sheet, by hash.
//	P3   Every page, whatever its status, has the same protecting headers: not
//	     framed, not stored, not sniffed, no referrer.
//	P4   Foreign text cannot pose as ours: control, bidirectional, zero-width
//	     and line-breaking characters are taken out, the rest is capped and
//	     isolated, and titles never contain any.
//	P5   Both languages have every text.
//	P6   Ids of elements and the English title of each kind are stable: scripts
//	     of other people find a page by them.
//	P7   The language is the first that the person asked for and we have:
//	     ui_locales before Accept-Language, English if neither tells.
//	P8   Every error page says what happened, what to do, and its request id.
//	P9   HEAD is answered with the headers of GET, and no body.
//	P10  Readable by everybody: language, one heading, landmarks, visible focus,
//	     and a contrast of at least 4.5 to 1 in light and in dark.
//	P11  A link that a page is given leads to http or https, or is left out.
//	P12  In a real browser no page scrolls sideways, logs an error or violates
//	     its own policy, on a desktop or on a phone.
//
// Pages have no form, so the policy says form-action 'none'. Whoever adds one
// must know that Chromium applies form-action to redirects that follow the post
// as well: 'self' would stop a redirect to an app.
//
// The hall (package provider) calls it. It imports no other room.
package pages
