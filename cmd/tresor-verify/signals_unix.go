//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups are the signals that ask for a reload.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// A reader that goes away must not end the program by a signal: the verdict that
// could not be written has an exit code of its own.
func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }
