package transport

import "time"

// An instant is one moment by two clocks. The wall clock can be set; the
// monotonic one stands still while a machine sleeps. What must end, ends by
// whichever says so first.
type instant struct {
	wall time.Time // without a monotonic reading
	mono time.Duration
}

// clock tells the time. Tests have their own.
type clock func() instant

func systemClock() clock {
	start := time.Now()
	return func() instant {
		now := time.Now()
		return instant{now.Round(0), now.Sub(start)}
	}
}

// since returns the longer of the two times from i to now, never negative.
func (now instant) since(i instant) time.Duration {
	return max(now.wall.Sub(i.wall), now.mono-i.mono)
}
