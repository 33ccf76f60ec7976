package config

import (
	"errors"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Duration is written as Go writes them, with d for days: 90s, 12h, 1d12h.
type Duration time.Duration

var (
	errDuration = errors.New("is not a duration")
	days        = regexp.MustCompile(`^([0-9]{1,6})d(.*)$`)
)

// UnmarshalText reads a duration; a negative one is refused.
func (d *Duration) UnmarshalText(text []byte) error {
	rest, whole := string(text), time.Duration(0)
	if m := days.FindStringSubmatch(rest); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 100*365 {
			return errDuration
		}
		whole, rest = time.Duration(n)*24*time.Hour, m[2]
		if rest == "" {
			*d = Duration(whole)
			return nil
		}
	}
	part, err := time.ParseDuration(rest)
	if err != nil || part < 0 || whole+part < 0 {
		return errDuration
	}
	*d = Duration(whole + part)
	return nil
}

// String is as it can be written, days first.
func (d Duration) String() string {
	const day = 24 * time.Hour
	whole, rest := time.Duration(d)/day, time.Duration(d)%day
	switch {
	case whole == 0:
		return short(rest)
	case rest == 0:
		return strconv.FormatInt(int64(whole), 10) + "d"
	default:
		return strconv.FormatInt(int64(whole), 10) + "d" + short(rest)
	}
}

// short leaves out the units of which there are none at the end: 10m, not 10m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// A StorageURL may hold a password. String and LogValue hide it; convert it to a
// string to open the store.
type StorageURL string

// String is the scheme, host and path: no user, password or query.
func (s StorageURL) String() string {
	u, err := url.Parse(string(s))
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return "(hidden)" // who knows which part is the password
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// GoString hides what String hides.
func (s StorageURL) GoString() string { return strconv.Quote(s.String()) }

// LogValue hides what String hides.
func (s StorageURL) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Scheme is what stands before the colon.
func (s StorageURL) Scheme() string {
	scheme, _, _ := strings.Cut(string(s), "://")
	return scheme
}
