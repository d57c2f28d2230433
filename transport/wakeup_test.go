package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// TestWaiterOfCutConnection: who waits for the only connection that is allowed
// gets another one when that is cut off, whoever cuts it off (TRN-35, TRN-48).
func TestWaiterOfCutConnection(t *testing.T) {
	each(t, func(t *testing.T, protocol string) {
		p := newPod(t, protocol, shared(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/held" {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			fmt.Fprint(w, "done")
		}, streams(1))
		tr := newTransport(t, p, func(c *transport.Config) {
			c.MaxConns = 1
		})
		res, err := (&http.Client{Transport: tr}).Get("https://" + p.address + "/held")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { _, err := get(tr, "https://"+p.address+"/"); done <- err }()
		eventually(t, "a waiter", func() bool { _, n := tr.Counts(); return n == 1 })
		p.skew.Load().add(time.Hour, time.Hour)
		tr.Watch()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("it waits for ever")
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("what ran too long ended well")
		}
		res.Body.Close()
		none(t, p)
		settled(t, tr)
	})
}

// shutsDown are the ways in which a pod closes its connection right after its attestation.
var shutsDown = []struct {
	name, alpn string
	last       func(c *rawConn)
	rule       string // of the error, when that is all that the pods do
}{
	{"with the answer", "http/1.1", func(c *rawConn) {
		c.request()
		c.answer("200 OK\r\nContent-Type: application/json\r\nConnection: close", string(envelopeNow(shared())))
	}, "TRN-26"},
	{"GOAWAY with the answer", "h2", func(c *rawConn) {
		c.greet2("")
		c.attest2(func() { c.send(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00") })
	}, "TRN-32"},
	{"GOAWAY behind the answer", "h2", func(c *rawConn) {
		c.attest()
		c.send(frameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00")
	}, "TRN-32"},
	{"behind the answer", "h2", (*rawConn).attest, "TRN-32"},
	{"behind the answer", "http/1.1", (*rawConn).attest, "TRN-32"},
}

// seen makes a transport that takes a little longer for a verdict: what comes behind an
// answer has been seen by then.
func seen(c *transport.Config) {
	c.OnAudit = func(*attest.Audit) { time.Sleep(20 * time.Millisecond) }
}

// TestLostAfterAnswer: a request for which a connection was attested that is lost right
// after that is tried once more, and not for ever (TRN-26, TRN-32).
func TestLostAfterAnswer(t *testing.T) {
	for _, row := range shutsDown {
		for _, times := range []int{1, 1 << 20} {
			t.Run(fmt.Sprintf("%s %s, %d times", row.name, row.alpn, times), func(t *testing.T) {
				inMemory(t, func(t *testing.T) {
					p := newRawPod(t, row.alpn, func(c *rawConn) {
						if c.number > times {
							c.honest()
						} else {
							row.last(c)
						}
					})
					err := getWithin(p.transport(seen), time.Hour)
					if n := p.dials.Load(); times == 1 && (err != nil || n != 2) {
						t.Errorf("%d connections: %v", n, err)
					}
					var down *attest.EvidenceUnavailableError
					if n := p.dials.Load(); times > 1 && (!errors.As(err, &down) || down.Requirement() != row.rule || n != 8) {
						t.Errorf("%d connections: %v", n, err)
					}
				})
			})
		}
	}
}

// TestShuttingDown: a pod that closes its connection right after its attestation costs no
// caller anything as long as others serve, however fast it is and slow they are (TRN-26).
func TestShuttingDown(t *testing.T) {
	for _, row := range shutsDown {
		t.Run(row.name+" "+row.alpn, func(t *testing.T) {
			inMemory(t, func(t *testing.T) {
				p := newRawPod(t, row.alpn, func(c *rawConn) {
					if c.number%3 != 0 {
						row.last(c)
						return
					}
					time.Sleep(time.Second)
					c.honest()
				})
				tr := p.transport(seen)
				for range 3 {
					if n := all(tr, 20, 20*time.Second); n != 0 {
						t.Errorf("%d of 20 failed", n)
					}
				}
			})
		})
	}
}

// TestLostOnce: a request that can be repeated is sent once more when the first connection
// closes instead of answering it, and not when the second one does too: a server may close
// because of it. One that cannot is not sent again (TRN-52).
func TestLostOnce(t *testing.T) {
	for _, row := range []struct {
		method string
		closes int // connections
		sent   int64
		fine   bool
	}{
		{http.MethodGet, 1, 2, true},
		{http.MethodGet, 2, 2, false},
		{http.MethodPost, 1, 1, false},
	} {
		inMemory(t, func(t *testing.T) {
			var sent atomic.Int64
			p := newRawPod(t, "http/1.1", func(c *rawConn) {
				c.attest()
				for c.request() != "" && (sent.Add(1) > 0 && c.number > row.closes) {
					c.answer("200 OK", "")
				}
			})
			req, _ := http.NewRequest(row.method, rawOrigin+"/", strings.NewReader("hello"))
			res, err := p.transport(nil).RoundTrip(req)
			if err == nil {
				res.Body.Close()
			}
			if (err == nil) != row.fine || sent.Load() != row.sent {
				t.Errorf("%s, closed %d times: sent %d times: %v", row.method, row.closes, sent.Load(), err)
			}
		})
	}
}

// TestLostInsteadOfAnswer: a pod whose connections are lost at their first request, by what
// comes instead of an answer, is asked less and less often, however often a caller tries
// again (TRN-36).
func TestLostInsteadOfAnswer(t *testing.T) {
	for _, row := range []struct {
		name, alpn string
		instead    string
		changed    bool // the protocol: ErrProtocolChanged
	}{
		{"nothing", "h2", "", false},
		{"nothing", "http/1.1", "", false},
		{"malformed head", "http/1.1", "HTTP/1.1 200 OK\r\nmalformed\r\n\r\n", false},
		{"malformed status", "http/1.1", "hello, this is no answer\r\n\r\n", false},
		{"cut within the status", "http/1.1", "HTTP/1.1 20", false},
		{"cut within the head", "http/1.1", "HTTP/1.1 200 OK\r\nContent-Le", false},
		{"another protocol", "http/1.1", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n", true},
	} {
		t.Run(row.name+" "+row.alpn, func(t *testing.T) {
			inMemory(t, func(t *testing.T) {
				p := newRawPod(t, row.alpn, func(c *rawConn) {
					if c.attest(); c.h2() {
						c.opened()
					} else if c.request() != "" {
						io.WriteString(c, row.instead)
					}
				})
				tr, end := p.transport(nil), time.Now().Add(3*time.Second)
				for i := range 100 { // without a pause, no time passes
					err := getWithin(tr, time.Until(end))
					if err == nil || i == 0 && errors.Is(err, transport.ErrProtocolChanged) != row.changed {
						t.Fatal(err)
					}
				}
				if n := p.dials.Load(); n > 10 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

// TestBrokenAnswerOnce: a request whose answer has begun is not sent again, although it is
// idempotent: the server did not close the connection instead of answering (TRN-52).
func TestBrokenAnswerOnce(t *testing.T) {
	for _, head := range []string{"HTTP/1.1 200 OK\r\nmalformed\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le"} {
		inMemory(t, func(t *testing.T) {
			p := newRawPod(t, "http/1.1", func(c *rawConn) {
				c.attest()
				c.request()
				io.WriteString(c, head)
			})
			if err := getWithin(p.transport(nil), time.Minute); err == nil || p.dials.Load() != 1 {
				t.Errorf("%q: %d connections: %v", head, p.dials.Load(), err)
			}
		})
	}
}

// TestBodyThatFails: a connection that is lost because the body of a caller's request could
// not be read is no failure of the endpoint: other requests do not wait (TRN-36).
func TestBodyThatFails(t *testing.T) {
	inMemory(t, func(t *testing.T) {
		p := newRawPod(t, "http/1.1", func(c *rawConn) {
			c.attest()
			if strings.HasPrefix(c.request(), http.MethodGet) {
				c.answer("200 OK", "")
			}
			io.Copy(io.Discard, c.in) // the rest of a body: an early answer would be one
		})
		tr, begun, broken := p.transport(nil), time.Now(), errors.New("the body is broken")
		for range 20 {
			req, _ := http.NewRequest(http.MethodPost, rawOrigin+"/", iotest.ErrReader(broken))
			if _, err := tr.RoundTrip(req); !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
		if err := getWithin(tr, time.Minute); err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d >= 25*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

// TestLostForAll: after a row of failures a connection that is lost counts for all that
// wait, and not only for the request that it was opened for: they do not wait for one each
// (TRN-36).
func TestLostForAll(t *testing.T) {
	eachRaw(t, func(t *testing.T, alpn string) {
		p := newRawPod(t, alpn, (*rawConn).attest)
		const callers = 64
		if n := all(p.transport(seen), callers, time.Hour); n != callers {
			t.Errorf("%d of %d failed", n, callers)
		}
		if n := p.dials.Load(); n < 16 || n > callers/2 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestLostForItsOwner: the connections that are opened for one request and lost do not count
// for another one, which has waited longer for a pod that is slow (TRN-26).
func TestLostForItsOwner(t *testing.T) {
	for _, row := range shutsDown {
		t.Run(row.name+" "+row.alpn, func(t *testing.T) {
			inMemory(t, func(t *testing.T) {
				p := newRawPod(t, row.alpn, func(c *rawConn) {
					if c.number > 1 {
						row.last(c)
						return
					}
					time.Sleep(20 * time.Second) // less than AttestTimeout
					c.honest()
				})
				tr := p.transport(seen)
				first := make(chan error)
				go func() { first <- getWithin(tr, time.Minute) }()
				synctest.Wait()
				var down *attest.EvidenceUnavailableError
				if err := getWithin(tr, time.Minute); !errors.As(err, &down) || down.Requirement() != row.rule || p.dials.Load() != 9 {
					t.Errorf("the second request, after %d connections: %v", p.dials.Load(), err)
				}
				if err := <-first; err != nil {
					t.Errorf("the first request: %v", err)
				}
			})
		})
	}
}
