package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes (promise M1).
const (
	exitOK    = 0
	exitFault = 1
	exitUsage = 2
)

var errUsage = errors.New("wrong command line")

// run does what args say and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	root := commands()
	root.SetArgs(sessionAside(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	began := false // what fails before a command begins is the command line's fault
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	cmd, err := root.ExecuteC()
	switch {
	case err == nil:
		return exitOK
	case !began || errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "dingbridge: %v\nsee `%s --help`\n", err, cmd.CommandPath())
		return exitUsage
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(stderr, "dingbridge: %s\n", line)
	}
	return exitFault
}

// needsVerb is what a command that only groups others does.
func needsVerb(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: unknown command %q for %q", errUsage, args[0], cmd.CommandPath())
	}
	return fmt.Errorf("%w: %q needs one of its commands", errUsage, cmd.CommandPath())
}

// flagsAlone is for commands that take nothing else. A file named without its flag is
// the likeliest slip.
func flagsAlone(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("config") != nil:
		return fmt.Errorf("%w: %q does not belong here; name the file with --config", errUsage, args[0])
	}
	return fmt.Errorf("%w: %q does not belong here", errUsage, args[0])
}
