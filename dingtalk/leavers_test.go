package dingtalk

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// left collects what Leavers tells.
func left(t *testing.T, c *Client, since, until time.Time) ([]string, error) {
	t.Helper()
	var all []string
	err := c.Leavers(t.Context(), since, until, func(userID string, left time.Time) error {
		all = append(all, userID+" "+left.UTC().Format(time.RFC3339))
		return nil
	})
	return all, err
}

func TestLeavers(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallLeavers, `GET /v1.0/contact/empLeaveRecords?endTime=2026-07-01T00%3A00%3A01Z&maxResults=50&nextToken=0&startTime=2026-06-01T00%3A00%3A00Z x-acs `+appTokenValue, leaversJSON)
	c := dial(t, u)
	// Parts of a second are not lost at either end, and whose clock it was does not matter.
	shanghai := time.FixedZone("CST", 8*3600)
	all, err := left(t, c, june.Add(900*time.Millisecond).In(shanghai), june.AddDate(0, 1, 0).Add(time.Millisecond).In(shanghai))
	if err != nil || !slices.Equal(all, []string{userID + " 2026-06-06T11:47:37Z"}) {
		t.Errorf("%v, %v", all, err)
	}
	for _, until := range []time.Time{june, june.Add(-time.Hour)} {
		if all, err := left(t, c, june, until); all != nil || err != nil || u.asked(CallLeavers) != 1 {
			t.Errorf("%v, %v: asked about no time", all, err)
		}
	}
}

func TestLeavers_PagesAndSpans(t *testing.T) {
	u := newUpstream()
	var asked []string
	u.handle(CallLeavers, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("startTime")+" "+q.Get("endTime")+" "+q.Get("nextToken"))
		next := map[string]string{"0": `"nextToken":"A",`, "A": `"nextToken":"B",`}[q.Get("nextToken")]
		fmt.Fprintf(w, `{%s"records":[{"userId":"%s","leaveTime":"2026-06-06T11:47:37Z"}]}`, next, q.Get("startTime")[:4]+q.Get("nextToken"))
	})
	all, err := left(t, dial(t, u), june.AddDate(-2, 0, 0), june)
	if err != nil || len(all) != 6 || !strings.HasPrefix(all[0], "20240") || !strings.HasPrefix(all[5], "2025B") {
		t.Errorf("%v, %v", all, err)
	}
	want := []string{
		"2024-06-01T00:00:00Z 2025-06-01T00:00:00Z 0", "2024-06-01T00:00:00Z 2025-06-01T00:00:00Z A", "2024-06-01T00:00:00Z 2025-06-01T00:00:00Z B",
		"2025-06-01T00:00:00Z 2026-06-01T00:00:00Z 0", "2025-06-01T00:00:00Z 2026-06-01T00:00:00Z A", "2025-06-01T00:00:00Z 2026-06-01T00:00:00Z B",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
}

func TestLeavers_End(t *testing.T) {
	endless := func(next func(int) string) (*upstream, *int) {
		u, n := newUpstream(), 0
		u.handle(CallLeavers, func(w http.ResponseWriter, _ *http.Request) {
			n++
			fmt.Fprintf(w, `{"nextToken":"%s","records":[{"userId":"a","leaveTime":"2026-06-06T11:47:37Z"}]}`, next(n))
		})
		return u, &n
	}
	t.Run("pages without end", func(t *testing.T) {
		u, n := endless(func(n int) string { return fmt.Sprint("t", n) })
		all, err := left(t, dial(t, u), june, june.AddDate(0, 1, 0))
		if want(t, err, ReasonStrange); *n != leaversPages || len(all) != leaversPages {
			t.Errorf("%d pages", *n)
		}
	})
	t.Run("in a circle", func(t *testing.T) {
		u, n := endless(func(int) string { return "t" })
		_, err := left(t, dial(t, u), june, june.AddDate(0, 1, 0))
		if want(t, err, ReasonStrange); *n != 2 {
			t.Errorf("%d pages", *n)
		}
	})
	t.Run("an empty page is the last", func(t *testing.T) {
		u := newUpstream()
		u.answer(CallLeavers, 200, `{"nextToken":"t","records":[]}`)
		if all, err := left(t, dial(t, u), june, june.AddDate(0, 1, 0)); err != nil || all != nil || u.asked(CallLeavers) != 1 {
			t.Errorf("%v, %v", all, err)
		}
	})
	t.Run("the caller has enough", func(t *testing.T) {
		enough := errors.New("enough")
		u, n := endless(func(n int) string { return fmt.Sprint("t", n) })
		if err := dial(t, u).Leavers(t.Context(), june, june.AddDate(0, 1, 0), func(string, time.Time) error { return enough }); err != enough || *n != 1 {
			t.Errorf("%v after %d pages", err, *n)
		}
	})
	t.Run("too long a time", func(t *testing.T) {
		u := newUpstream()
		_, err := left(t, dial(t, u), time.Time{}, june)
		if want(t, err, ReasonStrange); u.asked(CallLeavers) != 0 {
			t.Error("asked")
		}
	})
}

func TestLeavers_OddRecords(t *testing.T) {
	record := `{"userId":"a","leaveTime":"2026-06-06T11:47:37Z"}`
	for name, body := range map[string]string{
		"no records":      `{}`,
		"null":            `{"records":null}`,
		"one record":      `{"records":` + record + `}`,
		"a string":        `{"records":["a"]}`,
		"no userid":       `{"records":[{"leaveTime":"2026-06-06T11:47:37Z"}]}`,
		"empty userid":    `{"records":[{"userId":"","leaveTime":"2026-06-06T11:47:37Z"}]}`,
		"userid a number": `{"records":[{"userId":1,"leaveTime":"2026-06-06T11:47:37Z"}]}`,
		"other letters":   `{"records":[{"userid":"a","leaveTime":"2026-06-06T11:47:37Z"}]}`,
		"no time":         `{"records":[{"userId":"a"}]}`,
		"time a number":   `{"records":[{"userId":"a","leaveTime":1780000000000}]}`,
		"no such day":     `{"records":[{"userId":"a","leaveTime":"2026-02-30T11:47:37Z"}]}`,
		"one of two odd":  `{"records":[` + record + `,{"userId":"b"}]}`,
		"userid twice":    `{"records":[{"userId":"a","userId":"b","leaveTime":"2026-06-06T11:47:37Z"}]}`,
		"too many":        `{"records":[` + strings.Repeat(record+",", leaversPage) + record + `]}`,
		"next a number":   `{"nextToken":5,"records":[` + record + `]}`,
		"next odd":        `{"nextToken":"a b","records":[` + record + `]}`,
	} {
		if records, next, fault := decodeLeavers(200, []byte(body)); fault == nil || records != nil || next != "" {
			t.Errorf("%s: %v %q, %v", name, records, next, fault)
		}
	}
	mutate(t, `{"nextToken":"DCCD7A656FFA6F07",`+leaversJSON[1:], func(member, kind, body string) {
		records, next, fault := decodeLeavers(200, []byte(body))
		if fault != nil || member == "userId" && anotherWord("", kind) || member == "userId" && kind == `"null"` {
			return
		}
		if next != "DCCD7A656FFA6F07" && member != "nextToken" || len(records) != 1 && member != "records" ||
			len(records) == 1 && (records[0].userID != userID || records[0].left.Unix() != 1780746457) {
			t.Errorf("%s %s: %v %q from %s", member, kind, records, next, body)
		}
	})
}
