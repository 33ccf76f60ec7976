//go:build !linux

package main

import "syscall"

// attributes of a child: nothing special where nothing can be measured either.
func attributes() *syscall.SysProcAttr { return nil }
