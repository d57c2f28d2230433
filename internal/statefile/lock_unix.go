//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package statefile

import (
	"errors"
	"os"
	"syscall"
)

// tryLock returns nil without error when another one holds the lock. flock
// belongs to the open file: two Files of one process exclude each other too.
func tryLock(folder *os.Root, name string) (*os.File, error) {
	file, err := folder.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, nil
	}
	return nil, os.NewSyscallError("flock", err)
}

// syncFolder makes a rename last.
func syncFolder(folder *os.Root) error {
	dir, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
