package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
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
	t.Parallel()
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	stderr := &waiter{said: make(chan struct{})}
	server.Config.Handler = waitFor(stderr.said, server.Config.Handler)
	var stdout bytes.Buffer
	code := run(ctx(), args, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: stderr, Now: func() time.Time { return recent }})
	if want := "tresor-verify: asking " + server.URL + " for its evidence, for 30s at most\n"; code != 0 || !strings.HasPrefix(stdout.String(), "PASS\n") || stderr.text.String() != want {
		t.Errorf("exit code %d\n%s%s", code, &stdout, stderr.text.String())
	}
	u := cli.NewPrinter("x", os.Stderr)
	done := u.Slow("this must not be seen")
	done()
	done()
}

// TestProgressFetching: so does what is fetched beside the evidence.
// Rules: CLI-15.
func TestProgressFetching(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	_, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	stderr := &waiter{said: make(chan struct{})}
	server.Config.Handler = waitFor(stderr.said, server.Config.Handler)
	var stdout bytes.Buffer
	code := run(ctx(), []string{"bundle", "fetch", "--bundle-url", server.URL + "/bundle", "--out", f.path("bundle"), "--ca-file", f.path("web.pem")},
		cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: stderr, Now: func() time.Time { return recent }})
	if want := "tresor-verify: fetching the trust bundle of --bundle-url, for 30s at most\ntresor-verify: wrote: " + f.path("bundle") + "\n"; code != 0 || stderr.text.String() != want {
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
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	report, err := os.ReadFile(f.path("report.bin"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stderr := &waiter{said: make(chan struct{})}
		var stdout bytes.Buffer
		code := run(t.Context(), []string{"show", "-"}, cli.Env{Stdin: slowReader{stderr.said, bytes.NewReader(report)}, Stdout: &stdout, Stderr: stderr, Now: time.Now})
		if want := "tresor-verify: waiting for standard input\n"; code != 0 || stderr.text.String() != want {
			t.Errorf("exit code %d\n%s%s", code, &stdout, stderr.text.String())
		}
	})
}
