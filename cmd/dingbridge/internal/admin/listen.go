package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrServed: somebody listens at the socket already.
	ErrServed = errors.New("another process serves there")
	// ErrNoSocket: what is at the path is not a socket.
	ErrNoSocket = errors.New("there is something that is not a socket")
	// ErrHeld: another process keeps the folder locked.
	ErrHeld = errors.New("another process keeps it locked")
	// ErrLongPath: the system cannot bind a socket under so long a name.
	ErrLongPath = errors.New("the path is too long for a socket")
)

// lockWait is how long Listen waits for its turn at the folder. Who has it has it for
// milliseconds, or means no good.
const lockWait = 3 * time.Second

// maxAddress is the longest name of a socket, in bytes: 104 with the final zero on
// the system that allows least.
const maxAddress = 103

// Listen makes the socket called path, which only this process's user may open, and
// listens there. Its folder has to exist. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) {
	unlock, err := lockFolder(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("locking the folder of %s: %w", path, err)
	}
	defer unlock()
	if err := free(path); err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	l, err := begin(path)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	// Here the socket becomes visible, whole, and a dead one goes.
	if err := os.Rename(l.path, path); err != nil {
		return nil, errors.Join(fmt.Errorf("making %s: %w", path, err), l.abandon())
	}
	folder := filepath.Dir(l.path)
	l.path = path
	if err := os.Remove(folder); err != nil {
		return nil, errors.Join(fmt.Errorf("making %s: %w", path, err), l.Close())
	}
	return l, nil
}

// Try does what Listen does and leaves nothing behind. That somebody serves there
// is no fault: most often it is the server whose configuration is being looked at.
func Try(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("making %s: %w", path, ErrNoSocket)
	}
	l, err := begin(path)
	if err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	return l.abandon()
}

// free tells why the path cannot be taken, if it cannot.
func free(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return ErrNoSocket
	}
	c, err := net.DialTimeout("unix", address(path), time.Second)
	switch {
	case err == nil:
		c.Close()
		return ErrServed
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil // nobody listens: its process is dead
	}
	return fmt.Errorf("whether somebody serves there is not known: %w", err)
}

// A listener takes its socket away when it is closed.
type listener struct {
	*net.UnixListener
	path   string
	file   fs.FileInfo // of the socket, to know it again
	once   sync.Once
	closed error
}

// begin listens in a new folder beside path that nobody else may enter, so that the
// mode can be set before anybody sees the socket: between bind and chmod it has the
// one that the umask leaves.
func begin(path string) (*listener, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), ".admin-")
	if err != nil {
		return nil, err
	}
	l := &listener{path: filepath.Join(folder, "s")}
	if len(address(l.path)) > maxAddress || len(address(path)) > maxAddress {
		return nil, errors.Join(ErrLongPath, os.Remove(folder))
	}
	l.UnixListener, err = net.ListenUnix("unix", &net.UnixAddr{Name: address(l.path), Net: "unix"})
	if err != nil {
		return nil, errors.Join(err, os.Remove(folder))
	}
	l.SetUnlinkOnClose(false) // by this name it will not be there any more
	if err := os.Chmod(l.path, 0o600); err != nil {
		return nil, errors.Join(err, l.abandon())
	}
	if l.file, err = os.Lstat(l.path); err != nil {
		return nil, errors.Join(err, l.abandon())
	}
	return l, nil
}

// abandon closes a listener that is still in its own folder.
func (l *listener) abandon() error {
	return errors.Join(l.UnixListener.Close(), os.RemoveAll(filepath.Dir(l.path)))
}

// Close removes the socket and stops listening, in this order: nobody takes the
// place of a socket that answers, so what is removed is ours.
func (l *listener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.file) {
			l.closed = os.Remove(l.path)
		}
		l.closed = errors.Join(l.closed, l.UnixListener.Close())
	})
	return l.closed
}

// address keeps a relative name that begins with @ from meaning a socket without
// a file, which Linux has, and which everybody may open.
func address(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return "." + string(filepath.Separator) + path
}
