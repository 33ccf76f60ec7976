//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package admin

import (
	"os"
	"syscall"
)

// lockFolder waits until nobody else holds the folder. The lock is advisory, ends
// with the process and leaves no file behind.
func lockFolder(folder string) (unlock func(), err error) {
	d, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}
