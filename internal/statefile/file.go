package statefile

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/strictjson"
)

// Suffixes of the files beside the state file.
const (
	lockSuffix = ".lock"
	newSuffix  = ".new"
)

const (
	maxVersion = 1<<53 - 1        // as in trust bundles
	maxWait    = 10 * time.Second // for the lock; to write takes milliseconds
)

// A File is an attest.BundleMemory in a file. Any number of Files and processes
// may use one path at once.
type File struct {
	path   string
	folder string
	name   string        // in folder
	wait   time.Duration // for the lock
}

var _ attest.BundleMemory = (*File)(nil)

// Open returns the memory in the file at path, which needs not exist. It only
// looks at the path, every call of a method looks at the file. A relative path
// is relative to the working directory at the time of each call.
//
// Errors are of type *rule.Error: path names no file, or ends in .lock or .new, which
// are the names of the files beside a state file (STA-01).
func Open(path string) (*File, error) {
	folder, name := filepath.Split(path)
	f := &File{path: path, folder: folder, name: name, wait: maxWait}
	if folder == "" {
		f.folder = "."
	}
	// On some systems S.LOCK and s.lock are one file.
	lower := strings.ToLower(name)
	if name == "" || name == "." || name == ".." || strings.HasSuffix(lower, lockSuffix) || strings.HasSuffix(lower, newSuffix) {
		return nil, f.refuse("STA-01", "the path of a file, not ending in "+lockSuffix+" or "+newSuffix, strictjson.Quote(name))
	}
	return f, nil
}

// OpenWithin is Open for a caller with a deadline: a call waits at most wait for a
// lock that another process holds.
func OpenWithin(path string, wait time.Duration) (*File, error) {
	f, err := Open(path)
	if err == nil {
		f.wait = min(f.wait, wait)
	}
	return f, err
}

// Highest returns the newest version that was accepted for a workload; ok is
// false when there is none.
//
// Errors are of type *rule.Error, in this order: the workload's name is empty or no
// UTF-8 (STA-02); the folder cannot be opened, or the file not be examined or
// read (STA-21); it is no regular file (STA-22); it is not of the form in the
// package documentation (JSN-nn, STA-10).
func (f *File) Highest(workload string) (v attest.BundleVersion, ok bool, err error) {
	if err := f.checkName(workload); err != nil {
		return attest.BundleVersion{}, false, err
	}
	folder, err := f.openFolder()
	if err != nil {
		return attest.BundleVersion{}, false, err
	}
	defer folder.Close()
	s, err := f.read(folder)
	if err != nil {
		return attest.BundleVersion{}, false, err
	}
	v, ok = s[workload]
	return v, ok, nil
}

// Accept records v, unless one of the same or a higher version is recorded, and
// returns what is recorded then. When it returns without error, that is in
// storage. It waits up to 10 seconds for other processes.
//
// Errors are of type *rule.Error, in this order: as those of Highest, STA-01 and STA-02; the
// version is not 1 to 2^53-1 (STA-03); the folder cannot be opened (STA-21); the
// lock cannot be had (STA-30); something that is left of a crash cannot be
// removed (STA-32); as those of Highest; the file would exceed 1 MiB (STA-33); it
// cannot be written (STA-32). After an error the file is as before, except that
// v may be recorded when flushing the folder failed.
func (f *File) Accept(workload string, v attest.BundleVersion) (attest.BundleVersion, error) {
	if err := f.checkName(workload); err != nil {
		return attest.BundleVersion{}, err
	}
	if v.Version < 1 || v.Version > maxVersion {
		return attest.BundleVersion{}, f.refuse("STA-03", "a version from 1 to 9007199254740991", strconv.FormatUint(v.Version, 10))
	}
	folder, err := f.openFolder()
	if err != nil {
		return attest.BundleVersion{}, err
	}
	defer folder.Close()
	lock, err := f.lock(folder)
	if err != nil {
		return attest.BundleVersion{}, err
	}
	defer lock.Close()
	known, err := f.acceptLocked(folder, workload, v)
	if err != nil {
		return attest.BundleVersion{}, err
	}
	return known, nil
}

// Rules: STA-31.
func (f *File) acceptLocked(folder *os.Root, workload string, v attest.BundleVersion) (known attest.BundleVersion, err error) {
	if err := f.removeNew(folder); err != nil {
		return known, err
	}
	s, err := f.read(folder)
	if err != nil {
		return known, err
	}
	if known := s[workload]; known.Version >= v.Version { // of a new workload 0
		return known, nil
	}
	s[workload] = v
	return v, f.write(folder, s)
}

// checkName refuses a File that Open did not return, and a name that JSON cannot
// say: two names that are no UTF-8 could become one in the file.
func (f *File) checkName(workload string) error {
	if f == nil || *f == (File{}) {
		return f.refuse("STA-01", "a state file that was opened", "none")
	}
	if workload == "" || !utf8.ValidString(workload) {
		return f.refuse("STA-02", "the name of a workload, not empty, in UTF-8", strictjson.Quote(workload))
	}
	return nil
}
