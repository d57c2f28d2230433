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

// ReadConfig reads the file of a flag of the trust configuration, or standard input for
// "-". Directories, devices and pipes are refused, and so are empty files and those
// longer than most bytes.
func (c *Call) ReadConfig(ctx context.Context, flag, name string, most int64) ([]byte, error) {
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
	}
	b, err := c.read(ctx, flag, name, most)
	if err == nil && len(b) == 0 {
		err = fmt.Errorf("the file %s is empty", name)
	}
	return b, err
}

// ReadEvidence reads the file of a flag, a pipe, or standard input for "-", of at most
// most bytes. It waits no longer than ctx. The file becomes part of the subject.
func (c *Call) ReadEvidence(ctx context.Context, flag, name string, most int64) ([]byte, error) {
	b, err := c.read(ctx, flag, name, most)
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

func (c *Call) read(ctx context.Context, flag, name string, most int64) ([]byte, error) {
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
		o.b, o.err = readWhole(c.Stdin, name, most)
	}()
	select {
	case o := <-got:
		if o.panicked != nil {
			panic(o.panicked)
		}
		if o.err == nil {
			c.keep(Content{flag, name, o.b})
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

// keep keeps what was read of a file, in place of what was read of it before: a proxy reads
// some again, on any goroutine.
func (c *Call) keep(now Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, was := range c.Subject.Read {
		if was.Flag == now.Flag && was.Name == now.Name {
			c.Subject.Read[i] = now
			return
		}
	}
	c.Subject.Read = append(c.Subject.Read, now)
}

// readWhole reads a file, or stdin for "-". One of more than most bytes is an error and no
// bytes: what is judged is never a part of a file.
// Rules: CLI-03, CLI-07.
func readWhole(stdin io.Reader, name string, most int64) ([]byte, error) {
	tooLong := func(size any) ([]byte, error) {
		return nil, fmt.Errorf("%s is too long: expected at most %d bytes, got %v", name, most, size)
	}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > most {
			return tooLong(info.Size())
		}
		stdin = f
	}
	b, err := io.ReadAll(io.LimitReader(stdin, most+1))
	if err == nil && int64(len(b)) > most {
		return tooLong("more")
	}
	return b, err
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
