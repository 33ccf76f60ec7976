package main

// The sentences of docs/apps.md and docs/apps that are no preset's own, in the languages
// that there are pages in.

type appWords struct {
	index      string // page of all apps, below the root
	folder     string // of one page each
	other      string // how the pages of the other language are linked; %s is the way to its docs
	intro      string // below the title of the index
	title, row string
	loggedInto string
	rendered   string

	command     string // below the command
	email       string // of apps that need an address
	told        string // headings
	registered  string
	proposal    string
	check, know string
	tried       string
	stop        string // ends a sentence
	open, comma string // round the names of tests
	shut, colon string
}

const longTests = "`DINGBRIDGE_LONG=1 go test -run TestE25 ./cmd/dingbridge/internal/systemtest`"

var inEnglish = appWords{
	index: "docs/apps.md", folder: "docs/apps", other: "中文：[%s](%s)\n\n",
	title: "Apps",
	intro: `One command adds an app, and prints its configuration, whole. Each page shows it for one app: what is registered, what the app is told, what
to look at afterwards, and how far it was tried. [Any other app](apps/generic.md) needs a few answers.

- **logged into**: a test starts the app, or the library by which it logs in, with what is printed, and logs in.
  Kubernetes' authenticator and oauth2-proxy are built for it, Spring and Flask-AppBuilder are brought, which takes minutes the first time:
  ` + longTests + `.
- **rendered**: what is printed was made from the app's source and manual, and read by a parser of its format. The app itself was not had
  here. Try it with one person first.
`,
	row:        "| app | preset | | tried |",
	loggedInto: "logged into", rendered: "rendered",
	command: "This writes the entry below to `clients.yaml`, which a running server takes up by itself, and prints the secret, this once, with what follows.\n" +
		"`--allow` says who may log in (everyone, `dept:ID`, `role:ID`, [the name of a group](../clients.md#groups-that-have-names)); without it nobody may.",
	email: "People without an e-mail address cannot use this app. `--substitute-email` gives them one that leads nowhere, made with\n" +
		"`claims.substitute_email_domain` of `config.yaml`; it is off unless you say so.",
	told: "What the app is told", registered: "What is registered", proposal: "A proposal for more, with groups of your own:",
	check: "Check", know: "What to know", tried: "How far it was tried",
	stop: ".", open: " (", comma: ", ", shut: ")", colon: ": ",
}

var inChinese = appWords{
	index: "docs/zh/apps.md", folder: "docs/zh/apps", other: "English: [%s](%s)\n\n",
	title: "应用",
	intro: `一条命令添加一个应用，并打印出完整的应用侧配置。每个应用一页：登记了什么、要告诉应用什么、之后检查什么、实际验证到哪一步。
[其他任何应用](apps/generic.md)只需回答几个问题。打印出来的配置以及其中的注释都是英文，与这里的逐字相同。

- **已登录验证**：有一个测试用打印出来的内容启动这个应用，或者启动它登录所用的库，并真的登录。Kubernetes 的认证器和 oauth2-proxy 要为此编译，
  Spring 和 Flask-AppBuilder 要下载，第一次需要几分钟：
  ` + longTests + `。
- **仅生成**：打印的内容根据该应用的源码和手册写成，并由其格式的解析器读过；这里没有运行过应用本身。请先让一个人试用。
`,
	row:        "| 应用 | 预置名 | | 验证 |",
	loggedInto: "已登录验证", rendered: "仅生成",
	command: "这条命令把下面的条目写入 `clients.yaml`（运行中的服务会自动读取），并打印下文的内容和密钥；密钥只显示这一次。\n" +
		"`--allow` 说明谁可以登录（everyone、`dept:ID`、`role:ID` 或[组名](../clients.md#有名称的组)）；没有它，谁都不能登录。",
	email: "没有邮箱地址的人不能使用这个应用。`--substitute-email` 会给他们一个不通往任何地方的地址，由 `config.yaml` 的\n" +
		"`claims.substitute_email_domain` 生成；不明确写出就不启用。",
	told: "要告诉应用的内容", registered: "登记的内容", proposal: "如果需要更多，可以参考下面的写法，组换成自己的：",
	check: "检查", know: "须知", tried: "验证到哪一步",
	stop: "。", open: "（", comma: "、", shut: "）", colon: "：",
}
