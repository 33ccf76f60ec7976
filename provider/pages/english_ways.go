package pages

// englishWays say, of each way to log in, what the person does there.
var englishWays = map[string]choice{
	"oauth2":   {"DingTalk’s own page", "Scan, password or text message"},
	"frame":    {"Scan a QR code", "With DingTalk on your phone, right here"},
	"sns":      {"Scan a QR code at DingTalk", "With your phone, on DingTalk’s page"},
	"password": {"Account and password", "On DingTalk’s page; we never see them"},
	"inapp":    {"The DingTalk that you are in", "Nothing to scan and nothing to type"},
}

// englishEntry has the pages on the way in, and what stands at its door.
var englishEntry = map[Kind]text{
	ChooseWay: {
		title:   "Choose how to log in",
		lead:    "You are about to enter {app}.",
		heading: "Good to know",
		advice: []string{
			"Whichever you choose, it is DingTalk that tells us who you are. We never see your password.",
		},
	},
	Scan: {
		title:   "Scan to log in",
		lead:    "You are about to enter {app}.",
		heading: "Take care",
		advice: []string{
			"Scan only if you opened this page yourself. Never scan a code that somebody sent you: they would be logged in as you.",
		},
	},
	InApp: {
		title:   "Log in with DingTalk",
		lead:    "You are entering {app}.",
		heading: "If nothing happens",
		advice: []string{
			"Log in the ordinary way. It takes a moment longer.",
		},
	},
	SignedIn: {
		title: "You are logged in",
		goOn:  "Log out, here or everywhere",
		lead:  "As long as you are logged in here, apps let you in from this browser without asking DingTalk again.",
		advice: []string{
			"Open the app that you want to use.",
			"On a computer that others use too, log out when you are done.",
		},
	},
	ClockSkew: {
		title: "The clock of this server is wrong",
		lead:  "DingTalk refused our request, because the time on it is not the time at DingTalk. This is not your fault, and trying again does not help.",
		advice: []string{
			"Give the request ID below to your administrator.",
			"For the administrator: set the clock of this server, and let it be kept right by a time service (NTP). The log entry with this request ID says by how much it is wrong.",
		},
	},
	Blocked: {
		title: "Your account is blocked here",
		lead:  "Your administrator has blocked this account at this login service, so it enters no app. Your DingTalk itself is not touched by that.",
		advice: []string{
			"If you think that this is a mistake, ask {contact}, and give the request ID below.",
			"If you have more than one DingTalk account, go back to {app} and log in with the one that you use at work.",
		},
	},
	DirectoryUndecided: {
		title: "We cannot check your membership right now",
		lead:  "DingTalk cannot say at the moment whether you still belong to {org}, or which departments you are in, and we do not go by guesses. Nothing of yours was ended.",
		advice: []string{
			"Wait a moment, then try again.",
			"If it lasts, ask {contact}, and give the request ID below.",
		},
		button: "Try again",
	},
	Preview: {
		title: "Log in",
		lead:  "This link leads to a login with DingTalk.",
	},
}
