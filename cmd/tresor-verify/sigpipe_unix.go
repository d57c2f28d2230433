//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// A reader that goes away must not end the program by a signal: the verdict that
// could not be written has an exit code of its own.
func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }
