package limits

// A Word names a limit, in the audit log and in metrics. Words are stable.
type Word string

// The words.
const (
	Logins          Word = "logins"
	LoginsOfAddress Word = "logins_of_address"
	Answers         Word = "answers"
	AddressAnswers  Word = "answers_of_address"
	RequestsAtOnce  Word = "requests_at_once"
	LoginsAtOnce    Word = "logins_at_once"
	ClientRequests  Word = "client_requests"
	ClientAtOnce    Word = "client_at_once"
	Circles         Word = "circles"
	Authentications Word = "client_authentications"
	Codes           Word = "codes"
	DeadTokens      Word = "dead_tokens"
	Tokens          Word = "tokens"
	UserCodes       Word = "user_codes"
)

// A Row describes one limit, for documentation.
type Row struct {
	Word    Word
	Of      string // whose it is
	Counts  string
	Setting string // in config.yaml, and what is made of it
	Answer  string
}

// Catalogue lists every limit.
func Catalogue() []Row {
	return []Row{
		{Logins, "the replica", "logins begun, and what is pushed, posted or asked for by devices before anybody has proven anything",
			"`logins_per_second`, ten seconds' worth at once; the last quarter is for addresses that have used less than a tenth of theirs, and are in no IPv6 network of 48 bits that has used as much", "503"},
		{LoginsOfAddress, "an address", "the same, each kind by itself; what apps with a secret push and ask for is not counted. A login that ends with a session, and a device that fetches its tokens, are given back",
			"`logins_per_address` within ten minutes", "429"},
		{Answers, "the replica", "answers of DingTalk that are worked on", "`dingtalk_logins_per_second`; five seconds' worth wait", "503"},
		{AddressAnswers, "an address, and an IPv6 network of 48 bits", "codes that DingTalk does not know. Beyond that its answers are worked on while nobody else needs more than half of the above",
			"`failures_per_minute`, as many at once", "503"},
		{RequestsAtOnce, "the replica", "requests at work, from when they are read to the first byte of the answer; discovery, keys and health are not counted",
			"half of `requests_at_once`", "503"},
		{LoginsAtOnce, "the replica", "logins that DingTalk is asked about, or that wait for that", "the other half", "503"},
		{ClientAtOnce, "an app", "its requests at work", "a quarter of `requests_at_once`", "503"},
		{ClientRequests, "an app, from one address", "its requests with a right secret, and to userinfo with a token of ours", "`requests_per_client` a second, ten seconds' worth at once", "429"},
		{Circles, "an app, in one browser", "authorization requests of a browser that has a session", "120 at once, one more every second", "429"},
		{Authentications, "an app, from one address", "wrong secrets. A secret that was right there within a day is still looked at; of apps that we do not know the address alone counts",
			"`failures_per_minute`, as many at once", "429"},
		{Codes, "an app, from one address", "codes, refresh tokens and device codes that are not ours", "`failures_per_minute`, as many at once", "429"},
		{DeadTokens, "one code or token, shown by one app", "that it was shown after its end", "`failures_per_minute`, as many at once", "429"},
		{Tokens, "an address, and the app that introspects", "access tokens at userinfo and introspection that are not ours, or have expired", "100 times `failures_per_minute`, as many at once", "429"},
		{UserCodes, "an address", "user codes of no device; a person has a limit of their own in storage, 10 within ten minutes", "5 times `failures_per_minute`, as many at once", "429"},
	}
}
