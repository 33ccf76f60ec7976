package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider"
)

func leaversSweepCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.Sweep
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Ask DingTalk about everybody now, and remove who has left",
		Long: `Ask DingTalk about everybody whom the server knows, now, and remove who has left, within
what the brake allows. With --dry-run nobody is removed: it says who would be.

It may take long: DingTalk grants an app about 20 questions a second. Who leaves the
command does not end the sweep; how it ended is in the audit log (sweep.finished).
The exit status is 1 if it did not come to its end.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			cmd.SetContext(ctx)
			var done provider.SweepView
			err := asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (provider.SweepView, error) {
				var err error
				done, err = server.Sweep(cmd.Context(), o)
				return done, err
			}, writeSweep)(cmd, args)
			switch {
			case err != nil && errors.Is(ctx.Err(), context.Canceled):
				return errors.New("left; if the sweep had begun it goes on, and ends with sweep.finished in the audit log")
			case err != nil:
				return err
			case done.Running:
				return errors.New("the server is ending; how the sweep ends is in the audit log (sweep.finished)")
			case done.Fault != "":
				return fmt.Errorf("the sweep did not come to its end: %s", done.Fault)
			}
			return nil
		},
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.Organisation, "organisation", "", "which, by its `corpId`, where there are several")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "remove nobody, and say who would be")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func writeSweep(w io.Writer, v provider.SweepView) error {
	if v.Running {
		return nil
	}
	gone := "removed"
	withheld := "not removed"
	if v.DryRun {
		gone, withheld = "would be removed", ""
	}
	if v.Withheld == 0 {
		withheld = ""
	}
	answer := [][2]string{
		{"known", strconv.Itoa(v.Known) + " people"},
		{"answered", fmt.Sprintf("%d, in %s", v.Asked, time.Duration(v.Seconds*float64(time.Second)).Round(time.Millisecond))},
		{"no answer", strconv.Itoa(v.Unclear)},
		{gone, strconv.Itoa(v.Gone)},
	}
	if withheld != "" {
		answer = append(answer, [2]string{withheld, fmt.Sprintf("%d whom DingTalk calls gone; the audit log says why (removal.withheld), `dingbridge brake show` too", v.Withheld)})
	}
	for _, s := range v.Subjects {
		answer = append(answer, [2]string{"", s})
	}
	return rows(w, answer...)
}
