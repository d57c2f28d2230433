package transport

import (
	"io"
	"sync"
)

// An answerBody is the body of an answer. The slot of its request is back when it
// has ended. When this side has closed the connection, it says why.
type answerBody struct {
	io.ReadCloser
	gate *gate // nil: the body within knows why
	once sync.Once
	end  func(whole bool)
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.once.Do(func() { b.end(err == io.EOF) })
		if err != io.EOF {
			err = b.gate.explain(err)
		}
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.end(false) })
	return err
}
