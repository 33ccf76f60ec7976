package config

import (
	"strings"
	"testing"
)

func TestTelemetryValues(t *testing.T) {
	at := func(text string) (Config, string) {
		d, err := Parse("config.yaml", []byte(text), nil)
		var told []string
		if faults, ok := err.(Faults); ok {
			for _, f := range faults {
				if strings.HasPrefix(f.Path, "metrics") || strings.HasPrefix(f.Path, "tracing") {
					told = append(told, f.Path+" "+f.Text)
				}
			}
		}
		return d.Config, strings.Join(told, "; ")
	}
	for _, row := range []struct{ name, text, fault string }{
		{"nothing", "", ""},
		{"all", "metrics_listen: 127.0.0.1:9090\nmetrics_pprof: true\ntracing: {endpoint: 'http://collector:4318', sample_ratio: 0.25}\n", ""},
		{"a whole number", "tracing: {endpoint: 'https://collector.example.com/otlp', sample_ratio: 1}\n", ""},
		{"no port", "metrics_listen: 127.0.0.1\n", "metrics_listen is not host:port"},
		{"the address of all", "listen: 127.0.0.1:8080\nmetrics_listen: 127.0.0.1:8080\n", "metrics_listen is the address where browsers and apps are served"},
		{"profiles of nothing", "metrics_pprof: true\n", "metrics_pprof is without metrics_listen"},
		{"more than all", "tracing: {endpoint: 'http://c:4318', sample_ratio: 1.5}\n", "tracing.sample_ratio is not from 0 to 1"},
		{"less than none", "tracing: {endpoint: 'http://c:4318', sample_ratio: -0.5}\n", "tracing.sample_ratio is not from 0 to 1"},
		{"a text", "tracing: {endpoint: 'http://c:4318', sample_ratio: lots}\n", "tracing.sample_ratio is a text where a number is expected"},
		{"no number", "tracing: {endpoint: 'http://c:4318', sample_ratio: .nan}\n", "tracing.sample_ratio is not a number"},
		{"nowhere", "tracing: {sample_ratio: 0.5}\n", "tracing.endpoint is missing"},
		{"gRPC", "tracing: {endpoint: 'collector:4317'}\n", "tracing.endpoint is not an address"},
		{"a password", "tracing: {endpoint: 'http://a:b@c:4318'}\n", "tracing.endpoint has a user name, query or fragment"},
	} {
		c, fault := at(row.text)
		if fault != row.fault {
			t.Errorf("%s: %q, want %q", row.name, fault, row.fault)
		}
		if row.name == "all" && (c.MetricsListen != "127.0.0.1:9090" || !c.MetricsPprof || c.Tracing.SampleRatio != 0.25) ||
			row.name == "nothing" && c.Tracing.SampleRatio != 0.1 || row.name == "a whole number" && c.Tracing.SampleRatio != 1 {
			t.Errorf("%s: %+v", row.name, c)
		}
	}
	d, err := Parse("config.yaml", nil, []string{"DINGBRIDGE_TRACING_ENDPOINT=http://c:4318", "DINGBRIDGE_TRACING_SAMPLE_RATIO=0.5", "DINGBRIDGE_METRICS_LISTEN=127.0.0.1:0"})
	if c := d.Config; c.Tracing.SampleRatio != 0.5 || c.MetricsListen != "127.0.0.1:0" {
		t.Errorf("from the environment: %+v, %v", c, err)
	}
}
