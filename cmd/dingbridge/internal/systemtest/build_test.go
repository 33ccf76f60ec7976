package systemtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait; nothing is measured.
const patience = time.Minute

// workshop is the folder of the built program.
var workshop string

func TestMain(m *testing.M) {
	var err error
	if workshop, err = os.MkdirTemp("", "dingbridge-system-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(workshop)
	os.Exit(code)
}

// program is the built program, as it is delivered but for the race detector.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workshop, "dingbridge")
	args := []string{"build", "-tags", "no_otel", "-o", file}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/dingbridge/dingbridge/cmd/dingbridge")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return file, nil
})

// rounds is how often a long proof repeats itself: all of it with DINGBRIDGE_LONG=1.
func rounds(full int) int {
	switch {
	case testing.Short():
		return max(1, full/10)
	case long():
		return full
	}
	return max(1, full/2)
}

// othersAtWork leaves a test out under the race detector (-short), which has nothing new
// to see: the requests are those of other tests, and the work is that of other programs.
func othersAtWork(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("other people's programs are at work here, and -short was asked for")
	}
}

// needs leaves the test out where a program is missing, or fails it if it may not be:
// with DINGBRIDGE_REQUIRE_ALL=1, unless DINGBRIDGE_REQUIRE_ALL_BUT lists the suite.
func needs(t *testing.T, suite string, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			leaveOut(t, suite, "no "+p)
		}
	}
}

func leaveOut(t *testing.T, suite, why string) {
	t.Helper()
	but := strings.Split(os.Getenv("DINGBRIDGE_REQUIRE_ALL_BUT"), ",")
	if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" && !slices.Contains(but, suite) {
		t.Fatalf("suite left out: %s (%s), but DINGBRIDGE_REQUIRE_ALL=1", suite, why)
	}
	t.Skipf("suite left out: %s (%s)", suite, why)
}
