package statefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// openFolder opens the folder of the file. All that follows happens in it, even
// if its path leads elsewhere by then.
func (f *File) openFolder() (*os.Root, error) {
	folder, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, f.failed("STA-21", "a folder that can be opened", err)
	}
	return folder, nil
}

// read returns what the file holds; an empty state, if it is not there.
// Rules: STA-20, STA-23, STA-24.
func (f *File) read(folder *os.Root) (state, error) {
	info, err := folder.Lstat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return nil, f.failed("STA-21", "a file that can be examined", err)
	}
	if !info.Mode().IsRegular() { // opening a FIFO would hang
		return nil, f.refuse("STA-22", "a regular file", "file type "+info.Mode().Type().String())
	}
	text, err := readAll(folder, f.name)
	if err != nil {
		return nil, f.failed("STA-21", "a file that can be read", err)
	}
	s, err := decode(text)
	if err != nil {
		return nil, f.damaged(err)
	}
	return s, nil
}

// readAll reads one byte more than is allowed, for decode to see it.
func readAll(folder *os.Root, name string) ([]byte, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxSize+1))
}

// write replaces the file.
func (f *File) write(folder *os.Root, s state) error {
	text := s.encode()
	if len(text) > maxSize {
		return f.refuse("STA-33", fmt.Sprintf("a file of %d bytes at most", maxSize), fmt.Sprintf("%d bytes", len(text)))
	}
	if err := replace(folder, f.name, f.name+newSuffix, text); err != nil {
		return f.failed("STA-32", "a folder that can be written, and flushed to storage", err)
	}
	return nil
}

// removeNew removes what a crash left. The caller holds the lock.
func (f *File) removeNew(folder *os.Root) error {
	if err := removeIfThere(folder, f.name+newSuffix); err != nil {
		return f.failed("STA-32", "no "+newSuffix+" file, or one that can be removed", err)
	}
	return nil
}
