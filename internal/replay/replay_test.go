package replay

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A counted body can be read once, and knows how often it was closed.
type counted struct {
	io.Reader
	closes int
}

func (c *counted) Close() error {
	c.closes++
	return nil
}

// TestBody: attempts are cut off from each other, and the caller's body is
// closed once, whoever closes how often (TRN-53).
func TestBody(t *testing.T) {
	mine := &counted{Reader: strings.NewReader("hello")}
	req, _ := http.NewRequest(http.MethodPost, "https://example.com/", mine)
	b := New(req)
	first := b.Attempt()
	first.Close()
	if !b.Rewind() || mine.closes != 0 {
		t.Error("an untouched body is lost")
	}
	second := b.Attempt()
	if n, err := first.Read(make([]byte, 5)); n != 0 || err == nil {
		t.Error("the first attempt takes bytes away from the second")
	}
	if got, err := io.ReadAll(second); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if b.Rewind() {
		t.Error("what was read is sent again")
	}
	third := b.Attempt()
	b.Settle()
	if mine.closes != 0 {
		t.Error("closed while it may be read")
	}
	third.Close()
	third.Close()
	b.Abandon()
	if n := mine.closes; n != 1 {
		t.Errorf("closed %d times", n)
	}
	if n, err := third.Read(make([]byte, 5)); n != 0 || err == nil {
		t.Error("read after close")
	}
}
