package statefile

import (
	"os"
	"time"

	"github.com/tresorhq/attest"
)

// Decode and Encode are the form of the file without the file.
func Decode(text []byte) (map[string]attest.BundleVersion, error) { return decode(text) }

func Encode(s map[string]attest.BundleVersion) []byte { return state(s).encode() }

// MaxSize is the greatest size of the file.
const MaxSize = maxSize

// SetWait makes f wait that long for the lock.
func SetWait(f *File, d time.Duration) { f.wait = d }

// TryLock takes the lock as another process would; nil when it is taken.
func TryLock(f *File) (*os.File, error) {
	folder, err := f.openFolder()
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return tryLock(folder, f.name+lockSuffix)
}
