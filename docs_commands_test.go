package dingbridge_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Every command of ours that a document tells is one that the program has, with flags that
// it takes: somebody types them at night, when nothing else works either.

var (
	told   = regexp.MustCompile("(?m)(?:`|^ *(?:\\$ )?|sudo -u dingbridge |/|\\| |&& )dingbridge ([a-z][^`\n|>&;)]*)")
	option = regexp.MustCompile(`(?:^|\s)(--[a-z-]+)`)
)

func TestDocumentsTellCommandsThatExist(t *testing.T) {
	dingbridge := build(t)
	help := map[string]string{}
	ask := func(verbs ...string) string {
		name := strings.Join(verbs, " ")
		if _, asked := help[name]; !asked {
			out, err := exec.CommandContext(t.Context(), dingbridge, append(verbs, "--help")...).CombinedOutput()
			if err != nil {
				out = nil
			}
			help[name] = string(out)
		}
		return help[name]
	}
	commands := 0
	for file, text := range documents(t) {
		for _, match := range told.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(match[1])
			if strings.HasSuffix(words[0], "/") {
				continue // the program is copied to a folder
			}
			if !has(ask(), words[0]) {
				t.Errorf("%s tells `dingbridge %s`: there is no command %s", file, match[1], words[0])
				continue
			}
			commands++
			verbs := words[:1]
			if len(words) > 1 && regexp.MustCompile(`^[a-z-]+$`).MatchString(words[1]) && strings.Contains(ask(words[0]), "Available Commands:") {
				if !has(ask(words[0]), words[1]) {
					t.Errorf("%s tells `dingbridge %s`: %s has no %s", file, match[1], words[0], words[1])
					continue
				}
				verbs = words[:2]
			}
			text := ask(verbs...)
			for _, f := range option.FindAllStringSubmatch(match[1], -1) {
				if !regexp.MustCompile(regexp.QuoteMeta(f[1]) + `\b`).MatchString(text) {
					t.Errorf("%s tells `dingbridge %s`: it takes no %s", file, match[1], f[1])
				}
			}
		}
	}
	if commands < 100 {
		t.Errorf("only %d commands found; the expression above is out of date", commands)
	}
}

// has tells whether a help text lists a command.
func has(help, command string) bool {
	return command == "help" || regexp.MustCompile(`(?m)^  `+regexp.QuoteMeta(command)+` `).MatchString(help)
}
