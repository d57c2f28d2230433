package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
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
