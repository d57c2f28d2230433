package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tresorhq/attest/policy"
)

// Sizes above which a file is refused, in bytes.
const (
	maxReportFile      = 64 << 10 // report with certificate table; 4 kB in practice
	maxCertFile        = 64 << 10
	maxCRLFile         = 1 << 20
	maxPolicyFile      = policy.MaxFile
	maxShowFile        = 1 << 20
	maxEnvelopeFile    = 1 << 20 // the library's own limits are lower, and refuse
	maxBundleFile      = 1 << 20
	maxReleaseRootFile = 16 << 10
)

// read reads a whole file of the trust configuration, or standard input for "-".
// Directories, devices and pipes are refused, and so are empty files.
func (w world) read(name string, most int64) ([]byte, error) {
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
	}
	b, err := w.evidence(name, most)
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	case len(b) == 0:
		return nil, errors.New(name + " is empty")
	}
	return b, nil
}

// evidence reads a file, a pipe, or standard input for "-", up to one byte more
// than most. To judge it, its size included, is the verifier's business: bad
// evidence is refused, not undecided.
func (w world) evidence(name string, most int64) ([]byte, error) {
	type outcome struct {
		b        []byte
		err      error
		panicked any
	}
	from := name
	if name == "-" {
		from = "standard input"
	}
	defer w.slow("waiting for %s", from)()
	got := make(chan outcome, 1)
	go func() { // a pipe may never end, nor even open
		var o outcome
		defer func() {
			o.panicked = recover() // it is the command's, which reports it
			got <- o
		}()
		o.b, o.err = readUpTo(w.stdin, name, most+1)
	}()
	select {
	case o := <-got:
		if o.panicked != nil {
			panic(o.panicked)
		}
		return o.b, o.err
	case <-w.limit.Done():
		end := "a signal came"
		if errors.Is(w.limit.Err(), context.DeadlineExceeded) {
			end = "the time was up (--timeout)"
		}
		return nil, errors.New(name + ": nothing came before " + end)
	}
}

func readUpTo(stdin io.Reader, name string, most int64) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(stdin, most))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// trimLine forgives a text file its last line break, which editors add.
// Libraries never trim.
// Rules: CLI-07.
func trimLine(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
