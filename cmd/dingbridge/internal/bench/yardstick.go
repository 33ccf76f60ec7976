package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A yardstick is the bridge that we compare with, running.
type yardstick struct {
	target
	child *child
}

// buildYardstick builds the module `floor` in the folder dir into another folder.
func buildYardstick(ctx context.Context, dir, into string) (binary string, err error) {
	binary = filepath.Join(into, "floor")
	return binary, command(ctx, filepath.Join(dir, "floor"), "build", "-trimpath", "-o", binary, ".")
}

// startYardstick starts it with one algorithm. temp is where it may write.
func startYardstick(ctx context.Context, binary, alg, temp string) (*yardstick, error) {
	cmd := exec.Command(binary, "bridge", alg)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	c, err := spawn(ctx, "-issuer ", cmd)
	if err != nil {
		return nil, err
	}
	t, err := parseYardstick(c.line)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the yardstick: %w", err), c.stop())
	}
	return &yardstick{t, c}, nil
}

// parseYardstick reads the flags that it prints.
func parseYardstick(line string) (target, error) {
	t := target{name: other, clientID: "bench-ALG", secret: "unused", lax: true}
	words := strings.Fields(line)
	for i := 0; i+1 < len(words); i += 2 {
		name, value, _ := strings.Cut(words[i+1], "=")
		switch {
		case words[i] == "-issuer":
			t.issuer = words[i+1]
		case words[i] == "-pid":
			pid, err := strconv.Atoi(value)
			if err != nil {
				return target{}, fmt.Errorf("%q names no process", words[i+1])
			}
			switch name {
			case "bridge":
				t.server = pid
			case "redis":
				t.redis = pid
			}
		}
	}
	if t.issuer == "" || t.server == 0 || t.redis == 0 {
		return target{}, fmt.Errorf("%q names not its issuer, its bridge and its redis", line)
	}
	return t, nil
}
