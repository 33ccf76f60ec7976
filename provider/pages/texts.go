package pages

// A tongue is everything that we say in one language.
type tongue struct {
	words   words
	general map[string]string // what {app} and {org} are called when they have no name
	texts   map[Kind]text
}

// A text is what one kind of page says. {app} and {org} stand for names. Titles
// have neither: they are stable, and nobody else's words stand in them.
type text struct {
	title  string
	lead   string   // what happened
	advice []string // what to do
	button string   // of the link to Page.RetryURL, else words.Button
}

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
}

var tongues = map[string]tongue{English: english, Chinese: chinese}
