package pages

import "maps"

// A tongue is everything that we say in one language.
type tongue struct {
	words   words
	general map[string]string // what {app}, {org} and {contact} are called when they have no name
	scopes  map[string]string // what a scope lets an app know
	ways    map[string]choice // by which a person can log in
	texts   map[Kind]text
}

// A text is what one kind of page says. {app}, {org} and {contact} stand for names.
// Titles have none: they are stable, and nobody else's words stand in them.
type text struct {
	title  string
	lead   string   // what happened
	advice []string // what to do
	button string   // of the link to Page.RetryURL, else words.Button

	heading string   // over the advice, else words.WhatToDo
	goOn    string   // of the link to Page.ContinueURL, else words.GoOn
	choices []choice // one for each button of the form
}

// A choice is what stands on a button, and beside it if that is not enough.
type choice struct{ label, hint string }

// words are the labels that pages share.
type words struct {
	Brand      string // in place of the operator's name
	Other      string // the name of the other language, in that language
	WhatToDo   string
	Details    string
	App        string
	Account    string
	Permission string
	Contact    string
	RequestID  string
	Issuer     string
	Discovery  string
	Button     string
	GoOn       string // the link to Page.ContinueURL

	WouldLearn    string
	UserCode      string
	CompareCode   string
	WrongCode     string
	NoScript      string
	DeviceAddress string
	Begun         string
	JustNow       string
	OneMinute     string
	Minutes       string // with one %d
	Hours         string // likewise
	Days          string // likewise

	QRCode       string // what is in the frame
	QRComes      string // stands in its place until it is there
	ScanHow      string
	OrScan       string // over the code on a narrow screen
	FullPage     string // the button that comes first there
	NotMember    string // DingTalk's answer, said beside the frame
	ScanFailed   string
	Expired      string // stands in the place of the code when it is too old
	Reload       string
	OtherWays    string
	ScanNoScript string
	Enter        string // the button inside DingTalk's client
	Ordinary     string // the link to the ordinary login there
	Outside      string // the link to the app in the system's browser
	OutsideHint  string

	You           string // the account page: who the person is to apps
	YouHint       string
	Nickname      string
	Name          string
	Username      string
	Email         string
	Verified      string // of an address
	NotVerified   string
	Phone         string
	Departments   string
	Roles         string
	Organisation  string
	CorpID        string
	Subject       string
	Sessions      string
	SessionsHint  string
	ThisBrowser   string
	SomeBrowser   string // that did not say what it is
	From          string
	LoggedIn      string
	Used          string
	Apps          string
	EndSession    string // a button
	Lasting       string // what goes on without a session
	LastingHint   string
	NothingLasts  string
	How           string // the label of the next two
	OnADevice     string
	OffLine       string // an app that stays connected
	Times         string
	Since         string
	EndAccess     string // a button
	OnlyTheNewest string
}

// join puts catalogues together.
func join(catalogues ...map[Kind]text) map[Kind]text {
	all := map[Kind]text{}
	for _, c := range catalogues {
		maps.Copy(all, c)
	}
	return all
}

var tongues = map[string]tongue{English: english, Chinese: chinese}
