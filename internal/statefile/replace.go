package statefile

import (
	"errors"
	"io/fs"
	"os"
)

// replace writes a file anew, so that a crash at any time leaves the old one or the new
// one. The caller holds the lock, so that the new file can have a fixed name, under which
// the next writer finds what a crash left.
func replace(folder *os.Root, name, newName string, text []byte) error {
	err := writeNew(folder, newName, text)
	if err == nil {
		err = folder.Rename(newName, name)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(folder, newName))
	}
	return syncFolder(folder)
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

func removeIfThere(folder *os.Root, name string) error {
	err := folder.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
