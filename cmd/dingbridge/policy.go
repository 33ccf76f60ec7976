package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider"
)

func policyTestCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.Policy
	cmd := &cobra.Command{
		Use:   "test --client ID --as WHO",
		Short: "Tell what a login would come to: let in or not, why, and with which claims",
		Long: `Tell what a login of somebody by an app would come to at this moment, and why. DingTalk is
asked about the person, also about one who never logged in; nothing is written. The
claims are those of an app that asks for every scope that it may; a nickname is
known only after a login.

` + whoIs + `

The exit status is 0 if they would be let in, else 1.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Client == "" || o.As == "" {
				return fmt.Errorf("%w: --client and --as are needed", errUsage)
			}
			var test provider.PolicyTest
			err := asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (provider.PolicyTest, error) {
				var err error
				test, err = server.TestPolicy(cmd.Context(), o)
				return test, err
			}, writePolicy)(cmd, args)
			switch {
			case err != nil:
				return err
			case test.Undecided:
				return errors.New("the login could not be decided, and would have to be tried again")
			case !test.Admitted:
				return errors.New("the login would be refused")
			}
			return nil
		},
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.Client, "client", "", "the app, by its `id` in clients.yaml")
	cmd.Flags().StringVar(&o.As, "as", "", "`who` would log in")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func writePolicy(w io.Writer, t provider.PolicyTest) error {
	username := t.Person.Username
	if !t.Known {
		username = "would be " + username + " (never logged in)"
	}
	rules := strings.Join(t.Rules, ", ")
	if rules == "" {
		rules = "none: allow is empty, so that nobody gets in"
	}
	if t.Why == provider.WhyRule {
		rules = ""
	}
	answer := [][2]string{
		{t.Client, decisionText(t.ClientView, false)}, {"rules", rules}, {"DingTalk", t.Detail}, {"person", t.Person.Subject}, {"username", username},
		{"userid", t.Person.UserID}, {"name", t.Person.Name}, {"departments", departmentsText(t.Person)}, {"roles", rolesText(t.Person)},
		{"groups", groupsText(t.ClientView)},
	}
	if err := rows(w, answer...); err != nil {
		return err
	}
	if !t.Admitted {
		return nil
	}
	for _, part := range []struct {
		title string
		json  json.RawMessage
	}{{"ID token", t.IDToken}, {"userinfo", t.UserInfo}} {
		var text bytes.Buffer
		if err := json.Indent(&text, part.json, "", "  "); err != nil {
			return fmt.Errorf("printing the claims: %w", err)
		}
		if err := line(w, "\n%s:\n%s", part.title, text.String()); err != nil {
			return err
		}
	}
	return nil
}
