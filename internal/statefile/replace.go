package statefile

import (
	"errors"
	"os"
)

// replace writes the file anew, so that a crash at any time leaves the old one or the
// new one. The caller holds the lock, so that the new file can have a fixed name, under
// which the next writer finds what a crash left.
func (f *File) replace(folder *os.Root, text []byte) error {
	name := f.name + newSuffix
	err := writeNew(folder, name, text)
	if err == nil {
		err = folder.Rename(name, f.name)
	}
	if err != nil {
		err = errors.Join(err, removeIfThere(folder, name))
		return f.failed("STA-32", "a folder that can be written", err)
	}
	if err := syncFolder(folder); err != nil {
		return f.failed("STA-32", "a folder that can be flushed to storage", err)
	}
	return nil
}

func writeNew(folder *os.Root, name string, text []byte) error {
	file, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
