package statefile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

const errSharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION

// tryLock returns nil without error when another one holds the lock. The lock is
// an open that shares nothing: no other process can open the file until it is closed.
func tryLock(folder *os.Root, name string) (*os.File, error) {
	path := filepath.Join(folder.Name(), name)
	utf16, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const shareNothing = 0
	handle, err := syscall.CreateFile(utf16, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case err == nil:
		return os.NewFile(uintptr(handle), path), nil
	case errors.Is(err, errSharingViolation):
		return nil, nil
	}
	return nil, os.NewSyscallError("CreateFile", err)
}

// syncFolder does nothing: Windows cannot flush a folder; NTFS journals renames.
func syncFolder(*os.Root) error { return nil }
