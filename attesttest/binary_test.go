package attesttest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/dev/stress"
)

// TestBinaries looks for private test keys in what the linker makes: a program
// that uses this package has those of this package and not those of
// internal/mint; a program that only verifies has none.
func TestBinaries(t *testing.T) {
	t.Parallel()
	if !stress.On {
		t.Skip("ATTEST_STRESS is not set: no programs are built")
	}
	own, mint := primes(t, "testkeys.txt"), primes(t, "../internal/mint/testkeys.txt")
	for name, tt := range map[string]struct {
		program string
		own     bool
	}{
		"demo": {`package main

import "github.com/tresorhq/attest/attesttest"

func main() {
	for _, f := range append(attesttest.Faults(), "") {
		e, err := attesttest.New(attesttest.Config{}, f)
		if err != nil {
			continue
		}
		v, err := e.Verifier()
		if err != nil {
			panic(err)
		}
		println(v.Verify(e.Evidence(), e.Now()))
		e.Receipt(nil, nil)
		e.TLSCertificate()
		if s, err := e.Serve(nil); err == nil {
			s.Close()
		}
	}
	println(len(attesttest.TestRoots()))
}
`, true},
		"verifier": {`package main

import (
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/policy"
)

func main() {
	v, err := attest.NewVerifier(nil, attest.Config{Policy: policy.Default()})
	println(v, err)
	println(v.Verify(attest.Evidence{}, time.Time{}))
}
`, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
			if err := os.WriteFile(source, []byte(tt.program), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			binary, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			for _, prime := range own {
				if bytes.Contains(binary, prime) != tt.own {
					t.Fatalf("has a key of this package: %v", !tt.own)
				}
			}
			for _, prime := range mint {
				if bytes.Contains(binary, prime) {
					t.Fatal("has a key of internal/mint")
				}
			}
		})
	}
	for _, prime := range own {
		for _, other := range mint {
			if bytes.Equal(prime, other) {
				t.Fatal("this package and internal/mint share a key")
			}
		}
	}
}

// primes gives the first prime of each key in a file.
func primes(t *testing.T, name string) [][]byte {
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for line := range strings.Lines(string(file)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] != "#" {
			all = append(all, []byte(f[1]))
		}
	}
	if len(all) != 10 {
		t.Fatalf("%s: %d keys", name, len(all))
	}
	return all
}
