package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	o, err := parse(nil, "", io.Discard)
	if err != nil || o.rounds != 3 || !slices.Equal(o.only, parts) || o.middle() != 16 {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = parse([]string{"-c", "4,2", "-alg", "ES256", "-only", "size,start"}, "folder", io.Discard)
	if err != nil || o.rounds != 5 || o.yardstick != "folder" || o.middle() != 4 || !slices.Equal(o.algs, []string{es256}) ||
		!slices.Equal(o.only, []string{partSize, partStart}) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestWrongOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-only nothing":    "-only",
		"-alg none":        "-alg",
		"-c 16,":           "-c",
		"-c 0":             "-c",
		"-c 16,1000":       "-c",
		"-rounds -1":       "-rounds",
		"-d 1h":            "-d",
		"-d 0s":            "-d",
		"-warmup -1s":      "-warmup",
		"-people 0":        "-people",
		"-n 1000000":       "-n",
		"-abandon 3":       "-abandon",
		"-known 0":         "-known",
		"-departments -1":  "-departments",
		"-starts 0":        "-starts",
		"-profile-of tea":  "-profile-of",
		"-what":            "command line",
		"words of no flag": "words",
	} {
		if _, err := parse(strings.Fields(args), "", io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestYardstickSaysWhereItIs(t *testing.T) {
	got, err := parseYardstick("-issuer http://127.0.0.1:5580 -pid bridge=12 -pid redis=13 -pid upstream=14")
	want := target{name: other, issuer: "http://127.0.0.1:5580", server: 12, redis: 13, clientID: "bench-ALG", secret: "unused", lax: true}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, line := range []string{"", "-issuer", "-issuer x -pid bridge=1", "-issuer x -pid bridge=y -pid redis=1", "-pid bridge=1 -pid redis=2"} {
		if got, err := parseYardstick(line); err == nil {
			t.Errorf("%q: %+v", line, got)
		}
	}
}
