package proxy

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A plainWriter keeps net/http from adding to an answer what was not in it.
type plainWriter struct {
	http.ResponseWriter
	request *endedBody
}

func (w plainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader ends the connection of an answer that begins before the request has
// ended: net/http can't tell where the next request would begin.
// Rules: PRX-23.
func (w plainWriter) WriteHeader(status int) {
	header := w.Header()
	if status < 200 {
		informational(header)
		w.ResponseWriter.WriteHeader(status)
		return
	}
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := header[name]; !ok {
			header[name] = nil
		}
	}
	if !w.request.ended.Load() {
		header.Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// hopByHop are the fields that end at an intermediary (RFC 9110 section 7.6.1).
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// informational takes out of an answer of status 1xx, which httputil.ReverseProxy
// passes on as it is, what is taken out of any other.
// Rules: PRX-11, PRX-21, PRX-32.
func informational(header http.Header) {
	gone := slices.Concat(hopByHop, []string{"Location"})
	for _, value := range header.Values("Connection") {
		for name := range strings.SplitSeq(value, ",") {
			gone = append(gone, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	for _, name := range gone {
		delete(header, name)
	}
	noPageReads(header)
}

// A brokenBody is why the body of a request can not be read: no mistake of the
// endpoint's.
type brokenBody struct{ cause error }

func (e *brokenBody) Error() string { return e.cause.Error() }
func (e *brokenBody) Unwrap() error { return e.cause }

// endedBody knows whether the body of a request has been read to its end, and ends one
// that pauses.
// Rules: PRX-15.
type endedBody struct {
	io.ReadCloser
	trailer, announced http.Header
	control            *http.ResponseController
	idle               time.Duration // how long it may pause
	ended, paused      atomic.Bool
}

func (b *endedBody) Read(p []byte) (int, error) {
	b.control.SetReadDeadline(time.Now().Add(b.idle))
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.control.SetReadDeadline(time.Time{})                          // the client may wait for its answer
		maps.DeleteFunc(b.trailer, func(name string, _ []string) bool { // net/http takes in what comes
			_, ok := b.announced[name]
			return !ok
		})
		b.ended.Store(true)
	case err != nil:
		b.paused.Store(errors.Is(err, os.ErrDeadlineExceeded))
		err = &brokenBody{err}
	}
	return n, err
}

// A lentBody is not closed before it was read: another transport may have to send it. In
// the end net/http closes every body.
type lentBody struct {
	io.ReadCloser
	read atomic.Bool
}

func (b *lentBody) Read(p []byte) (int, error) { b.read.Store(true); return b.ReadCloser.Read(p) }

func (b *lentBody) Close() error {
	if !b.read.Load() {
		return nil
	}
	return b.ReadCloser.Close()
}

// A wholeAnswer is the body of an answer, which tells when it has ended. Over HTTP/2
// it can't be closed before the writer of the request has heard of it, who may wait
// for the client.
type wholeAnswer struct {
	io.ReadCloser
	ended func()
}

func (b *wholeAnswer) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended()
	}
	return n, err
}

func (b *wholeAnswer) Close() error {
	b.ended()
	return b.ReadCloser.Close()
}
