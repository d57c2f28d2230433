//go:build !unix

package main

import "os"

// hangups are the signals that ask for a reload. There is none here.
func hangups() (signals <-chan os.Signal, stop func()) { return nil, func() {} }

func ignoreBrokenPipe() {}
