// Package replay gives the body of one request to each attempt to send it, and closes
// that of the caller exactly once.
package replay

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
)

var errDetached = errors.New("transport: the request is being sent on another connection")

// A Body is the body of one request, over all attempts to send it. The caller's
// body is closed exactly once, whatever becomes of the attempts.
// Rules: TRN-53.
type Body struct {
	getBody  func() (io.ReadCloser, error)
	inMemory bool // each attempt gets a body of its own

	mu      sync.Mutex
	source  io.ReadCloser // nil: there is no body
	current *attemptBody
	settled bool // the response is there, or never comes
	closed  bool // source was closed

	touched bool // source was read
}

// New takes over the body of a request.
func New(r *http.Request) *Body {
	b := &Body{getBody: r.GetBody}
	if r.Body != nil && r.Body != http.NoBody {
		b.source = r.Body
		b.inMemory = r.GetBody != nil && isInMemory(r.Body)
	}
	return b
}

// isInMemory reports whether a body is one that http.NewRequest makes of a buffer or
// a string. net/http writes it together with the header.
func isInMemory(body io.ReadCloser) bool {
	switch reflect.TypeOf(body) {
	case reflect.TypeOf(io.NopCloser(nil)), reflect.TypeOf(io.NopCloser(new(bytes.Reader))):
		switch reflect.ValueOf(body).Field(0).Interface().(type) {
		case *bytes.Buffer, *bytes.Reader, *strings.Reader:
			return true
		}
	}
	return false
}

// Attempt returns the body for one attempt; nil: there is none. net/http does not know
// its type, and so writes the header before it reads: no slow body keeps a header back
// until the verdict has run out.
func (b *Body) Attempt() io.ReadCloser {
	if b.source == nil {
		return nil
	}
	if b.inMemory {
		if again, err := b.getBody(); err == nil {
			return again
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = &attemptBody{body: b}
	return b.current
}

// Rewind prepares for another attempt, and reports whether that has a body. One that
// was read can only come from GetBody.
func (b *Body) Rewind() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = nil
	switch {
	case b.source == nil || !b.touched:
		return true
	case b.getBody == nil:
		return false
	}
	again, err := b.getBody()
	if err != nil {
		return false
	}
	b.closeLocked()
	b.source, b.closed = again, false
	b.touched = false
	return true
}

// Abandon closes the body: there is no response.
func (b *Body) Abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current, b.settled = nil, true
	b.closeLocked()
}

// Settle leaves the body to the attempt that brought the response, which may
// still be reading it.
func (b *Body) Settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settled = true
	if b.current == nil || b.current.closed {
		b.closeLocked()
	}
}

func (b *Body) closeLocked() {
	if b.source != nil && !b.closed {
		b.closed = true
		b.source.Close()
	}
}

// An attemptBody is what net/http reads from and closes. After Rewind it is cut
// off: a late read must not take bytes away from the next attempt.
type attemptBody struct {
	body   *Body
	closed bool
}

func (r *attemptBody) Read(p []byte) (int, error) {
	b := r.body
	b.mu.Lock()
	if b.current != r || r.closed {
		b.mu.Unlock()
		return 0, errDetached
	}
	source := b.source
	b.touched = true
	b.mu.Unlock()

	return source.Read(p) // may block for long
}

func (r *attemptBody) Close() error {
	b := r.body
	b.mu.Lock()
	defer b.mu.Unlock()
	r.closed = true
	if b.settled && b.current == r {
		b.closeLocked()
	}
	return nil
}
