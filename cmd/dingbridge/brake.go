package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider"
)

func brakeShowCommand() *cobra.Command {
	return brakeVerb("show", "Show whether removals are stopped, and how many there were",
		"Show whether the removals of an organisation are stopped, and how many there were within the last hour.", (*admin.Client).Brake)
}

func brakeConfirmCommand() *cobra.Command {
	return brakeVerb("confirm", "Say that so many people have left indeed: removals go on",
		`Say that so many people have left indeed. For an hour removals go on, whatever their number,
and everybody is asked about once more. Look first with 'leavers sweep --dry-run' who
that is.`, (*admin.Client).ConfirmBrake)
}

func brakeReleaseCommand() *cobra.Command {
	return brakeVerb("release", "Take the brake off and count removals from none",
		`Take the brake off and count removals from none: what made it stop is put right, and
nobody is to be removed for it.`, (*admin.Client).ReleaseBrake)
}

func brakeVerb(use, short, long string, do func(*admin.Client, context.Context, admin.Organisation) (provider.BrakeView, error)) *cobra.Command {
	var target adminTarget
	var asJSON bool
	var o admin.Organisation
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: flagsAlone,
		RunE: asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (provider.BrakeView, error) {
			return do(server, cmd.Context(), o)
		}, writeBrake),
	}
	target.flags(cmd)
	cmd.Flags().StringVar(&o.Organisation, "organisation", "", "which, by its `corpId`, where there are several")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func writeBrake(w io.Writer, v provider.BrakeView) error {
	organisation, state, known := v.CorpID, "off: removals go on", fmt.Sprintf("%d people", v.Known)
	if v.Known == 0 {
		known = "not counted yet; they are before the brake engages"
	}
	if v.Organisation != "" {
		organisation += " " + v.Organisation
	}
	switch {
	case !v.Engaged.IsZero():
		state = "ENGAGED since " + moment(v.Engaged) + ": nobody is removed; `dingbridge brake confirm` if so many have left, `release` if not"
	case !v.Confirmed.IsZero():
		state = "confirmed: all removals go on until " + moment(v.Confirmed)
	}
	return rows(w, [2]string{"organisation", organisation}, [2]string{"brake", state},
		[2]string{"removed", fmt.Sprintf("%d within the last hour; it engages at more than %d", v.Removed, v.Limit)},
		[2]string{"known", known})
}
