package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/storage/redis"
)

// A Subject is what is looked at.
type Subject struct {
	ConfigFile string // that has been read without a fault; empty: none
	Issuer     string
	SkipIssuer bool // do not ask the issuer over the network

	Organisations []Organisation
	Script        Script

	// Redis is an open storage, or nil; File is the path of a bolt file, or empty.
	Redis *redis.Store
	File  string

	Timeout time.Duration // of one request to the issuer or the script host; zero: 5 s
	Fetch   Fetcher       // nil: one that trusts the system's authorities, and no proxy
}

// An Organisation is one DingTalk organisation with our app in it.
type Organisation struct {
	CorpID, Name string
	Client       *dingtalk.Client
	ScanAppID    string   // of an own app for the pages of 2020; empty: the internal app's
	Ways         []string // oauth2, sns, password, frame, inapp
	Endpoints    dingtalk.Endpoints
	Stream       *stream.Client // nil: events are not listened to

	ReadsEmail  bool // claims are to come from the directory's field email
	ReadsMobile bool // a client may ask for the telephone number
}

// Examine looks at everything, in turn. It ends early only when ctx does.
func Examine(ctx context.Context, s Subject) Report {
	if s.Timeout <= 0 {
		s.Timeout = 5 * time.Second
	}
	if s.Fetch == nil {
		s.Fetch = NewFetcher(nil, s.Timeout)
	}
	x := &examination{subject: s}
	if s.ConfigFile != "" {
		x.find("config-ok", values{"file": s.ConfigFile})
	}
	x.storage(ctx)
	for _, o := range s.Organisations {
		(&visit{examination: x, org: o}).all(ctx)
	}
	if slices.ContainsFunc(s.Organisations, func(o Organisation) bool { return slices.Contains(o.Ways, "inapp") }) {
		x.script(ctx)
	}
	if s.SkipIssuer {
		x.find("issuer-skipped", nil)
	} else {
		x.issuer(ctx)
	}
	return x.report
}

// ConfigFaults is the report of an installation whose files cannot be read: one finding
// for each fault, and nothing else was looked at.
func ConfigFaults(faults []string) Report {
	x := &examination{}
	for _, fault := range faults {
		x.find("config-faulty", values{"fault": fault})
	}
	return x.report
}

// values are what stands in the braces of a text.
type values map[string]string

type examination struct {
	subject Subject
	report  Report
}

// find adds a finding of a kind in the catalogue, unless the very same is there.
func (x *examination) find(id string, v values) { x.add(Finding{Kind: kindOf(id), Values: v}) }

func (x *examination) add(f Finding) {
	for name, value := range f.Values {
		f.Values[name] = shown(value)
	}
	if !slices.ContainsFunc(x.report.Findings, func(other Finding) bool { return same(f, other) }) {
		x.report.Findings = append(x.report.Findings, f)
	}
}

// callback is the address to which DingTalk's pages send people back.
func (s Subject) callback() string { return s.Issuer + "/login/callback" }
