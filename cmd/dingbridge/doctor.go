package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/doctor"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/storage/redis"
)

// A doctorOrder is what the command line of doctor says.
type doctorOrder struct {
	file, language string
	json, noIssuer bool
}

func doctorCommand() *cobra.Command {
	var o doctorOrder
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Ask DingTalk, the storage and the issuer whether the first login would get through",
		Long: `Ask DingTalk, the storage and the issuer whether the first login would get
through, and tell what to do where it would not, in Chinese and English or in the
language of --lang or LANG.

DingTalk is shown codes and ids that were made up for it: none of the people's is
used, nothing is changed there or in the storage, and no secret is printed. Run it on
every machine that serves, as the service's user. The exit status is 1 if there is a
fault; warnings and what cannot be seen from here leave it 0.`,
		Args: flagsAlone,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			languages, err := languagesOf(o.language, os.Getenv)
			if err != nil {
				return err
			}
			return examine(ctx, o, languages, os.Environ(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.file, "config", "config.yaml", "the `file` to read")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the findings as JSON, in both languages")
	cmd.Flags().StringVar(&o.language, "lang", "", "print `zh` or en alone")
	cmd.Flags().BoolVar(&o.noIssuer, "no-issuer", false, "do not ask the issuer, as before the server runs")
	return cmd
}

// languagesOf are those to print in: the one asked for, else that of the environment
// (POSIX: LC_ALL, then LC_MESSAGES, then LANG), else both.
func languagesOf(asked string, getenv func(string) string) ([]string, error) {
	both := []string{doctor.Chinese, doctor.English}
	if asked != "" {
		if !slices.Contains(both, asked) {
			return nil, fmt.Errorf("%w: --lang %q is none of zh, en", errUsage, asked)
		}
		return []string{asked}, nil
	}
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	for _, language := range both {
		if locale == language || strings.HasPrefix(locale, language+"_") || strings.HasPrefix(locale, language+".") {
			return []string{language}, nil
		}
	}
	return both, nil
}

// examine reads the files as check does, without opening the storage, and looks at
// what they name.
func examine(ctx context.Context, o doctorOrder, languages, environ []string, out io.Writer) error {
	subject, end, err := subjectOf(ctx, o, environ)
	var report doctor.Report
	if faults, wrong := errors.AsType[config.Faults](err); wrong {
		report = doctor.ConfigFaults(strings.Split(faults.Error(), "\n"))
	} else if err != nil {
		return err
	} else {
		report = doctor.Examine(ctx, subject)
		if err := end(); err != nil {
			return err
		}
	}
	if o.json {
		err = report.JSON(out)
	} else {
		err = report.Text(out, languages...)
	}
	switch n := report.Count(doctor.Fault); {
	case err != nil:
		return fmt.Errorf("printing the findings: %w", err)
	case n == 1:
		return errors.New("there is a fault")
	case n > 1:
		return fmt.Errorf("there are %d faults", n)
	}
	return nil
}

// subjectOf makes of the files what doctor looks at. end closes what was opened.
func subjectOf(ctx context.Context, o doctorOrder, environ []string) (s doctor.Subject, end func() error, err error) {
	doc, err := config.Load(o.file, environ)
	if doc == nil {
		return s, nil, err
	}
	storageURL := doc.Config.Storage
	doc.Config.Storage = "" // not opened as a storage: that would write, and a server may hold the file
	m, faults := gather(ctx, doc, slog.New(slog.DiscardHandler))
	if err = config.Also(err, faults); err != nil {
		return s, nil, err
	}
	c := doc.Config
	s = doctor.Subject{
		ConfigFile:    o.file,
		Issuer:        c.Issuer,
		SkipIssuer:    o.noIssuer,
		Organisations: m.patients(),
		Script:        doctor.Script{URL: inAppScript(c.DingTalk).URL, Integrity: c.DingTalk.ScriptIntegrity},
		Timeout:       duration(c.DingTalk.Timeout),
	}
	if path, err := storageURL.BoltPath(); err == nil {
		s.File = path
		return s, func() error { return nil }, nil
	}
	store, err := redis.Open(ctx, string(storageURL))
	if err != nil {
		return s, nil, config.Faults{doc.Fault("storage", err.Error(), "")}
	}
	s.Redis = store
	return s, store.Close, nil
}

// patients are the organisations as doctor looks at them.
func (m *materials) patients() []doctor.Organisation {
	var all []doctor.Organisation
	for i, o := range m.config.DingTalk.Organisations {
		hosts := m.config.DingTalk.EndpointsOf(o)
		domains, _ := m.config.EmailDomainsOf(o)
		all = append(all, doctor.Organisation{
			CorpID: o.CorpID, Name: o.Name, Client: m.upstreams[i], ScanAppID: o.ScanApp.AppID, Ways: o.Ways,
			Endpoints:   dingtalk.Endpoints{Login: hosts.Login, API: hosts.API, OAPI: hosts.OAPI},
			ReadsEmail:  len(domains) > 0 && slices.Contains(m.config.Claims.EmailSources, "email"),
			ReadsMobile: m.tellsNumbers(),
			Stream:      m.listener(o.CorpID),
		})
	}
	return all
}

// listener is a client of Stream mode that asks whether events could come, and takes none;
// nil if none are to come.
func (m *materials) listener(corpID string) *stream.Client {
	for _, e := range m.ears {
		if c := e.config; c.CorpID == corpID {
			c.Handle = func(context.Context, stream.Event) bool { return false }
			if l, err := stream.New(c); err == nil { // else the app's credentials have a fault, which is found
				return l
			}
		}
	}
	return nil
}

// tellsNumbers tells whether a client may ask for telephone numbers.
func (m *materials) tellsNumbers() bool {
	for c := range m.clients.All() {
		if c.PhoneNumber {
			return true
		}
	}
	return false
}
