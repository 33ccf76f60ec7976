package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxFile bounds what is read of any file, in bytes.
const maxFile = 4 << 20

// A Document is a config that has been read, with the places of its values.
type Document struct {
	Config Config
	folder string
	at     positions
}

// Parse takes the text of a config.yaml called file through the four steps.
// environ is as [os.Environ] gives it. The error is a [Faults]; the document is
// there even then, as far as it could be read.
func Parse(file string, data []byte, environ []string) (*Document, error) {
	d := &Document{folder: filepath.Dir(file)}
	at, read := decode(file, data, &d.Config)
	d.at = at
	faults := append(slices.Clone(read), environment(environ, &d.Config, at)...)
	defaults(&d.Config, at)
	if !slices.ContainsFunc(read, func(f Fault) bool { return f.Path == "" }) {
		faults = append(faults, untold(validate(&d.Config, d.at), faults)...)
	}
	return d, faults.Err()
}

// untold are the faults of validate about values that no fault of told is about:
// what could not be read is not missing, too.
func untold(faults, told Faults) Faults {
	return slices.DeleteFunc(faults, func(f Fault) bool {
		return slices.ContainsFunc(told, func(t Fault) bool {
			return t.Path != "" && (within(f.Path, t.Path) || within(t.Path, f.Path))
		})
	})
}

// within reports whether the value at path is the one at whole or a part of it.
func within(path, whole string) bool {
	rest, ok := strings.CutPrefix(path, whole)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Load reads the config.yaml called file. Its error is a [Faults].
func Load(file string, environ []string) (*Document, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, Faults{{File: file, Text: reason(err), Remedy: "name the file with --config"}}
	}
	return Parse(file, data, environ)
}

// Fault makes a fault about the value at path, for what is found out only later,
// when the thing that the value names is opened. Text must hold no secret.
func (d *Document) Fault(path, text, remedy string) Fault { return d.at.fault(path, text, remedy) }

// File is where the file that a value names is.
func (d *Document) File(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.folder, name)
}

// ReadSecret reads the file that the value at path names, and refuses one that
// every user of the machine may read (promise C5).
func (d *Document) ReadSecret(path, name string) ([]byte, Faults) {
	file := d.File(name)
	info, err := os.Stat(file)
	if err != nil {
		return nil, Faults{d.Fault(path, reason(err)+" ("+file+")", "write the secret into it, readable by this program only")}
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, Faults{d.Fault(path, "is a file that every user may read or write ("+file+")",
			"chmod 600 it; in Kubernetes give the volume defaultMode 0440, in Compose the secret mode 0440")}
	}
	var data []byte
	if !Settled(func() Look { return LookAt(file) }, func() { data, err = readFile(file) }) {
		err = errors.New("changes all the time while it is read")
	}
	if err != nil {
		return nil, Faults{d.Fault(path, reason(err)+" ("+file+")", "let this program read it")}
	}
	return data, nil
}

// ReadLine is [Document.ReadSecret] for a file with one line and nothing else.
func (d *Document) ReadLine(path, name string) (string, Faults) {
	data, faults := d.ReadSecret(path, name)
	if faults != nil {
		return "", faults
	}
	line := strings.TrimSpace(string(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if line == "" || strings.ContainsAny(line, " \t\r\n") {
		return "", Faults{d.Fault(path, "is a file that does not hold one line without blanks ("+d.File(name)+")",
			"write the secret into it and nothing else")}
	}
	return line, nil
}

// ReadPicture reads the file that the value at path names: of at most limit bytes, and
// not empty.
func (d *Document) ReadPicture(path, name string, limit int) ([]byte, Faults) {
	data, err := readFile(d.File(name))
	switch {
	case err != nil:
		return nil, Faults{d.Fault(path, reason(err)+" ("+d.File(name)+")", "name a picture that this program may read, or take it out")}
	case len(data) == 0:
		return nil, Faults{d.Fault(path, "is an empty file ("+d.File(name)+")", "name a picture, or take it out")}
	case len(data) > limit:
		return nil, Faults{d.Fault(path, fmt.Sprintf("has %d bytes; %d is the most (%s)", len(data), limit, d.File(name)),
			"make the picture smaller: every page carries it")}
	}
	return data, nil
}

// pipePatience bounds what is waited for who writes into a pipe.
const pipePatience = 10 * time.Second

// readFile is [os.ReadFile] with a bound, in size and, for a pipe, in time: one into which
// nobody writes would hold up for ever whatever is read while the server runs, and its end.
func readFile(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("is a folder, not a file")
	} else if err == nil && !info.Mode().IsRegular() {
		_ = f.SetReadDeadline(time.Now().Add(pipePatience)) // what has none does not wait either
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return data, err
}

// reason says why a file could not be read.
func reason(err error) string {
	switch pathError, ok := errors.AsType[*fs.PathError](err); {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "this program may not read the file"
	case ok:
		return "cannot be read: " + pathError.Err.Error()
	default:
		return err.Error()
	}
}

// Also adds more to what err says, leaving out what is a consequence: a value that
// could not be read cannot be opened either. Without faults it is nil.
func Also(err error, more Faults) error {
	told, _ := errors.AsType[Faults](err)
	if err != nil && told == nil {
		return err
	}
	return append(slices.Clone(told), untold(more, told)...).Err()
}

// Defaults is a Config of nothing but defaults, for the demo.
func Defaults() Config {
	var c Config
	defaults(&c, positions{})
	return c
}
