package statefile

import (
	"os"
	"time"
)

// Pauses between attempts to get the lock: waiting in the kernel would have no
// end if the holder is stopped.
const (
	firstPause   = time.Millisecond
	longestPause = 16 * time.Millisecond
)

// lock returns the lock on the state file. Closing it, by whatever cause,
// releases it.
func (f *File) lock(folder *os.Root) (*os.File, error) {
	deadline := time.Now().Add(f.wait)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		lock, err := tryLock(folder, f.name+lockSuffix)
		if err != nil {
			return nil, f.failed("STA-30", "a lock", err)
		}
		if lock != nil {
			return lock, nil
		}
		if time.Now().After(deadline) {
			return nil, f.refuse("STA-30", "a lock", "one held by another process for "+f.wait.String())
		}
		time.Sleep(pause)
	}
}
