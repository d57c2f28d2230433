package main

import (
	"time"
)

// soon waits for what happens on other goroutines.
func soon(done func() bool) bool {
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
