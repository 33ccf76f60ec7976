//go:build unix

package config

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestThreat_APipeInThePlaceOfAFile: who may write in a folder that is read while the server
// runs puts a pipe there, also in the moment after it was looked at. It holds nothing up:
// else no client could be taken out any more, and no secret changed.
func TestThreat_APipeInThePlaceOfAFile(t *testing.T) {
	list, secret := filepath.Join(t.TempDir(), "clients.yaml"), filepath.Join(t.TempDir(), "secret")
	for _, file := range []string{list, secret} {
		if err := syscall.Mkfifo(file, 0o600); err != nil {
			t.Skipf("this file system has no pipes: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	go func() {
		if _, err := (ClientFiles{File: list}).Read(); err == nil {
			t.Error("clients were read of a pipe that is empty")
		}
		if _, faults := new(Document).ReadLine("secret_file", secret); faults == nil {
			t.Error("a secret was read of a pipe that is empty")
		}
		cancel()
	}()
	<-ctx.Done()
	if ctx.Err() != context.Canceled {
		t.Fatal("a pipe into which nobody writes holds up who reads it")
	}
}

// TestThreat_FileNamesForATerminal: a file in the folder of clients is called by what moves a
// terminal's cursor, or begins a line of its own. Whoever looks for the fault sees text.
func TestThreat_FileNamesForATerminal(t *testing.T) {
	for _, name := range []string{"a\x1b[31m.yaml", "a\nb.yaml", "a\x9b.yml", "a\u202e.yaml"} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Skipf("this file system has no such names: %v", err)
		}
		_, err := ClientFiles{Folder: folder}.Read()
		if err == nil || !isText(err.Error()) {
			t.Errorf("%q: %q", name, err)
		}
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "值班台.yaml"), []byte("clients: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (ClientFiles{Folder: folder}).Read(); err != nil {
		t.Error(err)
	}
}

// TestAPipeThatIsWrittenIsRead, as a shell makes them of a command that decrypts.
func TestAPipeThatIsWrittenIsRead(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd())))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no /dev/fd: %v", err)
	}
	go func() {
		_, _ = w.WriteString("what it ")
		_, _ = w.WriteString("says")
		_ = w.Close()
	}()
	if data, err := readFile(path); err != nil || string(data) != "what it says" {
		t.Errorf("%q, %v", data, err)
	}
}
