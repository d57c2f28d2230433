package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

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
	return "the file can not be written there: check folder, permissions and space, or give another path"
}

// output writes the file of a flag: as a whole, or not at all. It is written under
// another name first, which is nobody's business.
func output(flag, name string, data []byte) error {
	err := writeFile(name, data)
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

// writeFile replaces a file as a whole, or leaves it as it was.
// Rules: PIN-03.
func writeFile(name string, data []byte) (err error) {
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
