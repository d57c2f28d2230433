package transport

import (
	"io"
	"sync/atomic"
)

// An answerBody is the body of an answer. The slot of its request is back when it
// has ended. When this side has closed the connection, it says why.
type answerBody struct {
	io.ReadCloser
	conn    *conn
	attempt *attempt
	keep    bool // the connection, after a whole answer
	ended   atomic.Bool
	stop    func() // called when the answer has ended; nil: nothing is left to stop
}

func (b *answerBody) end(whole bool) {
	if !b.ended.Swap(true) {
		b.conn.gate.wire.end(b.attempt)
		b.conn.release(b.conn.gate.h2 || whole && b.keep, nil)
	}
	if b.stop != nil {
		b.stop()
	}
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err == io.EOF)
		if err != io.EOF {
			err = b.conn.gate.explain(err)
		}
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.end(false)
	return err
}
