package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// mostOutput is the longest file, in bytes, that an output may take the place of.
const mostOutput = 8 << 20

// An Output is a file that a flag names, to be written.
type Output struct {
	Flag, Path string
	Kind       string            // what is written, e.g. "a pin file"
	Known      func([]byte) bool // whether a file is of that kind
	Merged     bool              // the command itself decides about a file of its kind that is there
	NewFolder  bool              // the command makes the folder of the file
}

// CheckOutputs refuses outputs that would destroy something, before any work: one that
// is an input, by a link too; one that is there and is no regular file of its kind; one
// that is there, unless replace is set. Outputs without a path are passed over.
// Rules: CLI-19.
func (c *Call) CheckOutputs(replace bool, inputs []string, outputs ...Output) error {
	seen := map[string]string{}
	for _, o := range outputs {
		if o.Path == "" {
			continue
		}
		name := filepath.Clean(o.Path)
		if other := seen[name]; other != "" {
			return Misuse("CLI-19", "%s %s: %s names the same file", o.Flag, o.Path, other)
		}
		seen[name] = o.Flag
		if err := o.check(replace, inputs); err != nil {
			return err
		}
	}
	c.replace = replace
	return nil
}

func (o Output) check(replace bool, inputs []string) error {
	for _, input := range inputs {
		if sameFile(o.Path, input) {
			return Misuse("CLI-19", "%s %s: this file is an input of the command, and would be destroyed", o.Flag, o.Path)
		}
	}
	info, err := os.Lstat(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if folder, err := os.Stat(filepath.Dir(o.Path)); !o.NewFolder && (err != nil || !folder.IsDir()) {
			return Misuse("CLI-19", "%s %s: the folder of this file is not there: make it, or give another path", o.Flag, o.Path)
		}
		return nil
	case err != nil:
		return Misuse("CLI-19", "%s: %v", o.Flag, err)
	case !info.Mode().IsRegular():
		return Misuse("CLI-19", "%s %s: this is there, and is no regular file", o.Flag, o.Path)
	}
	b, err := readWhole(nil, o.Path, mostOutput)
	if err != nil {
		return Misuse("CLI-19", "%s: %v", o.Flag, err)
	}
	if !o.Known(b) {
		return Misuse("CLI-19", "%s %s: this file is there, and is not %s: give another path", o.Flag, o.Path, o.Kind)
	}
	if !replace && !o.Merged {
		return Misuse("CLI-19", "%s %s: this file is there: give another path, or --replace", o.Flag, o.Path)
	}
	return nil
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	if b == "" || b == "-" {
		return false
	}
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	if errA != nil || errB != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	return os.SameFile(first, second)
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
	switch {
	case errors.Is(e.cause, fs.ErrNotExist):
		return "the folder of this file is not there: make it, or give another path"
	case errors.Is(e.cause, fs.ErrExist):
		return "the file came into being while the command ran: give another path, or --replace"
	}
	return "the file cannot be written there: check folder, permissions and space, or give another path"
}

// WriteFile writes the file of a flag that CheckOutputs has passed: as a whole, or not
// at all. It names the file on standard error.
func (c *Call) WriteFile(flag, name string, data []byte) error {
	own := c.written[name] // by an earlier round
	err := writeFile(name, data, c.replace || own)
	if err == nil {
		if !own {
			c.Note("wrote: %s", name)
		}
		if c.written == nil {
			c.written = map[string]bool{}
		}
		c.written[name] = true
		return nil
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	} else if link, ok := errors.AsType[*os.LinkError](err); ok {
		err = link.Err
	}
	return &outputError{flag, name, err}
}

// writeFile writes data to a temporary file and gives it its name, so that no file is
// ever there in part. Without replace, a file that has come into being in the meantime
// stays, where the file system has links.
// Rules: PIN-03.
func writeFile(name string, data []byte, replace bool) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".tresor-*")
	if err != nil {
		return err
	}
	defer func() { os.Remove(tmp.Name()) }() // gone already when it was renamed
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if !replace {
		if err := os.Link(tmp.Name(), name); err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.Rename(tmp.Name(), name)
}
