package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// listenAdmin makes the admin socket, if one is configured; else l is nil.
func listenAdmin(doc *config.Document) (l net.Listener, err error) {
	if doc.Config.AdminSocket == "" {
		return nil, nil
	}
	path := doc.File(doc.Config.AdminSocket)
	if l, err = admin.Listen(path); err != nil {
		return nil, adminFault(doc, path, err)
	}
	return l, nil
}

// tryAdmin looks whether serve could make the admin socket. note is something to
// know that is no fault: systemd makes the folder only when the service starts.
func tryAdmin(doc *config.Document) (note string, err error) {
	if doc.Config.AdminSocket == "" {
		return "", nil
	}
	path := doc.File(doc.Config.AdminSocket)
	err = admin.Try(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no folder %s yet; serve needs it for admin_socket (systemd: RuntimeDirectory=)", filepath.Dir(path)), nil
	case err != nil:
		return "", adminFault(doc, path, err)
	}
	return "", nil
}

// adminFault is about the value admin_socket, where no socket can be made.
func adminFault(doc *config.Document, path string, err error) error {
	text, remedy := err.Error(), "name a socket in a folder that this program's user may write"
	switch {
	case errors.Is(err, admin.ErrServed):
		text, remedy = "another process serves at "+path, "stop it, or name another socket"
	case errors.Is(err, admin.ErrNoSocket):
		text, remedy = path+" is there and is no socket", "move it away, or name another"
	case errors.Is(err, admin.ErrHeld):
		text, remedy = "another process keeps "+filepath.Dir(path)+" locked", "see with lsof or fuser who it is, and give the folder mode 0700"
	case errors.Is(err, admin.ErrLongPath):
		text, remedy = path+" is too long for a socket", "name one with some 80 characters at most"
	case errors.Is(err, fs.ErrNotExist):
		text, remedy = "there is no folder "+filepath.Dir(path), "make it, writable by this program's user (systemd: RuntimeDirectory=)"
	case errors.Is(err, fs.ErrPermission):
		text, remedy = "this program may not write in "+filepath.Dir(path), "let its user own the folder"
	}
	return config.Faults{doc.Fault("admin_socket", text, remedy)}
}

// An adminTarget is the server that a command asks: the one that was started with a
// config.yaml, or the one at a socket.
type adminTarget struct{ file, socket string }

// flags lets the command line say which.
func (t *adminTarget) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.file, "config", "config.yaml", "the `file` with which the server was started")
	f.StringVar(&t.socket, "socket", "", "the server's admin socket, by its `path`, instead of a file that names it")
}

func (t *adminTarget) client() (*admin.Client, error) {
	if t.socket != "" {
		return admin.NewClient(t.socket), nil
	}
	return adminClient(t.file, os.Environ())
}

// adminClient makes a client of the server that was started with the config.yaml
// called file. Faults of other values do not matter: the server has its own idea of
// them, and what one wants of it may be urgent.
func adminClient(file string, environ []string) (*admin.Client, error) {
	doc, err := config.Load(file, environ)
	if doc == nil {
		return nil, err
	}
	var own config.Faults
	if faults, ok := errors.AsType[config.Faults](err); ok {
		for _, f := range faults {
			if f.Path == "admin_socket" || doc.Config.AdminSocket == "" {
				own = append(own, f)
			}
		}
	}
	if len(own) > 0 {
		return nil, own.Err()
	}
	if doc.Config.AdminSocket == "" {
		return nil, config.Faults{doc.Fault("admin_socket", "is missing",
			"name a socket such as /run/dingbridge/admin.sock and restart the server: this command asks it there")}
	}
	return admin.NewClient(doc.File(doc.Config.AdminSocket)), nil
}

// adminTrouble adds to what went wrong at the socket what to do about it.
func adminTrouble(err error) error {
	switch {
	case errors.Is(err, admin.ErrNotServed):
		return fmt.Errorf("%w; start `dingbridge serve` with this config.yaml on this machine, or restart it if admin_socket is new", err)
	case errors.Is(err, admin.ErrForbidden):
		return fmt.Errorf("%w; run this command as the user that the server runs as, or as root", err)
	case errors.Is(err, admin.ErrStranger):
		return fmt.Errorf("%w; see who serves there, and that command and server are of one version", err)
	}
	return err
}
