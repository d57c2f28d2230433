package statefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/statefile"
	"github.com/tresorhq/attest/rule"
)

// STA-30: a caller with less time waits less.
func TestOpenWithin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	holder := open(t, path)
	held, err := statefile.TryLock(holder)
	if err != nil || held == nil {
		t.Fatal(held, err)
	}
	defer held.Close()
	f, err := statefile.OpenWithin(path, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Accept("router", attest.BundleVersion{Version: 1}); err == nil || !strings.Contains(err.Error(), "for 1ms") {
		t.Error(err)
	}
	if f, err := statefile.OpenWithin(filepath.Join(t.TempDir(), "x.lock"), time.Second); f != nil || err == nil {
		t.Error("opened a lock")
	}
}

func TestOpen(t *testing.T) {
	for _, path := range []string{"state.json", "./s", "a/b", "/s", "lock", ".locks", "s.new.json"} {
		if f, err := statefile.Open(path); err != nil || f == nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	// STA-01
	for _, path := range []string{"", ".", "..", "a/", "/", "a/.", "a/..", "s.lock", "s.LOCK", "s.new", "a/S.New", ".lock"} {
		f, err := statefile.Open(path)
		wantRule(t, err, "STA-01")
		if f != nil {
			t.Errorf("%q: a File with an error", path)
		}
	}
}

func TestFirstRun(t *testing.T) {
	path := newPath(t)
	f := open(t, path)
	if v, ok, err := f.Highest("router"); v != (attest.BundleVersion{}) || ok || err != nil { // STA-20
		t.Fatal(v, ok, err)
	}
	wantMissing(t, path)
	wantMissing(t, path+".lock") // STA-24
	if v, err := f.Accept("router", version(17, 2)); v != version(17, 2) || err != nil {
		t.Fatal(v, err)
	}
	wantText(t, path, router) // STA-34
	wantText(t, path+".lock", "")
	wantMissing(t, path+".new")
	if v, ok, err := open(t, path).Highest("router"); v != version(17, 2) || !ok || err != nil {
		t.Fatal(v, ok, err)
	}
	if _, ok, err := f.Highest("Router"); ok || err != nil { // names are exact
		t.Fatal(ok, err)
	}
}

// STA-31
func TestAcceptNeverLowers(t *testing.T) {
	path := newPath(t)
	write(t, path, router)
	for _, test := range []struct {
		name      string
		v, result attest.BundleVersion
	}{
		{"lower", version(16, 9), version(17, 2)},
		{"lowest", version(1, 9), version(17, 2)},
		{"the same", version(17, 2), version(17, 2)},
		{"same version, other bytes", version(17, 3), version(17, 2)},
		{"higher", version(18, 4), version(18, 4)},
		{"the one before", version(17, 2), version(18, 4)},
		{"highest", version(1<<53-1, 5), version(1<<53-1, 5)},
	} {
		f := open(t, path)
		if got, err := f.Accept("router", test.v); got != test.result || err != nil {
			t.Errorf("%s: accepted %v, %v", test.name, got, err)
		}
		if got, ok, err := f.Highest("router"); got != test.result || !ok || err != nil {
			t.Errorf("%s: recorded %v, %v, %v", test.name, got, ok, err)
		}
	}
}

func TestArguments(t *testing.T) {
	path := newPath(t)
	write(t, path, router)
	f := open(t, path)
	for _, name := range []string{"", "\xff", "router\xed\xa0\x80", "a\xc0\x80"} { // STA-02
		wantRefused(t, f, name, "STA-02")
	}
	for _, n := range []uint64{0, 1 << 53, 1 << 63, 1<<64 - 1} { // STA-03
		v, err := f.Accept("router", version(n, 1))
		wantRule(t, err, "STA-03")
		if v != (attest.BundleVersion{}) {
			t.Errorf("version %d: %v with an error", n, v)
		}
	}
	wantText(t, path, router)
	wantMissing(t, path+".lock") // nothing was touched
	wantRefused(t, new(statefile.File), "router", "STA-01")
}

// Lesson: a state file that can not be read was taken for a first run.
func TestNotAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "target"), router)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, path, rule string }{
		{"folder missing", "missing/state.json", "STA-21"},
		{"folder is a file", "target/state.json", "STA-21"},
		{"a folder", "folder", "STA-22"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefused(t, open(t, filepath.Join(dir, test.path)), "router", test.rule)
		})
	}
	wantMissing(t, filepath.Join(dir, "missing"))
}

// STA-22
func TestSymbolicLink(t *testing.T) {
	for _, target := range []string{"target", "missing", ".."} {
		path := newPath(t)
		sibling := filepath.Join(filepath.Dir(path), "target")
		write(t, sibling, router)
		if err := os.Symlink(target, path); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
		wantRefused(t, open(t, path), "router", "STA-22")
		wantText(t, sibling, router)
		if got, err := os.Readlink(path); got != target || err != nil {
			t.Errorf("the link to %s was replaced: %q, %v", target, got, err)
		}
	}
}

// Links in the path of the folder are the owner's business.
func TestFolderThroughLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := open(t, filepath.Join(dir, "link", "s")).Accept("router", version(17, 2)); err != nil {
		t.Fatal(err)
	}
	wantText(t, filepath.Join(dir, "real", "s"), router)
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := open(t, "s").Accept("router", version(17, 2)); err != nil {
		t.Fatal(err)
	}
	wantText(t, "s", router)
}

// STA-32
func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not what protects files here")
	}
	path := newPath(t)
	write(t, path, router)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path).Accept("router", version(18, 2)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".lock"} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// What a crash left is as a file that was never written.
func TestLeftovers(t *testing.T) {
	next := strings.Replace(router, "17", "18", 1)
	var texts []string
	for n := 0; n <= len(next); n += 16 {
		texts = append(texts, next[:n])
	}
	for _, text := range append(texts, next, "garbage") {
		for _, before := range []bool{false, true} {
			path := newPath(t)
			f := open(t, path)
			if before {
				write(t, path, router)
			}
			write(t, path+".new", text)
			if v, ok, err := f.Highest("router"); err != nil || ok != before || before && v != version(17, 2) {
				t.Fatalf("beside %q: %v, %v, %v", text, v, ok, err)
			}
			wantText(t, path+".new", text) // a reader may stand beside a writer
			if v, err := f.Accept("router", version(17, 2)); v != version(17, 2) || err != nil {
				t.Fatalf("beside %q: %v, %v", text, v, err)
			}
			wantMissing(t, path+".new") // even when there was nothing to record
			wantText(t, path, router)
		}
	}
}

// A link at the place of the new file leads nowhere.
func TestLeftoverLink(t *testing.T) {
	path := newPath(t)
	sibling := filepath.Join(filepath.Dir(path), "sibling")
	write(t, sibling, "precious")
	if err := os.Symlink("sibling", path+".new"); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := open(t, path).Accept("router", version(17, 2)); err != nil {
		t.Fatal(err)
	}
	wantText(t, sibling, "precious")
	wantText(t, path, router)
}

// STA-32: with the place of the new file taken, nothing is written elsewhere.
func TestNewFileCanNotBeWritten(t *testing.T) {
	path := newPath(t)
	write(t, path, router)
	if err := os.MkdirAll(filepath.Join(path+".new", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	for _, n := range []uint64{17, 18} { // also when there is nothing to record
		v, err := f.Accept("router", version(n, 2))
		wantRule(t, err, "STA-32")
		if v != (attest.BundleVersion{}) {
			t.Error(v)
		}
	}
	wantText(t, path, router)
	if v, ok, err := f.Highest("router"); v != version(17, 2) || !ok || err != nil {
		t.Error(v, ok, err)
	}
}

// STA-33: a file that could not be read again is not written.
func TestFull(t *testing.T) {
	path := newPath(t)
	f := open(t, path)
	overhead := len(router) - len("router") - len("17") + len("1")
	fits := strings.Repeat("x", statefile.MaxSize-overhead)
	_, err := f.Accept(fits+"x", version(1, 2))
	wantRule(t, err, "STA-33")
	wantMissing(t, path)
	if _, err := f.Accept(fits, version(1, 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Accept(fits, version(9, 2)); err != nil {
		t.Fatal(err)
	}
	_, err = f.Accept(fits, version(10, 2))
	wantRule(t, err, "STA-33")
	if v, ok, err := f.Highest(fits); v != version(9, 2) || !ok || err != nil {
		t.Error(v, ok, err)
	}
}

// STA-30
func TestLockIsTaken(t *testing.T) {
	path := newPath(t)
	write(t, path, router)
	f := open(t, path)
	statefile.SetWait(f, 0)
	lock, err := statefile.TryLock(f)
	if lock == nil || err != nil {
		t.Fatal(lock, err)
	}
	write(t, path+".new", "another process is writing this")
	_, err = f.Accept("router", version(18, 2))
	wantRule(t, err, "STA-30")
	wantText(t, path+".new", "another process is writing this")
	if v, ok, err := f.Highest("router"); v != version(17, 2) || !ok || err != nil { // no lock needed
		t.Error(v, ok, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := f.Accept("router", version(18, 2)); v != version(18, 2) || err != nil {
		t.Error(v, err)
	}
	if lock, err = statefile.TryLock(f); lock == nil || err != nil {
		t.Fatalf("Accept kept the lock: %v", err)
	}
	lock.Close()
}

// A writer that has to wait goes on as soon as it can.
func TestLockIsReleased(t *testing.T) {
	f := open(t, newPath(t))
	lock, err := statefile.TryLock(f)
	if lock == nil || err != nil {
		t.Fatal(lock, err)
	}
	done := make(chan error)
	go func() {
		_, err := f.Accept("router", version(1, 1))
		done <- err
	}()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestLockIsNoFile(t *testing.T) {
	path := newPath(t)
	if err := os.Mkdir(path+".lock", 0o700); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	statefile.SetWait(f, 0)
	if _, err := f.Accept("router", version(1, 1)); wantRule(t, err, "STA-30").Cause == nil {
		t.Error(err)
	}
	wantMissing(t, path)
}

func TestConcurrentUse(t *testing.T) {
	path := newPath(t)
	shared := open(t, path)
	var all sync.WaitGroup
	for i := range uint64(8) {
		f := shared
		if i%2 == 0 {
			f = open(t, path) // as another process
		}
		all.Go(func() {
			for n := range uint64(5) {
				mine := version(1+n*8+(i*3)%8, byte(i))
				before, _, err := f.Highest("router")
				if err != nil {
					t.Error(err)
				}
				got, err := f.Accept("router", mine)
				if err != nil || got.Version < mine.Version || got.Version < before.Version || (got.Version == mine.Version && got != mine) {
					t.Errorf("accepted %v: %v after %v, %v", mine, got, before, err)
				}
			}
		})
	}
	all.Wait()
	if v, ok, err := shared.Highest("router"); v.Version != 40 || !ok || err != nil {
		t.Error(v, ok, err)
	}
}

func TestErrorText(t *testing.T) {
	path := newPath(t)
	write(t, path, strings.Replace(router, "17", "0", 1))
	_, _, err := open(t, path).Highest("router")
	e := wantRule(t, err, "JSN-15")
	want := `state.json": workloads.router.version at offset 0x42: expected an integer from 1 to 9007199254740991, got 0 [JSN-15]`
	if e.Where != "workloads.router.version" || !strings.HasSuffix(e.Error(), want) || !strings.HasPrefix(e.Error(), `state file "`+filepath.Dir(path)) {
		t.Errorf("%#v: %v", e, e)
	}
	_, _, err = open(t, filepath.Join(path, "x")).Highest("router")
	if e := wantRule(t, err, "STA-21"); e.Offset != rule.NoOffset || strings.Contains(e.Error(), "offset") || !strings.Contains(e.Error(), e.Cause.Error()) {
		t.Errorf("%#v: %v", e, e)
	}
	_, _, err = open(t, filepath.Join(path+"-missing", "x")).Highest("router")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = statefile.Open("\x1b[2J\n.lock")
	if e := wantRule(t, err, "STA-01"); strings.ContainsAny(e.Error(), "\x1b\n") {
		t.Errorf("%q", e.Error())
	}
}
