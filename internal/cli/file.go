package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadConfig reads a whole file of the trust configuration, or standard input for
// "-". Directories, devices and pipes are refused, and so are empty files and those
// longer than most bytes.
func (c *Call) ReadConfig(ctx context.Context, name string, most int64) ([]byte, error) {
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
	}
	b, err := c.read(ctx, name, most)
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	case len(b) == 0:
		return nil, fmt.Errorf("the file %s is empty", name)
	}
	return b, nil
}

// ReadEvidence reads the file of a flag, a pipe, or standard input for "-", up to one
// byte more than most: the caller refuses what is longer. It waits no longer than ctx.
// The file becomes part of the subject.
func (c *Call) ReadEvidence(ctx context.Context, flag, name string, most int64) ([]byte, error) {
	b, err := c.read(ctx, name, most)
	if err == nil && c.Subject.Origin == "" {
		c.Subject.Files = append(c.Subject.Files, File{Flag: flag, Name: name, SHA256: fmt.Sprintf("%x", sha256.Sum256(b))})
	}
	return b, err
}

// SetCarrier says in which form the file that was read last came.
func (c *Call) SetCarrier(form string) {
	if n := len(c.Subject.Files); n > 0 {
		c.Subject.Files[n-1].Carrier = form
	}
}

func (c *Call) read(ctx context.Context, name string, most int64) ([]byte, error) {
	type outcome struct {
		b        []byte
		err      error
		panicked any
	}
	from := name
	if name == "-" {
		from = "standard input"
	}
	defer c.Slow("waiting for %s", from)()
	got := make(chan outcome, 1)
	go func() { // a pipe may never end, nor even open
		var o outcome
		defer func() {
			o.panicked = recover() // the command reports it
			got <- o
		}()
		o.b, o.err = readUpTo(c.Stdin, name, most+1)
	}()
	select {
	case o := <-got:
		if o.panicked != nil {
			panic(o.panicked)
		}
		return o.b, o.err
	case <-ctx.Done():
		end := "a signal came"
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
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

// TrimLine forgives a text file its last line break, which editors add: LF, or CR
// and LF.
// Rules: CLI-07.
func TrimLine(b []byte) []byte {
	if line, ok := bytes.CutSuffix(b, []byte("\n")); ok {
		return bytes.TrimSuffix(line, []byte("\r"))
	}
	return b
}

// An outputError is a file that a flag names and that could not be written.
type outputError struct {
	flag, path string
	cause      error
}

func (e *outputError) Error() string { return e.flag + " " + e.path + ": " + e.cause.Error() }
func (e *outputError) Unwrap() error { return e.cause }

// Hint names what is wrong with the path, where it is known.
func (e *outputError) Hint() string {
	if errors.Is(e.cause, fs.ErrNotExist) {
		return "the folder of this file is not there: make it, or give another path"
	}
	return "the file cannot be written there: check folder, permissions and space, or give another path"
}

// WriteFile writes the file of a flag: as a whole, or not at all.
func (c *Call) WriteFile(flag, name string, data []byte) error {
	err := replaceFile(name, data)
	if err == nil {
		return nil
	}
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &outputError{flag, name, err}
}

// replaceFile writes data to a temporary file and renames it, so that the file is
// replaced as a whole, or stays as it was.
// Rules: PIN-03.
func replaceFile(name string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tresor-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
