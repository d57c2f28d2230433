package proxy

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/internal/advice"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// A door is a proxy that runs, in front of an endpoint of the test kit.
type door struct {
	t      testing.TB
	base   string // http://127.0.0.1:PORT
	ops    string // the same of the operations listener; "": there is none
	log    *locked.Buffer
	watch  *watcher
	proxy  *proxy
	client *http.Client
	stop   func() // as a signal does; returns when all has ended
}

// kitConfig trusts an enclave of the test kit, which the command itself refuses.
func kitConfig(e *attesttest.Enclave, bundleURL string) transport.Config {
	return transport.Config{
		ReleaseRoots: []ed25519.PublicKey{e.ReleaseRoot()}, BundleURL: bundleURL, WebRoots: e.WebRoots(),
		Demands: attest.Config{Policy: policy.Default(), AMDRoots: e.VerifierConfig().AMDRoots, Workload: "router"},
		Proxy:   func(*http.Request) (*url.URL, error) { return nil, nil },
	}
}

func openDoor(t testing.TB, origin string, c transport.Config, change func(*Config)) *door {
	t.Helper()
	d := &door{t: t, log: new(locked.Buffer), client: &http.Client{
		Transport:     &http.Transport{ExpectContinueTimeout: time.Minute, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	f := kitProxy(origin, d.log)
	if change != nil {
		change(&f)
	}
	d.watch = f.watcher()
	d.watch.again = 0
	c.DisableCompression = true
	f.Transport = c
	if err := d.watch.install(f.Trust); err != nil {
		t.Fatal(err)
	}
	listener, err := listenAt(f.Listen, f.AllowRemote)
	if err != nil {
		t.Fatal(err)
	}
	var operations net.Listener
	if f.Ops != "" {
		if operations, err = listenAt(f.Ops, true); err != nil {
			t.Fatal(err)
		}
		d.ops = "http://" + operations.Addr().String()
	}
	d.base = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	d.proxy = f.handler(d.watch, listener.Addr())
	done := make(chan error, 1)
	go func() { done <- f.serve(ctx, listener, operations, d.proxy) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && attest.ErrorType(err) == "" { // a verdict is the business of the test
			t.Error(err)
		}
		d.watch.close()
		d.client.CloseIdleConnections()
	})
	t.Cleanup(d.stop)
	return d
}

// kitProxy is the configuration of a proxy in tests.
func kitProxy(origin string, log io.Writer) Config {
	return Config{
		Origin: origin, Listen: "127.0.0.1:0", MaxBody: 1 << 20, MaxConns: 4096, IdleBody: time.Minute, Grace: 10 * time.Second, Now: time.Now,
		Tool: "tresor-verify 0", Log: cli.NewPrinter("tresor-verify", log),
		Advice: advice.For{Program: "tresor-verify", Name: "proxy", Flags: []string{"--amd-root", "--crl", "--policy", "--workload", "--state"}},
	}
}

// kitDoor opens a door in front of an enclave with these faults.
func kitDoor(t testing.TB, app http.Handler, change func(*Config), spoil ...attesttest.Fault) (*door, *attesttest.Server) {
	t.Helper()
	e := kitEnclave(t, spoil...)
	server, err := e.Serve(app)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return openDoor(t, server.URL, kitConfig(e, server.BundleURL), change), server
}

func kitEnclave(t testing.TB, spoil ...attesttest.Fault) *attesttest.Enclave {
	t.Helper()
	e, err := attesttest.New(attesttest.Config{Seed: "door"}, spoil...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An answer is a response that was read whole.
type reply struct {
	status  int
	header  http.Header
	trailer http.Header
	body    string
}

func (d *door) do(r *http.Request) reply {
	d.t.Helper()
	res, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, res.Trailer, string(b)}
}

func (d *door) request(method, path, body string) *http.Request {
	d.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, d.base+path, reader)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *door) get(path string) reply {
	d.t.Helper()
	return d.do(d.request("GET", path, ""))
}

// raw sends bytes as they are, and returns the answer.
func (d *door) raw(text string) reply {
	d.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(d.base, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, strings.ReplaceAll(text, "HOST", strings.TrimPrefix(d.base, "http://"))); err != nil {
		d.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufferedReader(c), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, res.Trailer, string(b)}
}

// refusal wants an answer with this status and the JSON object of an error.
func (d *door) refusal(r reply, status int, kind string) *verdict.Error {
	d.t.Helper()
	var v verdict.Document
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		d.t.Errorf("status %d, %q: %v", r.status, r.body, err)
		return &verdict.Error{}
	}
	if r.status != status || r.header.Get("Content-Type") != "application/json" || v.Schema != verdict.Schema || v.Error == nil || v.Error.Type != kind || v.Verdict == "pass" || v.Report != nil || v.SPKI != "" {
		d.t.Errorf("status %d, want %d; %q, want %s", r.status, status, r.body, kind)
		return &verdict.Error{}
	}
	if kind == "UsageError" && strings.HasPrefix(v.Error.Hint, `"tresor-verify help`) {
		d.t.Errorf("%s: a hint for a command line", v.Error.Requirement)
	}
	return v.Error
}

// soon waits for what happens on other goroutines.
func soon(done func() bool) bool {
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func queryEscape(s string) string { return url.QueryEscape(s) }

// observed is what a transport of the proxy does when an attestation has ended.
func observed(w *watcher, a *attest.Audit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observe(a)
}
