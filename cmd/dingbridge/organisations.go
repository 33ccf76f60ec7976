package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/login"
)

// readOrganisations reads the secrets of every organisation's apps and makes a client
// of DingTalk for each. An organisation whose ids or file names are missing is passed
// over: that fault has been told.
func (m *materials) readOrganisations(doc *config.Document) (faults config.Faults) {
	for i, o := range m.config.DingTalk.Organisations {
		at := fmt.Sprintf("dingtalk.organisations[%d]", i)
		half := (o.ScanApp.AppID == "") != (o.ScanApp.AppSecretFile == "")
		if o.CorpID == "" || o.ClientID == "" || o.ClientSecretFile == "" || half {
			continue
		}
		m.appLooks = append(m.appLooks, reread(doc, o.ClientSecretFile, o.ScanApp.AppSecretFile)())
		secrets, wrong := readAppSecrets(doc, i, o)
		if len(wrong) > 0 {
			faults = append(faults, wrong...)
			continue
		}
		upstream, err := newUpstream(m.config.DingTalk, o, secrets, m.log, m.telemetry.Calls(o.CorpID))
		if err != nil {
			faults = append(faults, doc.Fault(at, err.Error(), "copy the values from DingTalk's developer console"))
			continue
		}
		m.upstreams = append(m.upstreams, upstream)
		if m.config.Leavers.Stream {
			m.ears = append(m.ears, newEar(m.config.DingTalk, o, secrets.app, m.log))
		}
	}
	return faults
}

// organisations are those whose people may log in, as the provider takes them.
func (m *materials) organisations() []provider.Organisation {
	var all []provider.Organisation
	for i, o := range m.config.DingTalk.Organisations {
		domains, verified := m.config.EmailDomainsOf(o)
		one := provider.Organisation{CorpID: o.CorpID, Name: o.Name, Upstream: m.upstreams[i],
			EmailDomains: domains, VerifiedEmailDomains: verified}
		for _, way := range o.Ways {
			one.Ways = append(one.Ways, login.Way(way))
		}
		all = append(all, one)
	}
	return all
}

// scriptPath is where the script host has the one version of DingTalk's script that
// the page inside its client was made for.
const scriptPath = "/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"

func inAppScript(d config.DingTalk) provider.InAppScript {
	return provider.InAppScript{URL: d.Endpoints.Script + scriptPath, Integrity: d.ScriptIntegrity}
}

// appSecrets are those of one organisation's apps.
type appSecrets struct {
	app     string
	scanApp string // empty: there is none, and the app signs
}

func newUpstream(d config.DingTalk, o config.Organisation, secrets appSecrets, log *slog.Logger, observe func(context.Context, dingtalk.Sent)) (*dingtalk.Client, error) {
	hosts := d.EndpointsOf(o)
	return dingtalk.New(dingtalk.Config{
		CorpID:        o.CorpID,
		ClientID:      o.ClientID,
		ClientSecret:  secrets.app,
		ScanAppID:     o.ScanApp.AppID,
		ScanAppSecret: secrets.scanApp,
		Endpoints:     dingtalk.Endpoints{Login: hosts.Login, API: hosts.API, OAPI: hosts.OAPI},
		Timeout:       duration(d.Timeout),
		Log:           log,
		Observe:       observe,
	})
}
