package main

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/redis"
)

// explain makes of what kept a house from being built the fault of a value in
// config.yaml, with the remedy. check and serve say the same.
func explain(doc *config.Document, s storage.Store, err error) error {
	switch {
	case errors.Is(err, keys.ErrUnreadable):
		return config.Faults{doc.Fault("secret_file", err.Error(), "")}
	case errors.Is(err, storage.ErrUnknown):
		text, remedy := storageFault(s, err)
		return config.Faults{doc.Fault("storage", text, remedy)}
	}
	return err
}

// storageFault says in an operator's words why the storage cannot be used. It names
// the address, and never the user or password.
func storageFault(s storage.Store, err error) (text, remedy string) {
	outage, ok := errors.AsType[*redis.Outage](err)
	address, addressed := s.(interface{ Address() string })
	switch {
	case !ok || !addressed:
		return plainly(err), "see that the disk has room and that this program's user may write the file"
	case outage.Refused():
		return address.Address() + " refuses the user or password", "correct it in the URL"
	case outage.Unreached():
		return address.Address() + " does not answer (" + outage.Reason + ")", "start it, or name the one that runs"
	}
	return address.Address() + " does not serve us: " + outage.Reason, "put that right there; docs/redis.md says what Redis needs"
}

// plainly is the text of an error without what only the code needs to know.
func plainly(err error) string {
	if outage, ok := errors.AsType[*redis.Outage](err); ok {
		return outage.Reason
	}
	return strings.ReplaceAll(err.Error(), ": "+storage.ErrUnknown.Error(), "")
}

// refusedForGood tells whether waiting for the storage is in vain.
func refusedForGood(err error) bool {
	outage, ok := errors.AsType[*redis.Outage](err)
	return ok && outage.Refused()
}

// listenFault is about the value listen, which err says cannot be listened on.
func listenFault(doc *config.Document, err error) error {
	remedy := "name an address of this machine and a port that this program's user may take"
	if errors.Is(err, syscall.EADDRINUSE) {
		remedy = "stop what listens there, or name another port"
	}
	return config.Faults{doc.Fault("listen", err.Error(), remedy)}
}

// listenCause is what the system says, without the call and the address.
func listenCause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return err
}
