package systemtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestE52_ThousandsOfClientsUnderLoad replaces them again and again while people log in, in
// one file and in a folder, then breaks the file. DINGBRIDGE_LONG=1 does it with 5,000, as
// docs/operations.md tells.
func TestE52_ThousandsOfClientsUnderLoad(t *testing.T) {
	count, times, lanes := 500, 3, 2
	switch {
	case os.Getenv("DINGBRIDGE_LONG") == "1":
		count, times, lanes = 5000, 20, 8
	case testing.Short():
		count, times = 50, 2
	}
	t.Parallel()
	w := newWorld(t, setting{})
	folder := foldered(t, w)
	w.write("clients.d/00-used.yaml", w.entry("used"))
	p := w.serve()
	before, _ := memory(t, p)
	tr := w.drive(t, lanes, func() app { return w.app("used") })
	tr.more(t, 5)

	_, hash := clients.GenerateSecret()
	entry := func(kind string, i, version int) string {
		return fmt.Sprintf("  - {id: "+kind+"-%d, name: App %d of version %d, redirect_uris: [\"https://"+kind+"-%d.example.com/callback\"], secret_hash: %q, allow: everyone}\n", i, i, version, i, hash)
	}
	whole := func(version int) string {
		var text strings.Builder
		text.WriteString("clients:\n")
		for i := range count {
			text.WriteString(entry("app", i, version))
		}
		return text.String()
	}
	swap := func(text string) { // as `dingbridge client add` does
		w.write(".many.tmp", text)
		if err := os.Rename(filepath.Join(w.folder, ".many.tmp"), filepath.Join(folder, "many.yaml")); err != nil {
			t.Fatal(err)
		}
	}
	for version := range times {
		swap(whole(version))
		said(t, p, `"event":"clients.replaced"`, version+1)
	}
	t.Logf("%d clients in one file of %d kB, %s", count, len(whole(0))>>10, replacements(t, p, count))
	after, most := memory(t, p)
	t.Logf("memory: %d MiB before, %d after %d replacements, %d at the most", before, after, times, most)

	swap(whole(0) + "  - {id: broken, colour: red}\n")
	said(t, p, `"event":"clients.rejected"`, 1)
	w.known(t, "one of the clients before the fault", fmt.Sprint("app-", count-1), true)
	if !strings.Contains(p.log(), fmt.Sprintf("many.yaml:%d: clients[%d].colour: ", count+2, count)) {
		t.Error("the place of the fault is not told")
	}
	tr.more(t, 2)

	if err := os.Remove(filepath.Join(folder, "many.yaml")); err != nil {
		t.Fatal(err)
	}
	for i := range count { // a file for each, while the program looks on
		w.write(fmt.Sprintf("clients.d/app-%d.yaml", i), "clients:\n"+entry("own", i, 0))
	}
	for _, i := range []int{0, count / 2, count - 1} {
		w.known(t, "one of the files", fmt.Sprint("own-", i), true)
	}
	t.Logf("%d clients in files of their own; of all: %s", count, replacements(t, p, count))
	after, most = memory(t, p)
	t.Logf("memory: %d MiB, %d at the most", after, most)
	tr.more(t, 2)
	tr.end(t)
}

// replacements tells how long it took to read at least so many clients.
func replacements(t *testing.T, p *process, least int) string {
	t.Helper()
	var all []time.Duration
	for line := range strings.Lines(p.log()) {
		var event struct {
			Event    string  `json:"event"`
			Count    int     `json:"count"`
			Duration float64 `json:"duration_ms"`
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Event == "clients.replaced" && event.Count >= least {
			all = append(all, time.Duration(event.Duration*float64(time.Millisecond)))
		}
	}
	if len(all) == 0 {
		return "never read"
	}
	quickest, most, sum := all[0], all[0], time.Duration(0)
	for _, d := range all {
		quickest, most, sum = min(quickest, d), max(most, d), sum+d
	}
	return fmt.Sprintf("read %d times: in %v to %v, %v on average", len(all), quickest, most, (sum / time.Duration(len(all))).Round(time.Millisecond))
}
