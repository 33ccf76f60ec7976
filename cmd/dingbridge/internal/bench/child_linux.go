package main

import "syscall"

// attributes put a child into a group of its own, so that an interrupt at the
// terminal is ours to handle, and have the kernel end it if we die (promise B4).
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
