package pages

var chineseScopes = map[string]string{
	"openid":         "每次登录时证明是您本人",
	"profile":        "您的姓名、昵称和头像",
	"email":          "您的邮箱地址",
	"phone":          "您的手机号码",
	"groups":         "您在{org}的部门和角色",
	"offline_access": "在您离开后仍保持连接",
}

var chineseForms = map[Kind]text{
	SignOut: {
		title:   "要退出登录吗？",
		lead:    "只要您在这里保持登录，各个应用就会让您从这个浏览器直接进入，不再向钉钉确认。",
		heading: "请知悉",
		advice: []string{
			"钉钉本身不会退出登录。如果他人也使用这台电脑，请在钉钉中也退出登录。",
			"如需保持登录，关闭本页面即可。",
		},
		goOn: "保持登录，返回{app}",
		choices: []choice{
			{"退出登录", "结束您在这个浏览器中的登录，并通知您由此打开的应用。"},
			{"在所有地方退出登录", "结束您在所有浏览器中的全部会话，并收回所有应用和设备的访问权限。"},
		},
	},
	SignedOut: {
		title:   "您已退出登录",
		lead:    "您在这个浏览器中已没有登录。由此打开的应用会收到退出通知。",
		heading: "请知悉",
		advice: []string{
			"不接收此类通知的应用，可能会让您保持登录，直到它自己的会话结束。如果他人也使用这台电脑，请在那里也退出登录。",
			"您在这个浏览器中可能仍登录着钉钉。",
		},
	},
	SignedOutEverywhere: {
		title:   "您已在所有地方退出登录",
		lead:    "您在所有浏览器中的登录均已结束，以您名义使用的所有应用和设备的访问权限均已收回。我们正在通知各个应用。",
		heading: "请知悉",
		advice: []string{
			"不接收此类通知的应用，可能会让您保持登录，直到它自己的会话结束。",
			"您可能仍登录着钉钉。如果是因为设备丢失，请同时修改钉钉密码。",
		},
	},
	InvalidLogout: {
		title: "退出登录的请求无效",
		lead:  "来自{app}的退出登录请求不符合登录协议的要求，没有执行退出。",
		advice: []string{
			"请回到{app}，重新退出登录。",
			"如果问题仍然出现，请把下方的请求编号告诉{app}的维护人员。",
		},
		button: "在这里退出登录",
	},
	Consent: {
		title:   "要把这些信息提供给应用吗？",
		lead:    "{app}请求获得您的一些信息。",
		heading: "请知悉",
		advice: []string{
			"如果您拒绝，我们不会提供任何信息，并会告知{app}。",
			"{app}如何使用这些信息，由其维护人员负责。",
		},
		choices: []choice{{label: "同意"}, {label: "拒绝"}},
	},
	DeviceCode: {
		title:   "请输入设备上的代码",
		lead:    "无法自行打开本页面的设备或程序会显示一个代码。在此输入，即可让它以您的身份登录。",
		heading: "请当心",
		advice: []string{
			"只有当这是您本人在眼前的设备上发起的，才可继续。IT 人员不会要求您这样做。",
		},
		choices: []choice{{label: "继续"}},
	},
	DeviceConfirm: {
		title:   "要让这台设备以您的身份登录吗？",
		lead:    "一台设备或一个程序请求以您的名义使用{app}。",
		heading: "请当心",
		advice: []string{
			"只有当这是您本人在眼前的设备上发起的，才可继续。IT 人员不会要求您这样做。",
			"如果代码不一致，或者是别人让您打开这里的，请拒绝。",
		},
		choices: []choice{{label: "同意"}, {label: "拒绝"}},
	},
	DeviceApproved: {
		title: "设备可以登录了",
		lead:  "您已同意在您的设备上登录{app}。设备会在几秒钟内自动继续。",
		goOn:  "退出登录",
		advice: []string{
			"请回到您的设备。您可以关闭本页面。",
			"如果这是误操作，请在所有地方退出登录，这会收回所有设备的访问权限。",
		},
	},
	DeviceDenied: {
		title: "设备未获准登录",
		lead:  "我们已告知该设备您没有同意，它没有获得您的任何信息。",
		advice: []string{
			"您可以关闭本页面。",
			"如果代码是别人发给您的，请告诉管理员；下方如有请求编号，请一并提供。",
		},
	},
	TooManyCodes: {
		title: "尝试的代码过多",
		lead:  "为防止他人猜测，一段时间内只能尝试少量代码。",
		advice: []string{
			"请等待几分钟，再输入届时设备上显示的代码。",
		},
		button: "重试",
	},
	FormExpired: {
		title: "本页面已过期",
		lead:  "本页面打开得太久，或者您的登录在此期间发生了变化。没有执行任何操作。",
		advice: []string{
			"请回到{app}或您的设备，重新开始。",
		},
	},
	FormPost: {
		title: "正在返回应用",
		lead:  "您的浏览器正在把结果带给{app}。",
		advice: []string{
			"如果几秒钟内没有反应，请点击按钮。",
		},
		choices: []choice{{label: "继续"}},
	},
}
