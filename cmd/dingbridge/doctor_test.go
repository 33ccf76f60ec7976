package main

import (
	"slices"
	"testing"
)

func TestDoctor(t *testing.T) { scripts(t, "doctor-*") }

func TestLanguages(t *testing.T) {
	for name, test := range map[string]struct {
		asked string
		env   map[string]string
		want  []string
	}{
		"nothing said":          {"", nil, []string{"zh", "en"}},
		"asked":                 {"en", map[string]string{"LANG": "zh_CN.UTF-8"}, []string{"en"}},
		"LANG":                  {"", map[string]string{"LANG": "zh_CN.UTF-8"}, []string{"zh"}},
		"LC_ALL before LANG":    {"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB"}, []string{"en"}},
		"LC_MESSAGES before it": {"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en"}, []string{"en"}},
		"C":                     {"", map[string]string{"LANG": "C.UTF-8"}, []string{"zh", "en"}},
		"another":               {"", map[string]string{"LANG": "de_DE"}, []string{"zh", "en"}},
		"one that begins alike": {"", map[string]string{"LANG": "enm_GB"}, []string{"zh", "en"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := languagesOf(test.asked, func(name string) string { return test.env[name] })
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if _, err := languagesOf("fr", func(string) string { return "" }); err == nil {
		t.Error("French was taken")
	}
}
