package fetch

import "time"

// An Instant is one moment by two clocks. The wall clock can be set; the
// monotonic one stands still while a machine sleeps. What must end, ends by
// whichever says so first.
type Instant struct {
	Wall time.Time // without a monotonic reading
	Mono time.Duration
}

// A Clock tells the time. Tests have their own.
type Clock func() Instant

// SystemClock is the clock of the machine.
func SystemClock() Clock {
	start := time.Now()
	return func() Instant {
		now := time.Now()
		return Instant{now.Round(0), now.Sub(start)}
	}
}

// Since returns the longer of the two times from i to now, never negative.
func (now Instant) Since(i Instant) time.Duration {
	return max(now.Wall.Sub(i.Wall), now.Mono-i.Mono)
}
