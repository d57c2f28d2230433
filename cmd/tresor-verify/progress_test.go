package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/transport"
)

// waiter is a standard error that can be waited for.
type waiter struct {
	mu   sync.Mutex
	text strings.Builder
	said chan struct{}
	once sync.Once
}

func (w *waiter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.once.Do(func() { close(w.said) })
	return w.text.Write(b)
}

// TestProgress: what takes longer than a second says so, on standard error, and
// the answer stays the same.
// Rules: CLI-15.
func TestProgress(t *testing.T) {
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	stderr := &waiter{said: make(chan struct{})}
	server.Config.Handler = waitFor(stderr.said, server.Config.Handler)
	var stdout bytes.Buffer
	code := run(ctx(), args, world{stdin: strings.NewReader(""), stdout: &stdout, stderr: stderr, now: func() time.Time { return recent }})
	if want := "tresor-verify: asking " + server.URL + " for its evidence, for 30s at most\n"; code != 0 || !strings.HasPrefix(stdout.String(), "PASS\n") || stderr.text.String() != want {
		t.Errorf("exit code %d\n%s%s", code, &stdout, stderr.text.String())
	}
	u := &ui{stderr: os.Stderr}
	done := u.slow("this must not be seen")
	done()
	done()
}

// TestProgressFetching: so does what is fetched beside the evidence.
// Rules: CLI-15.
func TestProgressFetching(t *testing.T) {
	f := newFolder(t)
	_, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	stderr := &waiter{said: make(chan struct{})}
	server.Config.Handler = waitFor(stderr.said, server.Config.Handler)
	var stdout bytes.Buffer
	code := run(ctx(), []string{"bundle", "fetch", "--bundle-url", server.URL + "/bundle", "--out", f.path("bundle"), "--ca-file", f.path("web.pem")},
		world{stdin: strings.NewReader(""), stdout: &stdout, stderr: stderr, now: func() time.Time { return recent }})
	if want := "tresor-verify: fetching the trust bundle of --bundle-url, for 30s at most\n"; code != 0 || stderr.text.String() != want {
		t.Errorf("exit code %d\n%s%s", code, &stdout, stderr.text.String())
	}
}

// A slowReader gives nothing until something happens.
type slowReader struct {
	until <-chan struct{}
	io.Reader
}

func (r slowReader) Read(p []byte) (int, error) {
	<-r.until
	return r.Reader.Read(p)
}

// TestProgressReading: and what is read.
// Rules: CLI-15.
func TestProgressReading(t *testing.T) {
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	report, err := os.ReadFile(f.path("report.bin"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stderr := &waiter{said: make(chan struct{})}
		var stdout bytes.Buffer
		code := run(t.Context(), []string{"show", "-"}, world{stdin: slowReader{stderr.said, bytes.NewReader(report)}, stdout: &stdout, stderr: stderr, now: time.Now})
		if want := "tresor-verify: waiting for standard input\n"; code != 0 || stderr.text.String() != want {
			t.Errorf("exit code %d\n%s%s", code, &stdout, stderr.text.String())
		}
	})
}

// TestProgressProxy: and the proxy, but for an endpoint of which its log has said
// already that it can not be asked.
// Rules: CLI-15.
func TestProgressProxy(t *testing.T) {
	e := kitEnclave(t)
	synctest.Test(t, func(t *testing.T) {
		c := kitConfig(e, "https://127.0.0.1/bundle")
		c.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, errors.New("no answer")
		}
		log := new(lockedBuffer)
		w := &watcher{world: world{now: time.Now}, ui: &ui{stderr: log}, origin: "https://127.0.0.1"}
		c.OnAudit = w.observe
		var err error
		if w.transport, err = transport.New(w.origin, c); err != nil {
			t.Fatal(err)
		}
		defer w.close()
		for range 3 {
			if _, err := w.current(t.Context()); err == nil {
				t.Error("a verdict")
			}
		}
		lines := strings.SplitAfter(log.String(), "\n")
		if len(lines) != 3 || lines[0] != "tresor-verify: asking https://127.0.0.1 for its evidence\n" || !strings.Contains(lines[1], " error: EvidenceUnavailableError by TRN-60: ") {
			t.Errorf("%q", lines)
		}
	})
}
