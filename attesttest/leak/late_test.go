package leak_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
)

// TestLateClient: a client that looks at its clock in time, and then takes its time
// to write the header, is found out. Nothing but the time of the bytes shows it.
func TestLateClient(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Seed: "late", MaxAge: time.Second})
	var all sync.WaitGroup
	for major, protocol := range protocols {
		for _, late := range []bool{false, true} {
			all.Go(func() {
				w := newWitness(t, e, protocol)
				c := client(t, e, major+1)
				ask(t, c, "GET", w.URL+"/attestation")
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteHeaderField: func(name string, _ []string) {
					if late && strings.EqualFold(name, "X-Api-Key") { // into a buffer: nothing is out yet
						time.Sleep(1500 * time.Millisecond)
					}
				}})
				sendKey(t, ctx, c, w.URL+"/v1/chat")
				if got := w.Leaks(); len(got) > 0 != late {
					t.Errorf("%s, late: %v: %v", protocol, late, got)
				}
			})
		}
	}
	all.Wait()
}

func sendKey(t *testing.T, ctx context.Context, c *http.Client, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("X-Api-Key", "key")
	res, err := c.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

// TestFirstByte: a request whose first byte came in time is in time, whenever the
// rest comes and the application is called.
func TestFirstByte(t *testing.T) {
	e := newEnclave(t, attesttest.Config{Seed: "late", MaxAge: time.Second})
	request := "GET /v1/chat HTTP/1.1\r\nHost: a\r\n\r\n"
	headers := frame(1, 5, 3, app2)
	var all sync.WaitGroup
	for _, tt := range []struct {
		protocol, first, then string
		late                  bool
	}{
		{leak.HTTP1, attestation + request[:5], request[5:], false},
		{leak.HTTP1, attestation, request, true},
		{leak.HTTP2, preface + settings + attest2 + headers[:5], headers[5:], false},
		{leak.HTTP2, preface + settings + attest2, headers, true},
	} {
		all.Go(func() {
			w := newWitness(t, e, tt.protocol)
			c, err := tls.Dial("tcp", strings.TrimPrefix(w.URL, "https://"), &tls.Config{RootCAs: e.WebRoots(), NextProtos: []string{tt.protocol}})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			head := strings.Index(tt.first, attestation) + len(attestation)
			if tt.protocol == leak.HTTP2 {
				head = len(preface + settings + attest2)
			}
			io.WriteString(c, tt.first[:head])
			c.Read(make([]byte, 1)) // it is attested
			time.Sleep(100 * time.Millisecond)
			io.WriteString(c, tt.first[head:])
			time.Sleep(1500 * time.Millisecond)
			io.WriteString(c, tt.then)
			c.CloseWrite()
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			io.Copy(io.Discard, c)
			w.Close()
			late := false
			for _, l := range w.Leaks() {
				late = late || strings.Contains(l.Text, "had run out")
			}
			if late != tt.late {
				t.Errorf("%s %q: %v", tt.protocol, tt.then, w.Leaks())
			}
		})
	}
	all.Wait()
}
