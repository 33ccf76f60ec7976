package config

// Config is config.yaml.
//
// Every scalar can also be given by an environment variable: DINGBRIDGE_ and the
// path in capitals, joined by underscores, such as DINGBRIDGE_ISSUER or
// DINGBRIDGE_DINGTALK_ORGANISATIONS_0_CLIENT_SECRET_FILE. A list of texts is given
// whole, separated by commas. The variable prevails over the file.
//
// File names are taken from the folder of config.yaml.
type Config struct {
	// Issuer is the name of this provider and the address where browsers and apps
	// reach it, exactly as tokens carry it: https, no trailing slash, no query. It
	// may have a path. Plain http is taken on loopback only, for a trial.
	Issuer string `yaml:"issuer"`

	// Listen is the address to serve on, host:port. Port 0 takes a free one.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`

	// TLS, when given, makes us serve https ourselves; otherwise a proxy does.
	TLS TLS `yaml:"tls"`

	// DrainDelay is how long the server goes on as ever after SIGTERM while /readyz
	// already fails, so that load balancers have noticed before it stops accepting.
	// Where nobody ever asked /readyz it stops at once.
	DrainDelay Duration `yaml:"drain_delay" default:"5s"`

	// Storage says where state lives: redis://, rediss://, redis+sentinel://,
	// redis+cluster:// or, for a single node, bolt:///absolute/path.
	Storage StorageURL `yaml:"storage"`

	// SecretFile holds the provider's secrets, one a line: the first issues, all
	// are accepted. `dingbridge secret new FILE` makes one.
	SecretFile string `yaml:"secret_file"`

	// ClientsFile is clients.yaml. It is read again when it changes.
	ClientsFile string `yaml:"clients_file"`

	// ClientsDir is a folder whose *.yaml files are read as if they stood in
	// ClientsFile, so that each app can have its own. They are read again when
	// anything there changes; with one fault in any of them, none is taken up.
	ClientsDir string `yaml:"clients_dir"`

	DingTalk DingTalk `yaml:"dingtalk"`
	Lives    Lives    `yaml:"lives"`

	Freshness Freshness `yaml:"freshness"`
	Leavers   Leavers   `yaml:"leavers"`
	Keys      Keys      `yaml:"keys"`
	Claims    Claims    `yaml:"claims"`

	// TrustedProxies are the networks (CIDR, or one address) whose
	// X-Forwarded-For is believed. Nobody's, by default.
	TrustedProxies []string `yaml:"trusted_proxies"`

	// AdminSocket is the path of a Unix socket at which this machine's operator asks
	// the server, as `dingbridge keys rotate` does. Whoever runs as the server's user
	// may. None, by default; the folder has to exist.
	AdminSocket string `yaml:"admin_socket"`

	// MetricsListen is the address, host:port, of a second listener for those who look
	// after this server: /metrics, /healthz, /readyz and, below /debug/pprof/, Go's
	// profiles. None, by default. It has no password: keep it on loopback, or on a network
	// that only machines of yours reach.
	MetricsListen string `yaml:"metrics_listen"`
	// MetricsPprof serves the profiles there even if the address is not loopback.
	MetricsPprof bool    `yaml:"metrics_pprof"`
	Tracing      Tracing `yaml:"tracing"`

	Limits   Limits   `yaml:"limits"`
	Log      Log      `yaml:"log"`
	Operator Operator `yaml:"operator"`
}

// TLS is the certificate to serve with. Both files are read again when they
// change; a pair that does not fit leaves the old one in use.
type TLS struct {
	CertFile string `yaml:"cert_file"` // PEM, the leaf first
	KeyFile  string `yaml:"key_file"`  // PEM
}

// DingTalk is the upstream.
type DingTalk struct {
	// Organisations are those whose members may log in. With several, each client
	// names those that it serves.
	Organisations []Organisation `yaml:"organisations"`
	Endpoints     Endpoints      `yaml:"endpoints"`
	// ScriptIntegrity is the hash that browsers compare DingTalk's script with (W3C
	// Subresource Integrity, §3): sha256-, sha384- or sha512- and Base64. Without it
	// they run what the script host sends.
	ScriptIntegrity string `yaml:"script_integrity"`
	// Timeout bounds one call to DingTalk.
	Timeout Duration `yaml:"timeout" default:"5s"`
}

// Organisation is one DingTalk organisation and our app in it.
type Organisation struct {
	CorpID string `yaml:"corp_id"` // corpId, as the developer console shows it
	// Name is how pages call it; if left out, "this organisation". With several,
	// people choose by it.
	Name string `yaml:"name"`
	// ClientID of the internal app (in older consoles: AppKey).
	ClientID string `yaml:"client_id"`
	// ClientSecretFile holds the app's client secret (AppSecret) and nothing else.
	ClientSecretFile string `yaml:"client_secret_file"`
	// Ways are those by which people reach DingTalk, in the order of preference: some
	// of [Ways]. The first that is a whole page also serves whom another fails.
	Ways    []string `yaml:"ways" default:"oauth2"`
	ScanApp ScanApp  `yaml:"scan_app"`
	// Endpoints, where they are other than dingtalk.endpoints, as for DingTalk's
	// international edition.
	Endpoints            OwnEndpoints `yaml:"endpoints"`
	EmailDomains         []string     `yaml:"email_domains"`          // claims.email_domains, of this organisation
	VerifiedEmailDomains []string     `yaml:"verified_email_domains"` // claims.verified_email_domains, of this organisation
}

// ScanApp is an app that was made for the QR login of 2020 alone (its id begins with
// dingoa), for the ways sns and password. Without it these use the internal app.
type ScanApp struct {
	AppID         string `yaml:"app_id"`          // begins with dingoa
	AppSecretFile string `yaml:"app_secret_file"` // the app's secret and nothing else
}

// Endpoints are DingTalk's hosts. Change them to speak to the simulator.
type Endpoints struct {
	Login string `yaml:"login" default:"https://login.dingtalk.com"` // the login page, which browsers go to
	API   string `yaml:"api" default:"https://api.dingtalk.com"`     // the new interfaces
	OAPI  string `yaml:"oapi" default:"https://oapi.dingtalk.com"`   // the old ones, with the directory
	// Script is where browsers inside DingTalk's client load its script from, for the
	// way inapp. No other page of ours loads anything from anywhere.
	Script string `yaml:"script" default:"https://g.alicdn.com"`
}

// OwnEndpoints are the hosts of one organisation; what is empty is the same as for all.
type OwnEndpoints struct {
	Login string `yaml:"login"` // as dingtalk.endpoints.login
	API   string `yaml:"api"`   // as dingtalk.endpoints.api
	OAPI  string `yaml:"oapi"`  // as dingtalk.endpoints.oapi
}

// Lives are how long things live.
type Lives struct {
	Code            Duration `yaml:"code" default:"60s"`             // until the app redeems it
	IDToken         Duration `yaml:"id_token" default:"10m"`         // for clocks that differ, no shorter than a few minutes
	AccessToken     Duration `yaml:"access_token" default:"10m"`     // after it the app refreshes
	RefreshIdle     Duration `yaml:"refresh_idle" default:"14d"`     // from one refresh to the next
	RefreshAbsolute Duration `yaml:"refresh_absolute" default:"90d"` // from the login
	SessionIdle     Duration `yaml:"session_idle" default:"12h"`     // from one login to an app to the next, in one browser
	SessionAbsolute Duration `yaml:"session_absolute" default:"7d"`  // from the login
	// RefreshLeeway is how long the refresh token just spent still yields the same
	// successor, for apps that refresh twice at once or lose the answer.
	RefreshLeeway Duration `yaml:"refresh_leeway" default:"30s"`
}

// Freshness is how old DingTalk's word about a person may be.
type Freshness struct {
	// RecheckAfter: an older answer is renewed before a token is given.
	RecheckAfter Duration `yaml:"recheck_after" default:"10m"`
	// MaxStale: while DingTalk cannot be asked, an answer up to this age will do.
	MaxStale Duration `yaml:"max_stale" default:"1h"`
}

// Leavers says how people who have left are found out, and what keeps a broken answer from
// throwing everybody out.
type Leavers struct {
	// Stream hears DingTalk's events over a connection that this server opens, so that a
	// leaver is out within seconds. In the developer console choose Stream mode, and tick the
	// contact events.
	Stream bool `yaml:"stream" default:"true"`
	// SweepEvery is how often everybody is asked about, beside every use.
	SweepEvery Duration `yaml:"sweep_every" default:"24h"`
	// MostPeople may be removed within an hour. Then removals stop until `dingbridge brake
	// confirm`.
	MostPeople int `yaml:"most_people" default:"20"`
	// MostPercent of those known may be removed within an hour, but never fewer than 3
	// people.
	MostPercent int `yaml:"most_percent" default:"10"`
	// DryRun tells whom events and sweeps would remove, and removes nobody for them. What
	// people do themselves is still checked at each use.
	DryRun bool `yaml:"dry_run"`
}

// Keys is the life of the signing keys.
type Keys struct {
	// RotateEvery is how long a key signs.
	RotateEvery Duration `yaml:"rotate_every" default:"90d"`
	// PublishLead is how long a key is published before it signs: longer than the
	// longest time for which an app keeps our key set.
	PublishLead Duration `yaml:"publish_lead" default:"24h"`
}

// Claims says what tokens tell about a person.
type Claims struct {
	// EmailSources: org_email (the organisation's mailbox) and email (what an
	// administrator typed into the directory), in the order of preference.
	EmailSources []string `yaml:"email_sources" default:"org_email"`
	// EmailDomains are the domains an e-mail claim may have. None: no such claim. With
	// several organisations each has its own.
	EmailDomains []string `yaml:"email_domains"`
	// VerifiedEmailDomains are those of EmailDomains for which the organisation
	// itself gives out addresses, so that email_verified is true.
	VerifiedEmailDomains []string `yaml:"verified_email_domains"`
	// SubstituteEmailDomain is one that the organisation owns and at which nobody has
	// a mailbox. Clients with substitute_email are told <sub>@ it, never verified, of
	// people who have no other e-mail claim.
	SubstituteEmailDomain string `yaml:"substitute_email_domain"`
	// UsernameSources: userid, job_number, org_email (what stands before the @), pinyin
	// (of the name in the directory: zhangsan), in the order of preference. The name is
	// made once and never changes.
	UsernameSources []string `yaml:"username_sources" default:"userid"`
	// ReservedUsernames are never given to anybody, beside the built-in ones.
	ReservedUsernames []string `yaml:"reserved_usernames"`
}

// Limits bound what strangers can make us do.
type Limits struct {
	// LoginsPerSecond is how many logins one replica begins in a second.
	LoginsPerSecond int `yaml:"logins_per_second" default:"100"`
	// DingTalkLoginsPerSecond is how many answers of DingTalk's login page one replica
	// works on in a second. DingTalk grants one app 20 calls of each kind a second:
	// divide them among the replicas.
	DingTalkLoginsPerSecond int `yaml:"dingtalk_logins_per_second" default:"20"`
	// DingTalkCallsPerSecond is what all replicas together may ask DingTalk in a second, of
	// each kind of call. It grants an app 20, with an add-on package 60.
	DingTalkCallsPerSecond int `yaml:"dingtalk_calls_per_second" default:"20"`
	// LoginsPerAddress is how many logins one address may have under way: begun within ten
	// minutes, and not come back. A whole office has one address.
	LoginsPerAddress int `yaml:"logins_per_address" default:"3000"`
	// FailuresPerMinute is how often one address may show wrong secrets, codes and tokens
	// of one app.
	FailuresPerMinute int `yaml:"failures_per_minute" default:"60"`
	// RequestsPerClient is how many requests a second one app may make from one address.
	RequestsPerClient int `yaml:"requests_per_client" default:"1000"`
	// RequestsAtOnce are at work in one replica, half of them logins that DingTalk is asked
	// about.
	RequestsAtOnce int `yaml:"requests_at_once" default:"512"`
	// Connections are open to one replica; of those beyond, the one that has waited longest
	// for a request is closed.
	Connections int `yaml:"connections" default:"4096"`
}

// Log says what is written to standard error.
type Log struct {
	Level  string `yaml:"level" default:"info"`  // debug, info, warn, error
	Format string `yaml:"format" default:"json"` // json, text
}

// Operator is shown on our pages, so that people know whose they are and whom to ask.
type Operator struct {
	Name    string `yaml:"name"`    // at the head of every page; if left out, the organisation's
	Contact string `yaml:"contact"` // an address, a number, a group: any text
	// LogoFile is a picture for the head of every page: PNG, JPEG, WebP or SVG, at most
	// 32 KB.
	LogoFile string `yaml:"logo_file"`
}
