package kds_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// cacheOnly is a Client for the cache in dir. warnings counts what it warns of.
func cacheOnly(t interface{ Fatal(...any) }, dir string) (c *kds.Client, warnings *int) {
	warnings = new(int)
	c, err := kds.NewClient(kds.Config{Base: kds.DefaultBase, CacheDir: dir, Warn: func(err error) {
		var e *kds.FetchError
		if !errors.As(err, &e) || e.Layer != "cache" || e.Rule == "" {
			t.Fatal("warned of ", err)
		}
		*warnings++
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c, warnings
}

func entry(dir string, r kds.Request) string {
	return filepath.Join(dir, kds.EntryName(r.URL(kds.DefaultBase)))
}

// KDS-33: what is asked for twice is fetched once, but for CRLs; a Client that comes
// later finds it too.
func TestFetchCaches(t *testing.T) {
	asked := map[string]int{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked[r.RequestURI]++
		fmt.Fprint(w, "answer to ", r.RequestURI)
	})
	config := to(s)
	config.CacheDir = filepath.Join(t.TempDir(), "a", "b")
	config.Warn = func(err error) { t.Error(err) }
	c1, _ := client(t, config)
	c2, _ := client(t, config)
	turin := vcekOf(t, snpreport.Turin)
	r := report(snpreport.Turin)
	r.ReportedTCB[0]++ // Lesson: the FMC was no part of cache keys.
	turin2, err := kds.VCEKFor(r, snpreport.Turin)
	if err != nil {
		t.Fatal(err)
	}
	// Lesson: a CRL was taken from a cache after it had expired.
	crl := kds.CRL(snpreport.Turin, snpreport.VCEK)
	for _, c := range []*kds.Client{c1, c1, c2} {
		for _, r := range []kds.Request{turin, turin2, chain, crl} {
			if body, err := c.Fetch(t.Context(), r); err != nil || string(body) != "answer to "+r.Path() {
				t.Errorf("%s: %q, error %v", r.Path(), body, err)
			}
		}
	}
	for r, want := range map[kds.Request]int{turin: 1, turin2: 1, chain: 1, crl: 3} {
		if got := asked[r.Path()]; got != want {
			t.Errorf("%s was asked for %d times, want %d", r.Path(), got, want)
		}
	}
	// Nor is one taken that something else has put there.
	planted := filepath.Join(config.CacheDir, kds.EntryName(crl.URL(s.URL)))
	if err := os.WriteFile(planted, kds.EncodeEntry(crl.URL(s.URL), []byte("old")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c1.Kept(crl); got != nil || os.Remove(planted) != nil {
		t.Errorf("the cache gave a CRL: %q", got)
	}
	if err := c2.Forget(turin); err != nil {
		t.Error(err)
	}
	c1.Fetch(t.Context(), turin)
	if asked[turin.Path()] != 2 {
		t.Error("the cache has what it was to forget")
	}
	files, err := os.ReadDir(config.CacheDir)
	if err != nil || len(files) != 3 {
		t.Errorf("%d files, error %v", len(files), err)
	}
}

// KDS-33: what was not an answer is not kept.
func TestFetchKeepsNoFailure(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	config := to(s)
	config.CacheDir = filepath.Join(t.TempDir(), "new")
	c, _ := client(t, config)
	if _, err := c.Fetch(t.Context(), chain); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(config.CacheDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a cache was made: %v", err)
	}
}

// KDS-31: a cache that cannot be used costs nothing but a warning.
func TestCacheFailuresAreWarnings(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "bytes") })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warnings := 0
	config := to(s)
	config.CacheDir = file // a file, not a directory
	config.Warn = func(err error) {
		e := wantFetchError(t, "warning", nil, err, "KDS-31", "cache", 0)
		if e.Cause == nil {
			t.Error("no cause")
		}
		warnings++
	}
	c, _ := client(t, config)
	body, err := c.Fetch(t.Context(), chain)
	if err != nil || string(body) != "bytes" || warnings != 2 {
		t.Errorf("%q, error %v, %d warnings, want one for reading and one for writing", body, err, warnings)
	}
	wantFetchError(t, "Forget", nil, c.Forget(chain), "KDS-31", "cache", 0)

	// Without Warn: not a word, and no panic.
	config.Warn = nil
	c, _ = client(t, config)
	if body, err := c.Fetch(t.Context(), chain); err != nil || string(body) != "bytes" {
		t.Errorf("%q, error %v", body, err)
	}
}

// Without a directory nothing is kept and nothing goes wrong.
func TestNoCache(t *testing.T) {
	t.Chdir(t.TempDir())
	c, warnings := cacheOnly(t, "")
	c.Keep(chain, []byte("bytes"))
	if got := c.Kept(chain); got != nil || c.Forget(chain) != nil || *warnings != 0 {
		t.Errorf("got %q, %d warnings", got, *warnings)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("%d files, error %v", len(files), err)
	}
}

// KDS-32.
func TestCacheModes(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no such modes on " + runtime.GOOS)
	}
	dir := filepath.Join(t.TempDir(), "cache")
	c, _ := cacheOnly(t, dir)
	c.Keep(chain, []byte("bytes"))
	for name, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, entry(dir, chain): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, want %v, error %v", name, info.Mode(), want, err)
		}
	}
}

// KDS-32: an entry is replaced, not rewritten: who reads the old one goes on
// reading it.
func TestCacheReplaces(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be replaced on windows")
	}
	dir := t.TempDir()
	c, _ := cacheOnly(t, dir)
	c.Keep(chain, []byte("old"))
	old, err := os.Open(entry(dir, chain))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	c.Keep(chain, []byte("new"))
	var b bytes.Buffer
	if _, err := b.ReadFrom(old); err != nil || !bytes.HasSuffix(b.Bytes(), []byte("\nold")) {
		t.Errorf("%q, error %v", b.Bytes(), err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files, error %v", len(files), err)
	}
}

// KDS-30: whatever stands where an entry belongs, it is passed over.
func TestStrangeEntries(t *testing.T) {
	body := []byte("bytes")
	whole := kds.EncodeEntry(chain.URL(kds.DefaultBase), body)
	for name, plant := range map[string]func(path string) error{
		"a directory with a file": func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) },
		"a link to a good entry": func(path string) error {
			target := filepath.Join(filepath.Dir(path), "target")
			return errors.Join(os.WriteFile(target, whole, 0o600), os.Symlink("target", path))
		},
		"64 MiB": func(path string) error {
			return errors.Join(os.WriteFile(path, whole, 0o600), os.Truncate(path, 64<<20))
		},
		"one byte over the limit": func(path string) error {
			return os.WriteFile(path, kds.EncodeEntry(chain.URL(kds.DefaultBase), make([]byte, kds.LimitChain+1)), 0o600)
		},
		"no body": func(path string) error {
			return os.WriteFile(path, kds.EncodeEntry(chain.URL(kds.DefaultBase), nil), 0o600)
		},
		"empty file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		dir := t.TempDir()
		c, warnings := cacheOnly(t, dir)
		if err := plant(entry(dir, chain)); err != nil {
			t.Logf("%s: %v", name, err) // links need a privilege on windows
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := c.Kept(chain)
		runtime.ReadMemStats(&after)
		if got != nil || *warnings != 1 {
			t.Errorf("%s: got %d bytes with %d warnings", name, len(got), *warnings)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: took %d bytes of memory", name, used)
		}
	}
	dir := t.TempDir()
	c, _ := cacheOnly(t, dir)
	if err := os.WriteFile(entry(dir, chain), kds.EncodeEntry(chain.URL(kds.DefaultBase), make([]byte, kds.LimitChain)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.Kept(chain); len(got) != kds.LimitChain {
		t.Errorf("at the limit: got %d bytes", len(got))
	}
}

// A failed write leaves nothing behind.
func TestCacheCleansUp(t *testing.T) {
	dir := t.TempDir()
	c, warnings := cacheOnly(t, dir)
	if err := os.MkdirAll(filepath.Join(entry(dir, chain), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.Keep(chain, []byte("bytes"))
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || *warnings != 1 {
		t.Errorf("%d files, %d warnings, error %v", len(files), *warnings, err)
	}
}

// Readers see a whole entry, one of those that were written.
func TestCacheConcurrently(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 4 {
		c, failed := cacheOnly(t, dir)
		c2, warnings := cacheOnly(t, dir)
		all.Go(func() {
			for range 25 {
				c.Keep(chain, bytes.Repeat([]byte{byte('a' + i)}, 1000*(i+1)))
			}
			if *failed != 0 {
				t.Errorf("%d warnings", *failed)
			}
		})
		all.Go(func() {
			for range 100 {
				b := c2.Kept(chain)
				if b != nil && !bytes.Equal(b, bytes.Repeat(b[:1], 1000*int(b[0]-'a'+1))) {
					t.Errorf("a mixture of %d bytes", len(b))
				}
			}
			if *warnings != 0 {
				t.Errorf("%d warnings", *warnings)
			}
		})
	}
	all.Wait()
}

// The cache against a map: what comes back is what was put last, or nothing once
// the file was touched.
func TestCacheModel(t *testing.T) {
	base := t.TempDir()
	requests := []kds.Request{chain, kds.CertChain(snpreport.Genoa, snpreport.VLEK), vcekOf(t, snpreport.Milan), vcekOf(t, snpreport.Turin)}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		c, _ := cacheOnly(t, dir)
		model := map[kds.Request][]byte{}
		some := func(t *rapid.T) kds.Request { return rapid.SampledFrom(requests).Draw(t, "request") }
		kept := func(t *rapid.T) kds.Request {
			r := some(t)
			if model[r] == nil {
				t.Skip("nothing to damage")
			}
			return r
		}
		rewrite := func(t *rapid.T, r kds.Request, change func([]byte) []byte) {
			file, err := os.ReadFile(entry(dir, r))
			if err == nil {
				err = os.WriteFile(entry(dir, r), change(file), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			delete(model, r)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				r := some(t)
				model[r] = rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "body")
				c.Keep(r, model[r])
			},
			"put CRL": func(t *rapid.T) { c.Keep(kds.CRL(snpreport.Genoa, snpreport.VCEK), []byte("list")) },
			"flip a bit": func(t *rapid.T) {
				rewrite(t, kept(t), func(b []byte) []byte {
					b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
					return b
				})
			},
			"truncate": func(t *rapid.T) {
				rewrite(t, kept(t), func(b []byte) []byte { return b[:rapid.IntRange(0, len(b)-1).Draw(t, "size")] })
			},
			"append": func(t *rapid.T) {
				rewrite(t, kept(t), func(b []byte) []byte { return append(b, rapid.Byte().Draw(t, "byte")) })
			},
			"swap": func(t *rapid.T) { // an entry for another URL
				from, r := kept(t), some(t)
				if from == r {
					t.Skip("the same")
				}
				if err := os.Rename(entry(dir, from), entry(dir, r)); err != nil {
					t.Fatal(err)
				}
				delete(model, from)
				delete(model, r)
			},
			"forget": func(t *rapid.T) {
				r := some(t)
				if err := c.Forget(r); err != nil {
					t.Fatal(err)
				}
				delete(model, r)
			},
			"remove all": func(t *rapid.T) {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				clear(model)
			},
			"restart": func(t *rapid.T) { c, _ = cacheOnly(t, dir) },
			"": func(t *rapid.T) {
				for _, r := range requests {
					if got := c.Kept(r); !bytes.Equal(got, model[r]) {
						t.Fatalf("%s: %q, want %q", r.Path(), got, model[r])
					}
				}
				if got := c.Kept(kds.CRL(snpreport.Genoa, snpreport.VCEK)); got != nil {
					t.Fatalf("a CRL was kept: %q", got)
				}
			},
		})
	})
}

// What DecodeEntry accepts is the one file that holds that body.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(chain.URL(kds.DefaultBase), kds.EncodeEntry(chain.URL(kds.DefaultBase), []byte("body\n")))
	f.Add("u", []byte("kds-cache/1 u\nbody"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, u string, file []byte) {
		body, ok := kds.DecodeEntry(u, file)
		if ok != (len(body) > 0) || (!ok && body != nil) {
			t.Fatalf("ok is %v with %d bytes", ok, len(body))
		}
		if ok && !bytes.Equal(kds.EncodeEntry(u, body), file) {
			t.Fatalf("%q is another file for %q", file, body)
		}
		if _, ok := kds.DecodeEntry(u+"x", file); ok {
			t.Fatal("it serves another URL")
		}
	})
}
