package pages

// english is stable: the scripts of conformance suites and of operators find a
// page by its title. A test holds the titles.
var english = tongue{
	words: words{
		Brand:      "Log in with DingTalk",
		Other:      "中文",
		WhatToDo:   "What to do",
		Details:    "Details",
		App:        "App",
		Account:    "DingTalk account",
		Permission: "Missing permission",
		Contact:    "Whom to ask",
		RequestID:  "Request ID",
		Issuer:     "Issuer",
		Discovery:  "Discovery",
		Button:     "Start again",
		GoOn:       "Back to {app}",

		WouldLearn:    "What it asks for",
		UserCode:      "Code",
		CompareCode:   "Is this the code on your device?",
		WrongCode:     "No device is waiting for this code. Check it and type it again. If your device shows a new one by now, type that.",
		NoScript:      "Your browser does not go on by itself: press the button.",
		DeviceAddress: "Asked from",
		Begun:         "Asked",
		JustNow:       "less than a minute ago",
		OneMinute:     "1 minute ago",
		Minutes:       "%d minutes ago",
		Hours:         "%d hours ago",
		Days:          "%d days ago",

		QRCode:       "DingTalk’s QR code",
		QRComes:      "The QR code is on its way from DingTalk …",
		ScanHow:      "Scan with DingTalk on your phone",
		OrScan:       "Or scan with another device:",
		FullPage:     "Log in on DingTalk’s page",
		NotMember:    "DingTalk says that you are not in this organisation. If you have more than one DingTalk account, scan with the one that you use at work.",
		ScanFailed:   "That did not work. Scan again, or log in another way.",
		Expired:      "This QR code is too old.",
		Reload:       "New QR code",
		OtherWays:    "Or log in another way",
		ScanNoScript: "Your browser runs no scripts, so scanning here leads nowhere: log in another way.",
		Enter:        "Enter {app}",
		Ordinary:     "Log in the ordinary way",
		Outside:      "Open in the system’s browser",
		OutsideHint:  "If it opens in DingTalk all the same, use the ··· menu at the top.",

		You:           "Who you are to apps",
		YouHint:       "Each app sees only as much of this as it is registered for.",
		Nickname:      "Nick",
		Name:          "Name",
		Username:      "Username",
		Email:         "E-mail",
		Verified:      "verified",
		NotVerified:   "not verified",
		Phone:         "Phone",
		Departments:   "Departments",
		Roles:         "Roles",
		Organisation:  "Organisation",
		CorpID:        "Organisation ID",
		Subject:       "ID (sub)",
		Sessions:      "Where you are logged in",
		SessionsHint:  "If you do not know one of these, log out there, and change your DingTalk password.",
		ThisBrowser:   "This browser",
		SomeBrowser:   "A browser of unknown kind",
		From:          "Address",
		LoggedIn:      "Logged in",
		Used:          "Last used",
		Apps:          "Apps entered",
		EndSession:    "Log out there",
		Lasting:       "Apps and devices that stay connected",
		LastingHint:   "These have access in your name until you end it here, log out everywhere, or they go unused for too long.",
		NothingLasts:  "None. No app and no device keeps access when you log out.",
		How:           "Kind",
		OnADevice:     "On a device",
		OffLine:       "Also when you are away",
		Times:         "Logins",
		Since:         "Access since",
		EndAccess:     "End this access",
		OnlyTheNewest: "There are more; only the newest are shown. Log out everywhere to end them all.",
	},
	general: map[string]string{"{app}": "the app", "{org}": "this organisation", "{contact}": "your administrator"},
	scopes:  englishScopes,
	ways:    englishWays,
	texts: join(englishForms, englishEntry, map[Kind]text{
		InvalidRequest: {
			title: "This login request is not valid",
			lead:  "The request from {app} breaks a rule of the login protocol, so no login was begun.",
			advice: []string{
				"Go back to {app} and start the login there again.",
				"If it happens again, give the request ID below to the people who run {app}.",
			},
		},
		UnknownClient: {
			title: "This app is not registered",
			lead:  "The app that sent you here is not known to this login service, so we did not go on.",
			advice: []string{
				"Check that you opened the app at its right address.",
				"For the administrator: the client_id of the app is not among the registered clients.",
			},
			button: "Log out here",
		},
		UnregisteredRedirect: {
			title: "The redirect URI is not registered",
			lead:  "We were asked to send you on to an address that is not registered for {app}. To keep your login safe, we did not. There is nothing wrong with your account.",
			advice: []string{
				"Tell the people who run {app}.",
				"For the administrator: the redirect_uri (at logout, the post_logout_redirect_uri) must be registered for {app} exactly as it is sent, to the last character.",
			},
			button: "Log out here",
		},
		LoginExpired: {
			title: "This login has expired",
			lead:  "A login stays open for a few minutes only. This one took longer, or the page comes from a bookmark or the history.",
			advice: []string{
				"Go back to {app} and log in again.",
			},
		},
		OtherBrowser: {
			title: "This login was begun in another browser",
			lead:  "To keep others from slipping you their login, a login can only be finished in the browser that began it.",
			advice: []string{
				"Go back to {app} in this browser and log in again.",
				"If it was this browser, allow cookies for this site. A private window, or the browser inside another app, keeps its own.",
			},
		},
		CodeUsed: {
			title: "DingTalk’s answer is no longer valid",
			lead:  "The code that DingTalk gave for this login has been used before or is too old. It works once, and for a few minutes only.",
			advice: []string{
				"Go back to {app} and log in again.",
			},
		},
		Outsider: {
			title: "You are not a member of this organisation",
			lead:  "DingTalk says that the account you came with does not belong to {org}.",
			advice: []string{
				"If you have more than one DingTalk account, go back to {app} and log in with the one that you use at work.",
				"If you have only just joined, accept the invitation in DingTalk first.",
			},
			button: "Choose again",
		},
		Disabled: {
			title: "Your account is not active",
			lead:  "DingTalk knows you as a member of {org}, but your account there is not active.",
			advice: []string{
				"Ask your DingTalk administrator to activate it.",
			},
		},
		OutOfRange: {
			title: "You are outside the range of this login service",
			lead:  "Our app in DingTalk may not see you in the directory of {org}, so we could not make sure that you are a member.",
			advice: []string{
				"Ask your DingTalk administrator to add you to the range of the app.",
				"For the administrator: in the developer console, publish the app and put this person or their department into its range of contacts.",
			},
		},
		PermissionMissing: {
			title: "A DingTalk permission is missing",
			lead:  "DingTalk did not let us look you up, because our app lacks a permission. This is not your fault, and trying again does not help.",
			advice: []string{
				"Give the details below to your administrator.",
				"For the administrator: in the developer console, grant the app the permission that is named below, and publish it.",
			},
		},
		UpstreamConfig: {
			title: "The connection to DingTalk is not set up right",
			lead:  "DingTalk refused our app. This is not your fault, and trying again does not help.",
			advice: []string{
				"Give the request ID below to your administrator.",
				"For the administrator: check the app’s credentials, that it is enabled, and its IP allow-list. The log entry with this request ID has DingTalk’s answer.",
			},
		},
		UpstreamDown: {
			title: "DingTalk is not answering",
			lead:  "This login service is up, but DingTalk did not answer in time.",
			advice: []string{
				"Wait a moment, then try again. Your login stays open for a few minutes.",
			},
			button: "Try again",
		},
		UpstreamStrange: {
			title: "DingTalk gave an unexpected answer",
			lead:  "We did not understand what DingTalk told us about you. To be on the safe side, we let nobody in on such an answer.",
			advice: []string{
				"Try again in a few minutes.",
				"If it stays so, give the request ID below to your administrator.",
			},
			button: "Try again",
		},
		NotAdmitted: {
			title: "You may not use this app",
			lead:  "We know who you are, but {app} is not open to you.",
			advice: []string{
				"To be admitted to {app}, ask {contact}, and give the request ID below.",
				"If you have more than one DingTalk account, go back to {app} and log in with the one that you use at work.",
			},
		},
		Unavailable: {
			title: "This login service is unavailable for the moment",
			lead:  "A part of our own system is not answering, so we could not go on safely. There is nothing wrong with your account.",
			advice: []string{
				"Wait a moment, then try again.",
				"If it lasts, give the request ID below to your administrator.",
			},
			button: "Try again",
		},
		TooManyRequests: {
			title: "Too many logins at once",
			lead:  "More logins are being begun than we take on at one time: by everybody, by your network, or by your browser alone.",
			advice: []string{
				"Wait a minute, then try again.",
				"If your browser went to and fro before it came here, {app} sends you back each time: close its tab, and give the request ID below to the people who run {app}.",
				"If colleagues see this page too, give the request ID below to your administrator.",
			},
			button: "Try again",
		},
		TooLarge: {
			title: "This request is too large",
			lead:  "The request is larger than a login ever needs, so we did not read it.",
			advice: []string{
				"Go back to {app} and start the login there again.",
				"If it happens again, give the request ID below to the people who run {app}.",
			},
		},
		MethodNotAllowed: {
			title: "This address cannot be used in this way",
			lead:  "There is something here, but not for this kind of request.",
			advice: []string{
				"Go back to {app} and start the login there again.",
			},
		},
		NotFound: {
			title: "There is nothing at this address",
			lead:  "The address is mistyped, or the page has never existed.",
			advice: []string{
				"To log in, open the app that you want to use, and log in there.",
			},
		},
		Internal: {
			title: "Something went wrong on our side",
			lead:  "A fault in this login service kept us from answering. There is nothing wrong with your account.",
			advice: []string{
				"Go back to {app} and try again.",
				"If it happens again, give the request ID below to your administrator.",
			},
			button: "Try again",
		},
		Home: {
			title: "This is a login service",
			goOn:  "Log out, here or everywhere",
			lead:  "Apps send you here to log in with DingTalk, and you are sent back to them. You never need to open this page yourself.",
			advice: []string{
				"Open the app that you want to use, and log in there.",
			},
		},
	}),
}
