package kds

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// cache keeps answers in a directory, one file each, named after the SHA-256 of
// the whole URL, which holds everything that the answer depends on:
//
//	kds-cache/1 {SHA-256 of the bytes, 64 hex} {URL} LF
//	{bytes}
//
// The header finds accidents, not attackers: nothing is trusted because it is
// here. All methods of the cache without directory do nothing.
type cache struct{ dir string }

// encodeEntry returns the one file that holds body for u.
func encodeEntry(u string, body []byte) []byte {
	return fmt.Appendf(nil, "kds-cache/1 %x %s\n%s", sha256.Sum256(body), u, body)
}

// decodeEntry is the inverse; ok is false for any other file.
func decodeEntry(u string, file []byte) (body []byte, ok bool) {
	_, body, _ = bytes.Cut(file, []byte{'\n'})
	if len(body) == 0 || !bytes.Equal(file, encodeEntry(u, body)) {
		return nil, false
	}
	return body, true
}

func entryName(u string) string {
	sum := sha256.Sum256([]byte(u))
	return hex.EncodeToString(sum[:])
}

// get returns what is kept for u, and nil without error when nothing is.
func (c cache) get(u string, limit int) ([]byte, error) {
	root, err := c.open()
	if root == nil {
		return nil, err
	}
	defer root.Close()
	name := entryName(u)
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a FIFO would hang
		return nil, damaged(u, "a regular file", info.Mode().Type().String())
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := len(encodeEntry(u, nil)) + limit
	file, err := io.ReadAll(io.LimitReader(f, int64(size)+1))
	if err != nil {
		return nil, err
	}
	body, ok := decodeEntry(u, file)
	if !ok || len(body) > limit {
		return nil, damaged(u, "an entry for this URL, whole and within its size", "another file")
	}
	return body, nil
}

func damaged(u, expected, actual string) error {
	e := unfetched("KDS-30", layerCache, u, nil)
	e.Expected, e.Actual = expected, actual
	return e
}

// put keeps body for u. A reader sees the file from before or this one, never a
// part, even after a crash.
// Rules: KDS-32.
func (c cache) put(u string, body []byte) error {
	if c.dir == "" {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	temporary := "new-" + rand.Text()
	err = writeSynced(root, temporary, encodeEntry(u, body))
	if err == nil {
		err = root.Rename(temporary, entryName(u))
	}
	if err != nil {
		err = errors.Join(err, ignoreMissing(root.Remove(temporary)))
	}
	return err
}

func writeSynced(root *os.Root, name string, b []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// remove deletes what is kept for u, if anything.
func (c cache) remove(u string) error {
	root, err := c.open()
	if root == nil {
		return err
	}
	defer root.Close()
	return ignoreMissing(root.Remove(entryName(u)))
}

// open returns nil without error when there is no directory (yet). What is in
// it is opened through the Root: a link cannot lead out.
func (c cache) open() (*os.Root, error) {
	if c.dir == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return root, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
