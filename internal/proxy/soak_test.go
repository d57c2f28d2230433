//go:build unix

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/attesttest/leak"
	"github.com/tresorhq/attest/internal/cli"
)

// TestProxySoak: many clients, while the endpoint gets new keys, signals make the proxy
// read its trust again, and one connection in four leads to a pod that runs something
// else. Not one byte of a request comes to a connection that is not proven. Every request
// is answered as by the endpoint, but for those that the bad pod costs a refusal, and
// nothing is left: no goroutine, no open file, no memory.
//
// 256 clients for 60 s, half of them over each protocol, when ATTEST_STRESS is set.
// Rules: PRX-30, PRX-54, TRN-18.
func TestProxySoak(t *testing.T) {
	clients, steps, pace := 8, 6, time.Duration(0)
	if os.Getenv("ATTEST_STRESS") != "" {
		clients, steps, pace = 128, 60, time.Second
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	e := kitEnclave(t)
	soaks := []*soak{newSoak(t, e, leak.HTTP1), newSoak(t, e, leak.HTTP2)}
	heard := make([]chan os.Signal, len(soaks)) // a signal is for each proxy
	for i, s := range soaks {
		heard[i] = make(chan os.Signal)
		s.open(heard[i])
	}
	go func() {
		for s := range hangups {
			for _, c := range heard {
				c <- s
			}
		}
	}()
	reload := func() {
		before := []uint64{soaks[0].reloads(), soaks[1].reloads()}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if !soon(func() bool { return soaks[0].reloads() > before[0] && soaks[1].reloads() > before[1] }) {
			t.Fatal("a signal was not heard")
		}
	}
	reload() // what is made once is there from here on
	for _, s := range soaks {
		s.settle()
	}
	goroutines, files, memory := runtime.NumGoroutine(), openFiles(), heap()

	for _, s := range soaks {
		s.meetBadPod()
	}
	var all sync.WaitGroup
	end := make(chan bool)
	for _, s := range soaks {
		for n := range clients {
			all.Go(func() { s.ask(n, end) })
		}
	}
	served := func() int64 { return min(soaks[0].served.Load(), soaks[1].served.Load()) }
	for step := range steps {
		time.Sleep(pace)
		before := served()
		if !soon(func() bool { return served() >= before+100 || t.Failed() }) || t.Failed() {
			t.Errorf("stopped: %d requests were served", served())
			break
		}
		for _, s := range soaks {
			s.rotate(fmt.Sprint(step))
		}
		if step%2 == 0 {
			reload()
		}
	}
	close(end)
	all.Wait()
	for _, s := range soaks {
		t.Logf("%s: %d requests served, %d refused for %d connections to the bad pod, %d keys, %d reloads, %d of them kept the old trust",
			s.protocol, s.served.Load(), s.refused.Load(), s.bad.Load(), s.keys, s.reloads(), s.kept.Load())
		if n := s.early.Load(); n > 0 {
			t.Errorf("%s: %d requests came over connections that had proven nothing", s.protocol, n)
		}
		if v := s.witness.Leaks(); len(v) > 0 {
			t.Errorf("%s: %v", s.protocol, v)
		}
		if s.bad.Load() == 0 || s.refused.Load() > s.bad.Load() {
			t.Errorf("%s: %d requests were refused for %d connections to the bad pod", s.protocol, s.refused.Load(), s.bad.Load())
		}
		s.leaveBadPod()
	}
	if !soon(func() bool {
		for _, s := range soaks {
			s.settle()
		}
		return runtime.NumGoroutine() <= goroutines && openFiles() <= files && heap() <= memory+2<<20
	}) {
		t.Errorf("%d goroutines, %d files, %d bytes; before that %d, %d, %d", runtime.NumGoroutine(), openFiles(), heap(), goroutines, files, memory)
	}
}

// heap is how much memory is in use, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools have kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A soak is a proxy in front of a fleet that speaks one protocol.
type soak struct {
	t         *testing.T
	protocol  string
	publisher *attesttest.Enclave
	d         *door
	client    *http.Client
	address   string // of the good pods
	bundleURL string
	keys      int // that were made

	now     atomic.Pointer[attesttest.Enclave] // that new connections lead to
	pods    sync.Map                           // by the client's address: *soakConn
	witness *leak.Witness                      // the bad pod
	badPod  atomic.Pointer[string]             // its address; nil: it is not there

	dials, bad, early, served, refused, read, kept atomic.Int64
}

// A soakConn is a connection to a good pod, which has the key of its handshake for as long
// as it is there.
type soakConn struct {
	pod      *attesttest.Enclave
	attested atomic.Bool
}

func newSoak(t *testing.T, publisher *attesttest.Enclave, protocol string) *soak {
	s := &soak{t: t, protocol: protocol, publisher: publisher, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}}
	s.rotate("first")
	published, err := publisher.Serve(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(published.Close)
	s.bundleURL = published.BundleURL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	server := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), TLSConfig: &tls.Config{
		NextProtos: []string{protocol},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := &soakConn{pod: s.now.Load()}
			s.pods.Store(hello.Conn.RemoteAddr().String(), c)
			certificate := c.pod.TLSCertificate()
			return &certificate, nil
		},
	}, ConnState: func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			s.pods.Delete(c.RemoteAddr().String())
		}
	}, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(protocol == leak.HTTP1)
	server.Protocols.SetHTTP2(protocol == leak.HTTP2)
	go server.ServeTLS(l, "", "")
	t.Cleanup(func() { server.Close() })
	return s
}

// ServeHTTP answers as a pod of the fleet. A connection with an older key is closed in the
// orderly way, when it has carried one request more.
func (s *soak) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, _ := s.pods.Load(r.RemoteAddr)
	c := got.(*soakConn)
	if r.URL.Path == "/attestation" {
		c.attested.Store(true)
		w.Header().Set("Content-Type", "application/json")
		w.Write(c.pod.Envelope(s.bundleURL))
		return
	}
	if !c.attested.Load() {
		s.early.Add(1)
	}
	if c.pod != s.now.Load() {
		w.Header().Set("Connection", "close")
	}
	io.WriteString(w, r.URL.RawQuery)
	io.Copy(w, r.Body)
}

// rotate gives the fleet a new key.
func (s *soak) rotate(name string) {
	pod, err := s.publisher.Sibling(s.protocol + name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.now.Store(pod)
	s.keys++
}

func (s *soak) trust() Trust {
	c := kitConfig(s.publisher, s.bundleURL)
	c.DisableCompression = true
	c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if bad := s.badPod.Load(); bad != nil && address == s.address && s.dials.Add(1)%4 == 0 {
			s.bad.Add(1)
			address = *bad
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return Trust{Transport: c}
}

func (s *soak) open(hangups <-chan os.Signal) {
	memory := attest.NewBundleMemory()
	trust := func(context.Context) (Trust, error) {
		t := s.trust()
		t.Transport.Demands.Memory = memory
		if s.read.Add(1)%4 == 0 {
			s.kept.Add(1)
			return t, errors.New("a file is no good")
		}
		return t, nil
	}
	first, _ := trust(s.t.Context())
	s.d = openDoor(s.t, "https://"+s.address, first.Transport, func(f *Config) {
		f.Hangups, f.Reload = hangups, trust
		f.Log = cli.NewPrinter("tresor-verify", io.Discard) // a log that grows is no leak
	})
}

func (s *soak) reloads() uint64 {
	m := &s.d.watch.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[sample{reloadsTotal, "done"}] + m.counts[sample{reloadsTotal, "kept"}]
}

// meetBadPod lets one connection in four lead to a pod that runs something else.
func (s *soak) meetBadPod() {
	pod, err := s.publisher.Sibling("bad", attesttest.Measurement)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.witness, err = leak.NewWitness(pod, s.protocol, nil); err != nil {
		s.t.Fatal(err)
	}
	address := strings.TrimPrefix(s.witness.URL, "https://")
	s.badPod.Store(&address)
}

func (s *soak) leaveBadPod() {
	s.badPod.Store(nil)
	s.witness.Close()
	s.witness = nil
}

// ask sends requests until the end. Each is answered as by the endpoint, or refused since
// the bad pod was met.
func (s *soak) ask(client int, end <-chan bool) {
	for n := 0; ; n++ {
		select {
		case <-end:
			return
		default:
		}
		// A server that goes away as HTTP/2 has it may leave a request with a body undone.
		method, query, body := http.MethodGet, fmt.Sprintf("%d-%d", client, n), ""
		if s.protocol == leak.HTTP1 && n%2 == 1 {
			method, body = http.MethodPost, strings.Repeat(query, 64)
		}
		r, err := http.NewRequest(method, s.d.base+"/v1/x?"+query, strings.NewReader(body))
		if err != nil {
			s.t.Error(err)
			return
		}
		res, err := s.client.Do(r)
		if err != nil {
			s.lost("%s %s: %v", method, s.protocol, err)
			return
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		switch {
		case err == nil && res.StatusCode == http.StatusOK && string(got) == query+body:
			s.served.Add(1)
		case err == nil && res.StatusCode == http.StatusBadGateway && strings.Contains(string(got), `"type": "MeasurementNotAllowedError"`):
			s.refused.Add(1)
		default:
			s.lost("%s %s: lost, with status %d, %s, %v", method, s.protocol, res.StatusCode, regexp.MustCompile(`"(type|requirement|message)": .*`).FindAll(got, 3), err)
			return
		}
	}
}

// lost says it once: the others end with it.
func (s *soak) lost(format string, about ...any) {
	if !s.t.Failed() {
		s.t.Errorf(format, about...)
	}
}

// settle closes what carries nothing.
func (s *soak) settle() {
	s.client.CloseIdleConnections()
	w := s.d.watch
	w.mu.Lock()
	serving := w.serving.transport
	w.mu.Unlock()
	serving.CloseIdleConnections()
}
