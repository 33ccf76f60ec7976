package pages

var englishScopes = map[string]string{
	"openid":         "proof that it is you, each time you log in",
	"profile":        "your name, nick and picture",
	"email":          "your e-mail address",
	"phone":          "your phone number",
	"groups":         "your departments and roles in {org}",
	"offline_access": "to stay connected when you are away",
}

// englishForms has the pages that ask something, and those that tell what became of it.
var englishForms = map[Kind]text{
	SignOut: {
		title:   "Do you want to log out?",
		lead:    "As long as you are logged in here, apps let you in from this browser without asking DingTalk again.",
		heading: "Good to know",
		advice: []string{
			"You stay logged in to DingTalk itself. On a computer that others use too, log out there as well.",
			"To stay logged in, just close this page.",
		},
		goOn: "Stay logged in, back to {app}",
		choices: []choice{
			{"Log out", "Ends your login in this browser, and tells the apps that you opened with it."},
			{"Log out everywhere", "Ends all your sessions in all browsers, and the access of all apps and devices."},
		},
	},
	SignedOut: {
		title:   "You are logged out",
		lead:    "You have no login here any more in this browser. The apps that you opened with it get notice of that.",
		heading: "Good to know",
		advice: []string{
			"An app that does not take such notices may keep you logged in until its own session ends. Log out there too if others use this computer.",
			"You may still be logged in to DingTalk itself in this browser.",
		},
	},
	SignedOutEverywhere: {
		title:   "You are logged out everywhere",
		lead:    "All your logins have ended, in all browsers. So has the access of all apps and devices that acted for you. The apps are being told.",
		heading: "Good to know",
		advice: []string{
			"An app that does not take such notices may keep you logged in until its own session ends.",
			"You may still be logged in to DingTalk itself. If you did this because a device is lost, change your DingTalk password as well.",
		},
	},
	InvalidLogout: {
		title: "This logout request is not valid",
		lead:  "The request from {app} to log you out breaks a rule of the login protocol, so nobody was logged out.",
		advice: []string{
			"Go back to {app} and log out there again.",
			"If it happens again, give the request ID below to the people who run {app}.",
		},
		button: "Log out here",
	},
	Consent: {
		title:   "Share this with the app?",
		lead:    "{app} asks to know something about you.",
		heading: "Good to know",
		advice: []string{
			"If you deny, nothing is passed on, and {app} is told so.",
			"What {app} does with it is up to the people who run it.",
		},
		choices: []choice{{label: "Approve"}, {label: "Deny"}},
	},
	DeviceCode: {
		title:   "Enter the code of your device",
		lead:    "A device or a program that cannot open this page itself shows a code. Type it here to let it log in as you.",
		heading: "Take care",
		advice: []string{
			"Only continue if you started this yourself, on a device in front of you. Nobody from IT will ask you to.",
		},
		choices: []choice{{label: "Continue"}},
	},
	DeviceConfirm: {
		title:   "Let this device log in as you?",
		lead:    "A device or a program asks to use {app} in your name.",
		heading: "Take care",
		advice: []string{
			"Only continue if you started this yourself, on a device in front of you. Nobody from IT will ask you to.",
			"If the code differs, or somebody sent you here, deny.",
		},
		choices: []choice{{label: "Approve"}, {label: "Deny"}},
	},
	DeviceApproved: {
		title: "The device may log in",
		lead:  "You have let {app} in on your device. It goes on by itself within a few seconds.",
		goOn:  "Log out",
		advice: []string{
			"Go back to your device. You can close this page.",
			"If this was a mistake, log out everywhere: that takes back the access of all devices.",
		},
	},
	DeviceDenied: {
		title: "The device may not log in",
		lead:  "The device was told that you do not let it in. It has learned nothing about you.",
		advice: []string{
			"You can close this page.",
			"If somebody sent you the code, tell your administrator, with the request ID below if there is one.",
		},
	},
	TooManyCodes: {
		title: "Too many codes were tried",
		lead:  "To keep others from guessing, only a few codes can be tried in a while.",
		advice: []string{
			"Wait a few minutes, then type the code that your device shows by then.",
		},
		button: "Try again",
	},
	FormExpired: {
		title: "This page is too old to be answered",
		lead:  "It was open for too long, or your login has changed since it was opened. Nothing was done.",
		advice: []string{
			"Go back to {app}, or to your device, and start again.",
		},
	},
	FormPost: {
		title: "Going back to the app",
		lead:  "Your browser is taking the answer to {app}.",
		advice: []string{
			"If nothing happens within a few seconds, press the button.",
		},
		choices: []choice{{label: "Continue"}},
	},
}
