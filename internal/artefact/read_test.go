package artefact

import (
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// files say a size of each file that it need not have, and count what is opened.
type files struct {
	fstest.MapFS
	says   int64
	opened int
}

func (f *files) Open(name string) (fs.File, error) { f.opened++; return f.MapFS.Open(name) }
func (f *files) Stat(name string) (fs.FileInfo, error) {
	info, err := f.MapFS.Stat(name)
	return size{info, f.says}, err
}

type size struct {
	fs.FileInfo
	n int64
}

func (s size) Size() int64 { return s.n }

// TestReadSize: a file that says that it is too long is not opened; of one that is longer
// than it says, one byte too many is read.
// Rules: LCH-64.
func TestReadSize(t *testing.T) {
	for _, c := range []struct {
		length, says int64
		refused      bool
		opened       int
	}{{10, 10, false, 1}, {10, 0, false, 1}, {11, 11, true, 0}, {11, 10, true, 1}, {10, 11, true, 0}} {
		f := &files{MapFS: fstest.MapFS{"x": {Data: []byte(strings.Repeat("x", int(c.length)))}}, says: c.says}
		in, err := Reader{}.read(t.Context(), f, "x", 10, io.Discard)
		if (err != nil) != c.refused || f.opened != c.opened {
			t.Errorf("%+v: %v, opened %d times", c, err, f.opened)
		}
		if c.refused && (in != Input{} || !strings.Contains(err.Error(), "at most 10 bytes, got 11 bytes")) {
			t.Errorf("%+v: %+v, %v", c, in, err)
		}
	}
}
