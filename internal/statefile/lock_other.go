//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package statefile

import (
	"errors"
	"fmt"
	"os"
)

// tryLock refuses. A lock that is a mere file would outlast a process that is
// killed, and could only be broken by guessing.
func tryLock(*os.Root, string) (*os.File, error) {
	return nil, fmt.Errorf("locks that end with their process: %w", errors.ErrUnsupported)
}

func syncFolder(*os.Root) error { return errors.ErrUnsupported }
