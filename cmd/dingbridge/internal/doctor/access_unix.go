//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package doctor

import "syscall"

// mayWrite asks the system whether this user may make files in a folder, without
// making one (access(2) with W_OK and X_OK).
func mayWrite(folder string) bool { return syscall.Access(folder, 0x2|0x1) == nil }
