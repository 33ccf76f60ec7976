// Package doctor looks at an installation before its first user does: at the real
// organisations, the storage and the issuer as it is seen from outside. What it finds
// is a [Finding] of a kind that stands in the table of catalogue.go, with what to do
// about it, in Chinese and English.
//
//	examine.go      what is looked at, and in what order
//	organisation.go DingTalk: credentials, organisation, permissions, login pages
//	member.go       DingTalk: what the app may see
//	events.go       DingTalk: whether events could come
//	refusal.go      from DingTalk's refusals to findings
//	clock.go        our clock beside DingTalk's
//	storage.go access_unix.go access_other.go   Redis, or the file
//	issuer.go endpoints.go script.go fetch.go   what is asked over plain HTTP
//	finding.go      kinds, severities, texts with values in them
//	catalogue.go catalogue_app.go catalogue_dingtalk.go catalogue_storage.go catalogue_issuer.go   the table
//	report.go       as text and as JSON
//
// Promises:
//
//	DR1  It changes nothing: no key is written, no file made, no real code shown to
//	     DingTalk, no event taken from the server, nobody logged in.
//	DR2  No secret is in a report.
//	DR3  A finding names its cause and nothing that follows from it: what could not be
//	     looked at because of a fault is told as not looked at.
//	DR4  What cannot be seen from outside is told as unknown, never as in order.
//	DR5  Every kind of finding has its text in both languages and, where something is to
//	     be done, what.
//	DR6  The tables in docs/doctor.md and docs/zh/doctor.md are the one in the code.
//
// Only cmd/dingbridge may import it.
package doctor
