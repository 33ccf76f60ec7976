package pages

// chinese uses DingTalk's own words for the things of its developer console.
var chinese = tongue{
	words: words{
		Brand:      "钉钉登录",
		Other:      "English",
		WhatToDo:   "怎么办",
		Details:    "详细信息",
		App:        "应用",
		Account:    "钉钉账号",
		Permission: "缺少的权限",
		Contact:    "联系",
		RequestID:  "请求编号",
		Issuer:     "Issuer",
		Discovery:  "发现文档",
		Button:     "重新开始",
		GoOn:       "返回{app}",

		WouldLearn:    "对方请求",
		UserCode:      "代码",
		CompareCode:   "请核对：设备上显示的是这个代码吗？",
		WrongCode:     "没有设备在等待这个代码。请核对后重新输入；如果设备已显示新的代码，请输入新的代码。",
		NoScript:      "您的浏览器不会自动跳转，请点击按钮。",
		DeviceAddress: "请求来自地址",
		Begun:         "请求时间",
		JustNow:       "不到 1 分钟前",
		OneMinute:     "1 分钟前",
		Minutes:       "%d 分钟前",
		Hours:         "%d 小时前",
		Days:          "%d 天前",

		QRCode:       "钉钉二维码",
		QRComes:      "正在从钉钉获取二维码……",
		ScanHow:      "请用手机上的钉钉扫一扫",
		OrScan:       "或用另一台设备扫码：",
		FullPage:     "前往钉钉登录",
		NotMember:    "钉钉返回的结果显示，您不在该组织内。如果您有多个钉钉账号，请用工作账号扫码。",
		ScanFailed:   "没有成功。请重新扫码，或换一种方式登录。",
		Expired:      "二维码已过期。",
		Reload:       "获取新的二维码",
		OtherWays:    "或换一种方式登录",
		ScanNoScript: "您的浏览器不运行脚本，在此扫码不会有结果，请换一种方式登录。",
		Enter:        "进入{app}",
		Ordinary:     "用普通方式登录",
		Outside:      "在系统浏览器中打开",
		OutsideHint:  "如果仍在钉钉中打开，请使用右上角的 ··· 菜单。",

		You:           "应用看到的您",
		YouHint:       "每个应用只能看到其登记范围内的信息。",
		Nickname:      "昵称",
		Name:          "姓名",
		Username:      "用户名",
		Email:         "邮箱",
		Verified:      "已验证",
		NotVerified:   "未验证",
		Phone:         "手机号码",
		Departments:   "部门数",
		Roles:         "角色数",
		Organisation:  "组织",
		CorpID:        "组织编号",
		Subject:       "标识（sub）",
		Sessions:      "您登录的地方",
		SessionsHint:  "如果其中有您不认识的，请在那里退出登录，并修改钉钉密码。",
		ThisBrowser:   "当前浏览器",
		SomeBrowser:   "未知类型的浏览器",
		From:          "地址",
		LoggedIn:      "登录时间",
		Used:          "最近使用",
		Apps:          "进入过的应用",
		EndSession:    "在那里退出登录",
		Lasting:       "保持连接的应用和设备",
		LastingHint:   "它们可以以您的名义访问，直到您在此收回、在所有地方退出登录，或长时间未使用。",
		NothingLasts:  "没有。您退出登录后，任何应用和设备都不再有访问权限。",
		How:           "类型",
		OnADevice:     "在设备上",
		OffLine:       "您离开后仍保持连接",
		Times:         "登录次数",
		Since:         "获准时间",
		EndAccess:     "收回访问权限",
		OnlyTheNewest: "还有更多，这里只列出最近的。如需全部结束，请在所有地方退出登录。",
	},
	general: map[string]string{"{app}": "该应用", "{org}": "本组织", "{contact}": "管理员"},
	scopes:  chineseScopes,
	ways:    chineseWays,
	texts: join(chineseForms, chineseEntry, map[Kind]text{
		InvalidRequest: {
			title: "登录请求无效",
			lead:  "来自{app}的请求不符合登录协议的要求，登录没有开始。",
			advice: []string{
				"请回到{app}，重新登录。",
				"如果问题仍然出现，请把下方的请求编号告诉{app}的维护人员。",
			},
		},
		UnknownClient: {
			title: "该应用尚未登记",
			lead:  "把您带到这里的应用没有在本登录服务登记，因此没有继续。",
			advice: []string{
				"请确认您打开的应用地址正确。",
				"管理员请注意：该应用的 client_id 不在已登记的客户端之中。",
			},
			button: "在这里退出登录",
		},
		UnregisteredRedirect: {
			title: "回调地址未登记",
			lead:  "请求要把您带往的地址没有为{app}登记。为了您的登录安全，我们没有跳转。您的账号没有问题。",
			advice: []string{
				"请把此事告诉{app}的维护人员。",
				"管理员请注意：请为{app}登记与请求完全一致的 redirect_uri（退出登录时为 post_logout_redirect_uri），一个字符也不能差。",
			},
			button: "在这里退出登录",
		},
		LoginExpired: {
			title: "本次登录已过期",
			lead:  "一次登录只保留几分钟。本次登录用时过长，或者这个页面来自收藏夹或历史记录。",
			advice: []string{
				"请回到{app}，重新登录。",
			},
		},
		OtherBrowser: {
			title: "本次登录是在另一个浏览器中开始的",
			lead:  "为防止他人冒用登录，一次登录只能在开始它的浏览器中完成。",
			advice: []string{
				"请在当前浏览器中回到{app}，重新登录。",
				"如果您并没有换过浏览器，请允许本站使用 Cookie。无痕窗口和其他应用内置的浏览器不共用 Cookie。",
			},
		},
		CodeUsed: {
			title: "钉钉的授权码已失效",
			lead:  "钉钉为本次登录签发的授权码已被使用或已过期。授权码只能使用一次，且只在几分钟内有效。",
			advice: []string{
				"请回到{app}，重新登录。",
			},
		},
		Outsider: {
			title: "您不是本组织的成员",
			lead:  "钉钉返回的结果显示，您使用的账号不属于{org}。",
			advice: []string{
				"如果您有多个钉钉账号，请回到{app}，用工作账号重新登录。",
				"如果您刚刚加入，请先在钉钉中接受邀请。",
			},
			button: "重新选择",
		},
		Disabled: {
			title: "您的账号未启用",
			lead:  "钉钉中有您作为{org}成员的记录，但您的账号未处于启用状态。",
			advice: []string{
				"请联系钉钉管理员启用您的账号。",
			},
		},
		OutOfRange: {
			title: "您不在本登录服务的授权范围内",
			lead:  "我们的钉钉应用无权在{org}的通讯录中查看您，因此无法确认您是成员。",
			advice: []string{
				"请联系钉钉管理员，把您加入应用的授权范围。",
				"管理员请注意：请在开发者后台发布该应用，并把此人或其部门加入通讯录接口权限范围。",
			},
		},
		PermissionMissing: {
			title: "缺少钉钉接口权限",
			lead:  "我们的应用缺少一项权限，钉钉不允许我们查询您的信息。这不是您的问题，重试也无济于事。",
			advice: []string{
				"请把下方的信息转告管理员。",
				"管理员请注意：请在开发者后台为应用开通下方列出的权限，并发布新版本。",
			},
		},
		UpstreamConfig: {
			title: "与钉钉的连接配置有误",
			lead:  "钉钉拒绝了我们的应用。这不是您的问题，重试也无济于事。",
			advice: []string{
				"请把下方的请求编号告诉管理员。",
				"管理员请注意：请检查应用的凭证、启用状态和服务器出口 IP 白名单。日志中带有此请求编号的记录写有钉钉的答复。",
			},
		},
		UpstreamDown: {
			title: "钉钉暂时没有响应",
			lead:  "本登录服务运行正常，但钉钉没有及时答复。",
			advice: []string{
				"请稍候片刻再试。本次登录会保留几分钟。",
			},
			button: "重试",
		},
		UpstreamStrange: {
			title: "钉钉返回了异常结果",
			lead:  "我们无法理解钉钉关于您的答复。为安全起见，遇到这样的答复，我们不放行任何人。",
			advice: []string{
				"请几分钟后再试。",
				"如果问题持续，请把下方的请求编号告诉管理员。",
			},
			button: "重试",
		},
		NotAdmitted: {
			title: "您不能使用该应用",
			lead:  "我们已确认您的身份，但{app}没有对您开放。",
			advice: []string{
				"如需使用{app}，请联系{contact}为您开通，并提供下方的请求编号。",
				"如果您有多个钉钉账号，请回到{app}，用工作账号重新登录。",
			},
		},
		Unavailable: {
			title: "登录服务暂时不可用",
			lead:  "我们自己的一部分系统没有响应，无法安全地继续。您的账号没有问题。",
			advice: []string{
				"请稍候片刻再试。",
				"如果问题持续，请把下方的请求编号告诉管理员。",
			},
			button: "重试",
		},
		TooManyRequests: {
			title: "同时登录的人太多",
			lead:  "此刻开始的登录超过了我们一次能处理的数量：可能来自所有人，也可能来自您所在的网络，或者仅仅来自您的浏览器。",
			advice: []string{
				"请等一分钟再试。",
				"如果浏览器在来到这里之前反复跳转，说明{app}每次都把您送回来：请关闭它的标签页，并把下方的请求编号告诉{app}的维护人员。",
				"如果同事也看到这个页面，请把下方的请求编号告诉管理员。",
			},
			button: "重试",
		},
		TooLarge: {
			title: "请求过大",
			lead:  "这个请求远远超过登录所需的大小，我们没有读取。",
			advice: []string{
				"请回到{app}，重新登录。",
				"如果问题仍然出现，请把下方的请求编号告诉{app}的维护人员。",
			},
		},
		MethodNotAllowed: {
			title: "不能以这种方式访问此地址",
			lead:  "此地址存在，但不接受这种请求。",
			advice: []string{
				"请回到{app}，重新登录。",
			},
		},
		NotFound: {
			title: "页面不存在",
			lead:  "地址有误，或者这个页面从未存在。",
			advice: []string{
				"如需登录，请打开您要使用的应用，在那里登录。",
			},
		},
		Internal: {
			title: "我们这边出了问题",
			lead:  "本登录服务出现故障，没能给出答复。您的账号没有问题。",
			advice: []string{
				"请回到{app}再试一次。",
				"如果问题仍然出现，请把下方的请求编号告诉管理员。",
			},
			button: "重试",
		},
		Home: {
			title: "这里是登录服务",
			goOn:  "退出登录：此处或所有地方",
			lead:  "各个应用会把您带到这里用钉钉登录，然后再带您回去。您无需自己打开这个页面。",
			advice: []string{
				"请打开您要使用的应用，在那里登录。",
			},
		},
	}),
}
