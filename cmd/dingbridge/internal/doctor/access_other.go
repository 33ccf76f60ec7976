//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package doctor

import "os"

// mayWrite goes by the folder's mode, where the system cannot be asked.
func mayWrite(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.Mode().Perm()&0o200 != 0
}
