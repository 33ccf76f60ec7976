// Package pages keeps every page that we show to a person: one template, one
// style sheet, and a catalogue of texts in English and Simplified Chinese. A
// page says in plain words what happened and what to do about it, and carries
// the request id under which the audit log has the rest. Some ask something, by
// a plain form; one takes an answer to an app (response_mode=form_post).
//
// Promises, each proven by the test that bears its number:
//
//	P1   Whatever a page is given, it adds, removes and changes no element and
//	     no attribute other than the ones that are there to hold it.
//	P2   A page is whole by itself: no frame, and nothing loaded from anywhere,
//	     but DingTalk's frame in Scan and DingTalk's script in InApp. Its
//	     Content-Security-Policy allows the style sheet, by hash, and no more
//	     than its kind needs: a form where it asks something, and in the pages
//	     of FormPost, Scan and InApp one constant script, by hash too.
//	P3   Every page, whatever its status, has the same protecting headers: not
//	     framed, not stored, not sniffed, no referrer. InApp alone tells our own
//	     server from where it posts.
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
//	P11  A link that a page is given leads to http or https, or is left out. One is
//	     wrapped into an address of DingTalk's client, which opens it outside.
//	P12  In a real browser no page scrolls sideways, logs an error or violates
//	     its own policy, on a desktop or on a phone.
//	P13  A form works without script: every answer is the press of a button, but
//	     in InApp, where links lead on. A page that asks is never shown without
//	     a form that can be sent.
//	P14  What a form hides comes back as it was given, if Postable says so.
//	P15  form-action is 'none' without a form; with one it is ourselves and the
//	     scheme of Form.LeadsTo; for FormPost, the scheme of where it posts. The
//	     scheme is https, http, or a private-use one, and nothing else can get
//	     into the header.
//	P16  Scan lets in frames of the login's origin and no others, InApp the one
//	     script and hidden frames of the client's own schemes. A page whose
//	     values could say more in its header is Internal with status 500.
//	P17  Scan believes its own frame alone, of exactly that origin, and goes once,
//	     to our callback, with a code that came with the state of this login.
//	P18  InApp ends in one place, once: it posts the one code that it was given,
//	     or leads to the ordinary login, whatever DingTalk's script does. With
//	     Tap it asks nothing before the press. Without script it is links.
//	P19  Who is about to choose, to scan or to go in reads into which app, each
//	     way in plain words, and beside a code not to scan a foreign one. On a
//	     narrow screen the way without a second device comes first.
//	P20  Preview tells nothing of the login that it is given, and leads nowhere.
//	P21  The other language is a link where the page can be asked for again, and
//	     else stands folded in the page.
//	P22  A logo is PNG, JPEG, WebP or SVG by its content and at most 32 KB, or New
//	     fails.
//	P23  SignedIn tells who the person is to apps, where they are logged in and what has
//	     access without a session, each with the button that ends it, if there is one; of
//	     many it shows MostShown, and says that there are more.
//
// P15 has schemes, not hosts, because Chromium applies form-action to every
// redirect that follows the post: 'self' would stop the one to the app, and the
// app's host would stop the app from sending the person on to another.
//
// The hall (package provider) calls it. It imports no other room.
package pages
