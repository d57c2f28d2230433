//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package statefile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/rule"
)

// STA-22: opening one would wait for a writer, for ever.
func TestFIFO(t *testing.T) {
	path := newPath(t)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no FIFO here: ", err)
	}
	wantRefused(t, open(t, path), "router", "STA-22")
}

// STA-21
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	path := newPath(t)
	write(t, path, router)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, open(t, path), "router", "STA-21")
	if _, _, err := open(t, path).Highest("router"); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, path, router)
	// A folder in which nothing can be looked up holds nobody's first run.
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	wantRefused(t, open(t, path), "router", "STA-21")
}

// STA-21: not only what can not be opened.
func TestReadFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a regular file that can be opened, but not read")
	}
	v, ok, err := open(t, "/proc/self/mem").Highest("router")
	e := wantRule(t, err, "STA-21")
	if !errors.Is(e, syscall.EIO) || ok || v != (attest.BundleVersion{}) {
		t.Error(v, ok, e)
	}
}

// STA-21: a name that the file system refuses is not one that is free.
func TestNameTooLong(t *testing.T) {
	f := open(t, newPath(t)+strings.Repeat("x", 250))
	v, ok, err := f.Highest("router")
	wantRule(t, err, "STA-21")
	if ok || v != (attest.BundleVersion{}) {
		t.Error(v, ok)
	}
	statefile.SetWait(f, 0)
	_, err = f.Accept("router", version(1, 1))
	if e := wantRule(t, err, "STA-30"); !errors.Is(e, syscall.ENAMETOOLONG) {
		t.Error(e)
	}
}

// STA-21: what the system does not open is named as that, with its reason.
func TestNotOpenedBySystem(t *testing.T) {
	const path = "/proc/sys/vm/compact_memory" // a regular file that may only be written, root's too
	if _, err := os.Lstat(path); err != nil {
		t.Skip("needs a file that root cannot open to read: ", err)
	}
	_, _, err := open(t, path).Highest("router")
	if e := wantRule(t, err, "STA-21"); !errors.Is(e, fs.ErrPermission) {
		t.Error(e)
	}
}

func init() { children["limited"] = acceptLimited }

// acceptLimited accepts while no file may be longer than a few bytes.
func acceptLimited(f *statefile.File, n uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 20, Max: 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	v, err := f.Accept("router", version(n, 3))
	var e *rule.Error
	if !errors.As(err, &e) || e.Rule != "STA-32" || !errors.Is(err, syscall.EFBIG) || v != (attest.BundleVersion{}) {
		return fmt.Errorf("accepted %v, %v", v, err)
	}
	return nil
}

// STA-32: a storage that is full costs nothing of what is recorded.
func TestStorageIsFull(t *testing.T) {
	path := newPath(t)
	write(t, path, router)
	if out, err := child(t, "limited", 18, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantText(t, path, router)
	wantMissing(t, path+".new")
	if v, err := open(t, path).Accept("router", version(18, 2)); v != version(18, 2) || err != nil {
		t.Fatal(v, err)
	}
}
