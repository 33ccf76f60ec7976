package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/keys"
)

func statusCommand() *cobra.Command {
	var target adminTarget
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the running server stands: replicas, storage, DingTalk, keys, events, leavers",
		Long: `Show how the running server stands, as this replica knows it: replicas, storage, signing
keys, and of each organisation the calls to DingTalk, its events, and the search for
leavers. It makes one write to the storage, of a key that ends by itself, and asks
DingTalk nothing.

The exit status is 0 if all is well. It is 1 if something is to be looked at: on
standard error each trouble is a line, with its remedy.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			var told admin.Status
			err := asking(&target, &asJSON, func(cmd *cobra.Command, server *admin.Client, _ []string) (admin.Status, error) {
				var err error
				told, err = server.Status(cmd.Context())
				return told, err
			}, writeStatus)(cmd, args)
			if err != nil {
				return err
			}
			var all []error
			for _, trouble := range told.Troubles {
				all = append(all, errors.New(trouble.Text+"; "+trouble.Remedy))
			}
			return errors.Join(all...)
		},
	}
	target.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return cmd
}

func writeStatus(w io.Writer, s admin.Status) error {
	state := "serves"
	if s.Draining {
		state = "is ending"
	}
	all := [][2]string{
		{"server", fmt.Sprintf("%s, %s for %s", s.Version, state, span(time.Duration(s.Seconds*float64(time.Second))))},
		{"issuer", s.Issuer},
		{"replicas", replicasText(s.Replicas)},
	}
	for _, r := range s.Replicas.Each {
		name := r.Name
		if name == s.Replicas.Self {
			name += " (this one)"
		}
		all = append(all, [2]string{"", name + " since " + moment(r.Since)})
	}
	all = append(all, [2]string{"storage", storageText(s.Storage)})
	name := "keys"
	for _, k := range s.Keys.Each {
		if k.State == keys.Signing || k.State == keys.Next {
			all = append(all, [2]string{name, fmt.Sprintf("%s %s %s, signs from %s", k.Alg, k.KID, k.State, moment(k.SignsFrom))})
			name = ""
		}
	}
	for _, o := range s.Organisations {
		all = append(all, organisationRows(o)...)
	}
	read := fmt.Sprintf("%d, read %s", s.Clients.Count, moment(s.Clients.Read))
	if !s.Clients.Rejected.IsZero() {
		read += "; what was written since has a fault"
	}
	all = append(all, [2]string{"clients", read}, [2]string{"limits hit", hitText(s.LimitsHit)},
		[2]string{"events waiting", fmt.Sprint(s.HintsHeld)})
	return rows(w, all...)
}

func replicasText(r admin.Replicas) string {
	count := fmt.Sprint(r.Alive)
	switch {
	case !r.Away.IsZero():
		count = fmt.Sprintf("not known since %s; %d before", moment(r.Away), r.Alive)
	case r.Alive == 0:
		count = "1"
	}
	return fmt.Sprintf("%s; this one makes %.3g of %.3g calls of a kind to DingTalk in a second", count, r.Share, r.Whole)
}

func storageText(s admin.Storage) string {
	if !s.Answers {
		return s.Kind + ", " + s.Fault
	}
	return fmt.Sprintf("%s, one trip with a write takes %.1f ms", s.Kind, s.Millis)
}

// organisationRows are those of one organisation.
func organisationRows(o admin.OrganisationStatus) [][2]string {
	all := [][2]string{{"organisation", strings.TrimSpace(o.CorpID + " " + o.Name)}}
	name := "  dingtalk"
	for _, c := range o.Calls {
		text := c.Name + ": answered " + ago(c.Answered)
		if c.Fails > 0 {
			text = fmt.Sprintf("%s: FAILS since %s, %s, %s; answered %s", c.Name, moment(c.Failing), counted(c.Fails, "time"), c.Reason, ago(c.Answered))
		}
		all, name = append(all, [2]string{name, text}), ""
	}
	if len(o.Calls) == 0 {
		all = append(all, [2]string{name, "not asked yet"})
	}
	return append(all, [2]string{"  events", streamText(o.Stream)}, [2]string{"  leavers", leaversText(o)})
}

func streamText(e *admin.Stream) string {
	switch {
	case e == nil:
		return "not heard: leavers.stream is off"
	case !e.Connected && e.Since.IsZero():
		return "no connection yet"
	case !e.Connected:
		return "NO CONNECTION since " + moment(e.Since)
	}
	last := "none came yet"
	if !e.LastEvent.IsZero() {
		last = "the last came " + ago(e.LastEvent)
	}
	return fmt.Sprintf("connected since %s; %s, %s", moment(e.Since), counted(int(e.Events), "event"), last)
}

func leaversText(o admin.OrganisationStatus) string {
	l := o.Leavers
	if l.Fault != "" {
		return "not known"
	}
	swept := "everybody was last asked about " + ago(l.Complete)
	if l.Complete.IsZero() {
		swept = "no sweep has come to its end yet"
	}
	if l.Sweeping {
		swept += ", and is asked about again since " + moment(l.Began)
	}
	brake := fmt.Sprintf("brake off, %d removed within the last hour of at most %d", l.Brake.Removed, l.Brake.Limit)
	if !l.Brake.Engaged.IsZero() {
		brake = "BRAKE ON since " + moment(l.Brake.Engaged)
	}
	if l.DryRun {
		brake += "; a dry run: nobody is removed"
	}
	return swept + "; " + brake
}

func hitText(hit map[string]int) string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(hit)) {
		all = append(all, fmt.Sprintf("%s %d", reason, hit[reason]))
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

// ago is a moment, and how long ago by the clock of whoever looks.
func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return fmt.Sprintf("%s (%s ago)", moment(t), span(time.Since(t)))
}

// span is a length of time as people say it, in its two largest units.
func span(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	days, hours, minutes, seconds := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60, d/time.Second%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}
