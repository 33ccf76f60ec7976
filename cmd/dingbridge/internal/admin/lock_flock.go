//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package admin

import (
	"os"
	"syscall"
	"time"
)

// lockPause is how long to wait before asking again for a lock that another has.
const lockPause = 20 * time.Millisecond

// lockFolder waits until nobody else holds the folder, for lockWait at the longest:
// whoever may look into a folder may hold it, another user of the machine too. The lock
// is advisory, ends with the process and leaves no file behind.
func lockFolder(folder string) (unlock func(), err error) {
	d, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(lockWait); ; time.Sleep(lockPause) {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == syscall.EWOULDBLOCK && time.Now().After(until) {
			err = ErrHeld
		}
		if err != syscall.EINTR && err != syscall.EWOULDBLOCK {
			break
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}
