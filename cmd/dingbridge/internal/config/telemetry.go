package config

import (
	"net"
	"net/url"
)

// Tracing says where traces go, and of how many logins.
type Tracing struct {
	// Endpoint is the base URL of a collector that takes OpenTelemetry's protocol (OTLP)
	// over HTTP; /v1/traces is added to it. None: no traces.
	Endpoint string `yaml:"endpoint"`
	// SampleRatio is the part of the logins, and of the requests that belong to none, from
	// 0 to 1. A trusted proxy that sends traceparent decides for itself.
	SampleRatio float64 `yaml:"sample_ratio" default:"0.1"`
}

func (v *validator) telemetry(c *Config) {
	if c.MetricsListen != "" {
		_, number, err := net.SplitHostPort(c.MetricsListen)
		switch {
		case err != nil || (number != "0" && !port(number)):
			v.fault("metrics_listen", "is not host:port", "write it like 127.0.0.1:9090")
		case c.MetricsListen == c.Listen && number != "0":
			v.fault("metrics_listen", "is the address where browsers and apps are served", "name another port")
		}
	} else if c.MetricsPprof {
		v.fault("metrics_pprof", "is without metrics_listen", "name an address there, or take it out")
	}
	t := c.Tracing
	if t.SampleRatio < 0 || t.SampleRatio > 1 {
		v.fault("tracing.sample_ratio", "is not from 0 to 1", "write a number such as 0.1")
	}
	if t.Endpoint == "" {
		if v.at.given("tracing") {
			v.fault("tracing.endpoint", "is missing", "write the collector's address, such as http://127.0.0.1:4318")
		}
		return
	}
	u, err := url.Parse(t.Endpoint)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		v.fault("tracing.endpoint", "is not an address", "write it like http://127.0.0.1:4318")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.fault("tracing.endpoint", "has a user name, query or fragment", "write scheme, host and port alone, or a path with them")
	}
}
