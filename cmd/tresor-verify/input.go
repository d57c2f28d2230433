package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Sizes above which a file is refused, in bytes.
const (
	maxReportFile      = 64 << 10 // report with certificate table; 4 kB in practice
	maxCertFile        = 64 << 10
	maxCRLFile         = 1 << 20
	maxPolicyFile      = 256 << 10
	maxShowFile        = 1 << 20
	maxEnvelopeFile    = 1 << 20 // the library's own limits are lower, and refuse
	maxBundleFile      = 1 << 20
	maxReleaseRootFile = 16 << 10
)

// read reads a whole file, or standard input for "-". Directories, devices and
// pipes by name are refused: a file that waits for somebody is no file.
func (w world) read(name string, most int64) ([]byte, error) {
	if name == "-" {
		return readAll(w.stdin, "standard input", most)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, most)
}

func readAll(r io.Reader, name string, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
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

// trimLine forgives a text file its last line break, which editors add.
// Libraries never trim.
func trimLine(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
