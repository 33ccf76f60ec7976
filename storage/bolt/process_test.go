package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// The test binary runs itself as another process: see TestMain.
const (
	envRole = "DINGBRIDGE_BOLT_TEST_ROLE"
	envPath = "DINGBRIDGE_BOLT_TEST_PATH"
)

func TestMain(m *testing.M) {
	switch path := os.Getenv(envPath); os.Getenv(envRole) {
	case "":
		os.Exit(m.Run())
	case "open":
		s, err := bolt.Open(path)
		if err != nil {
			fmt.Println("refused:", err)
			os.Exit(3)
		}
		fmt.Println("opened")
		s.Close()
	case "write":
		writeForever(path)
	}
}

// writeForever writes from many goroutines and says on stdout, after each answer,
// what it was told is done; it waits to be killed.
func writeForever(path string) {
	s, err := bolt.Open(path)
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(3)
	}
	lines := make(chan string)
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("k/%d/%d", w, n)
				create := storage.Create(key, bytes.Repeat([]byte{byte(n)}, rand.IntN(3000)), 0)
				join := storage.Join(fmt.Sprint("set/", w), key, time.Hour)
				if err := s.Together(context.Background(), create, join); err != nil {
					continue
				}
				swap := storage.Swap(key, create.Version, []byte("swapped"), 0)
				lines <- fmt.Sprintf("created %s %x", key, create.Version)
				if err := s.Together(context.Background(), swap, storage.Put("busy", create.Input, time.Minute)); err == nil {
					lines <- fmt.Sprintf("swapped %s %x", key, swap.Version)
				}
			}
		}()
	}
	for line := range lines {
		fmt.Println(line)
	}
}

func child(t *testing.T, role, path string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envRole+"="+role, envPath+"="+path)
	return cmd
}

func TestB3_ASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	out, err := child(t, "open", path).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
		t.Fatalf("second process: %v: %s", err, out)
	}
	for _, want := range []string{path, "another process", "redis://"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("refusal %q does not say %q", out, want)
		}
	}
	// Within one process too.
	if _, err := bolt.Open(path); err == nil {
		t.Error("opened twice in one process")
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the first suffered: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := child(t, "open", path).CombinedOutput(); err != nil {
		t.Fatalf("after Close: %v: %s", err, out)
	}
}

func TestB1_KilledAtAnyMomentLosesNothingAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	created, swapped := map[string]string{}, map[string]string{}
	for round := range 4 {
		cmd := child(t, "write", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed after so many lines: a point that has nothing to do with commits.
		lines := bufio.NewScanner(out)
		for n := 50 + rand.IntN(400); lines.Scan(); n-- {
			note(t, lines.Text(), created, swapped)
			if n == 0 {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait() // killed

		s := open(t, path)
		for key, version := range created {
			got := storage.Get(key)
			if err := s.Together(t.Context(), got); err != nil {
				t.Fatalf("round %d: %s was answered and is lost: %v", round, key, err)
			}
			switch want, done := swapped[key]; {
			case done && fmt.Sprintf("%x", got.Version) != want:
				t.Fatalf("round %d: the swap of %s was answered and is lost", round, key)
			case !done && fmt.Sprintf("%x", got.Version) != version && string(got.Value) != "swapped":
				t.Fatalf("round %d: %s holds neither the write that was answered nor the one under way", round, key)
			}
		}
		if err := s.Together(t.Context(), storage.Put("after", nil, 0)); err != nil {
			t.Fatal(err)
		}
		checkFile(t, s, path)
		// The next child starts its numbers anew; its creates of old keys fail.
	}
	if len(created) == 0 || len(swapped) == 0 {
		t.Fatal("nothing was written")
	}
}

func note(t *testing.T, line string, created, swapped map[string]string) {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	key, version, ok := strings.Cut(rest, " ")
	switch {
	case ok && verb == "created" && len(version) == 32:
		created[key] = version
	case ok && verb == "swapped" && len(version) == 32:
		swapped[key] = version
	case strings.HasPrefix(line, "refused"):
		t.Fatal(line)
	default: // a line cut by the kill was never told
	}
}
