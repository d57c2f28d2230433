package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// TestLateEarlyAnswer: an answer to a stream whose header was not written yet does
// not let that header out after the verdict has ended (TRN-01).
// Lesson: RoundTrip had returned, and so the request was no longer looked at.
func TestLateEarlyAnswer(t *testing.T) {
	noLeak(t)
	answered := make(chan bool)
	late, readOn := make(chan uint32, 8), make(chan bool)
	var p *rawPod
	p = newRawPod(t, "h2", func(c *rawConn) {
		if c.number > 1 {
			return
		}
		c.greet2(setting(initialWindow, 1<<30))
		c.send(frameWindow, 0, 0, "\x3f\xff\x00\x00")
		c.attest2(nil)
		c.opened() // the upload; what follows of it is not read
		<-answered // a GET waits behind the upload
		for sent := false; ; {
			select {
			case <-p.done:
				return
			case <-readOn:
				for {
					stream, ok := c.opened()
					if !ok {
						return
					}
					late <- stream
				}
			case <-time.After(30 * time.Millisecond):
				if !sent {
					c.send(frameHeaders, endHeaders, 5, status200)
				}
			case answered <- true:
				sent = true
			}
		}
	})
	p.blocked = true
	var once sync.Once
	uploading := make(chan bool)
	p.wrap = func(c net.Conn) net.Conn { return bulkConn{c, func() { once.Do(func() { close(uploading) }) }} }
	tr := p.transport(nil)
	var skew offset
	tr.SetClock(skew.get)
	go func() {
		req, _ := http.NewRequest(http.MethodPost, rawOrigin+"/", io.NopCloser(readerFunc(func(b []byte) (int, error) { return len(b), nil })))
		if res, err := tr.RoundTrip(req); err == nil {
			res.Body.Close()
		}
	}()
	<-uploading // a GET before that would be let through in time
	done := make(chan error, 1)
	go func() {
		res, err := (&http.Client{Transport: tr}).Get(rawOrigin + "/secret")
		if err == nil {
			defer res.Body.Close()
		}
		<-answered
		done <- err
		if err == nil {
			io.ReadAll(res.Body)
		}
	}()
	answered <- true
	if err := <-done; err != nil {
		t.Fatalf("there was no early answer: %v", err)
	}
	skew.add(10*time.Minute, 10*time.Minute) // its verdict is over
	close(readOn)
	eventually(t, "the connection to end, or a header", func() bool { return p.open.Load() == 0 || len(late) > 0 })
	if len(late) > 0 {
		t.Errorf("the header of stream %d was written after the end of its verdict", <-late)
	}
	tr.Close()
}

// A bulkConn says when a Write of a large TLS record of application data begins: of a
// body, and no header.
type bulkConn struct {
	net.Conn
	begins func()
}

func (c bulkConn) Write(b []byte) (int, error) {
	const applicationData = 23
	if b[0] == applicationData && len(b) > 1000 {
		c.begins()
	}
	return c.Conn.Write(b)
}

// TestLateBlockedWrite: a Write that is let through in time, and blocks, hands over
// nothing after the verdict has ended (TRN-01).
func TestLateBlockedWrite(t *testing.T) {
	for _, deaf := range []bool{false, true} { // to deadlines
		eachRaw(t, func(t *testing.T, alpn string) {
			const life = 2 * time.Second
			p := newRawPod(t, alpn, func(c *rawConn) {
				if c.number > 1 {
					return
				}
				if alpn == "h2" {
					c.greet2("")
					c.attest2(nil)
					c.drain(100 * time.Millisecond)
				} else {
					c.attest1()
				}
				time.Sleep(2 * life)
				b := make([]byte, 1)
				if n, err := c.in.Read(b); n > 0 {
					t.Errorf("the first byte came %v after the attestation: %v", time.Since(c.asked), err)
				}
			})
			p.blocked = true
			if deaf {
				p.wrap = func(c net.Conn) net.Conn { return deafConn{c} }
			}
			tr := p.transport(func(c *transport.Config) { c.MaxVerdictAge = life })
			if _, err := tr.Attest(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
			start := time.Now()
			if err := getWithin(tr, time.Minute); err == nil {
				t.Error("answered")
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("it failed after %v", d)
			}
			time.Sleep(3 * life)
		})
	}
}

// TestLateCanceled: a caller that leaves while the header is being written does not
// let it out after the verdict has ended (TRN-01).
func TestLateCanceled(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		const life = 2 * time.Second
		p := newRawPod(t, "h2", func(c *rawConn) {
			c.greet2("")
			c.attest2(nil)
			c.drain(100 * time.Millisecond)
			time.Sleep(2 * life)
			if n, _ := c.in.Read(make([]byte, 1)); n > 0 {
				t.Errorf("the first byte came %v after the attestation", time.Since(c.asked))
			}
		})
		p.blocked = true
		tr := p.transport(func(c *transport.Config) { c.MaxVerdictAge = life })
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if err := getWithin(tr, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(3 * life)
	})
}

// TestNoDeadlines: a connection that takes no write deadline is refused before
// anything is sent (TRN-05).
func TestNoDeadlines(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		p := newRawPod(t, "h2", func(*rawConn) { t.Error("something was sent") })
		p.wrap = func(c net.Conn) net.Conn { return stubbornConn{c} }
		err := getWithin(p.transport(nil), time.Minute)
		var refused attest.AttestationError
		if !errors.As(err, &refused) || refused.Requirement() != "TRN-05" || !strings.Contains(err.Error(), "Config.DialContext") {
			t.Error(err)
		}
	})
}

// A stubbornConn takes no deadline.
type stubbornConn struct{ net.Conn }

func (stubbornConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// A deafConn ignores deadlines.
type deafConn struct{ net.Conn }

func (deafConn) SetDeadline(time.Time) error      { return nil }
func (deafConn) SetReadDeadline(time.Time) error  { return nil }
func (deafConn) SetWriteDeadline(time.Time) error { return nil }

// TestLateProbe: an early answer while net/http looks whether there is a body at
// all does not let the header out after the verdict has ended (TRN-01).
func TestLateProbe(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		const life = time.Second
		p := newRawPod(t, "http/1.1", func(c *rawConn) {
			if c.number > 1 || !c.attest1() {
				return
			}
			time.Sleep(950 * time.Millisecond)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") // and no end
			if c.request() != "" {
				t.Errorf("the header came %v after the attestation", time.Since(c.asked))
			}
		})
		tr := p.transport(func(c *transport.Config) { c.MaxVerdictAge = life })
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(890 * time.Millisecond)
		body, end := io.Pipe()
		req, _ := http.NewRequest(http.MethodGet, rawOrigin+"/", body)
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		time.Sleep(life)
		end.Close()
	})
}

// TestLateIsTyped: a request that came too late, and cannot be repeated since its
// body was read, fails with an error that says which verdict ended and when
// (TRN-01).
func TestLateIsTyped(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		p := newRawPod(t, "http/1.1", (*rawConn).honest)
		tr := p.transport(func(c *transport.Config) { c.MaxVerdictAge = time.Second })
		if _, err := tr.Attest(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(890 * time.Millisecond)
		slow := readerFunc(func(b []byte) (int, error) {
			time.Sleep(150 * time.Millisecond)
			return 0, io.EOF
		})
		req, _ := http.NewRequest(http.MethodGet, rawOrigin+"/", io.NopCloser(slow))
		_, err := (&http.Client{Transport: tr}).Do(req)
		var refused attest.AttestationError
		if !errors.As(err, &refused) || refused.Requirement() != "TRN-01" {
			t.Errorf("%T %v", err, err)
		}
	})
}

// TestCutIsTyped: a stream that is cut off since its verdict has ended too long
// ago says so (TRN-35).
func TestCutIsTyped(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		tr := newTransport(t, p, nil)
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		eventually(t, "the request to be written", func() bool { return tr.Unwritten() == 0 })
		p.skew.Load().add(time.Hour, time.Hour)
		tr.Watch()
		_, err = io.ReadAll(res.Body)
		var refused attest.AttestationError
		if !errors.As(err, &refused) || refused.Requirement() != "TRN-35" {
			t.Errorf("%T %v", err, err)
		}
	})
}
