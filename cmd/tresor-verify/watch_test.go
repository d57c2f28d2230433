package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// hooked is a standard output that tells of each write.
type hooked struct {
	text   bytes.Buffer
	writes int
	hook   func(n int)
}

func (h *hooked) String() string { return h.text.String() }

func (h *hooked) Write(b []byte) (int, error) {
	h.writes++
	h.text.Write(b)
	h.hook(h.writes)
	return len(b), nil
}

// TestWatch: a line for each round, and the first refusal is the last.
// Rules: CLI-13.
func TestWatch(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	out := &hooked{hook: func(n int) {
		if n == 3 {
			f.write("envelope.json", []byte("{}"))
		}
	}}
	var stderr bytes.Buffer
	code := run(ctx(), append(args, "--watch", "1ms", "--json"), cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: &stderr, Now: func() time.Time { return recent }})
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	if code != verdict.ExitRefused || len(lines) != 4 {
		t.Fatalf("exit code %d, %d lines: %s %s", code, len(lines), out, &stderr)
	}
	for i, line := range lines {
		var v verdict.Document
		if err := json.Unmarshal([]byte(line), &v); err != nil || (v.Verdict == "pass") != (i < 3) {
			t.Errorf("%v %s", err, line)
		}
	}
}

// TestWatchText: a line for each round.
func TestWatchText(t *testing.T) {
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	out := &hooked{hook: func(n int) {
		if n == 2 {
			server.Close()
		}
	}}
	var stderr bytes.Buffer
	code := run(ctx(), append(args, "--watch", "1ms"), cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: &stderr, Now: func() time.Time { return recent }})
	if code != verdict.ExitUndecided || strings.Count(out.String(), "PASS\t"+server.URL+"\t") != 2 || !strings.Contains(out.String(), "\nUNDECIDED\t"+server.URL+"\tEvidenceUnavailableError\tTRN-") {
		t.Errorf("exit code %d: %s%s", code, out, &stderr)
	}
}

// TestWatchRollback: an older bundle is noticed from one round to the next, also
// without --state.
func TestWatchRollback(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	out := &hooked{hook: func(int) { endpoint(t, f, 16) }}
	code := run(ctx(), append(args, "--watch", "1ms"), cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: new(bytes.Buffer), Now: func() time.Time { return recent }})
	if code != verdict.ExitRefused || !strings.Contains(out.String(), "\nFAIL\t") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// call is one of a command that writes to these.
func call(stdout, stderr io.Writer) *cli.Call {
	return &cli.Call{Env: cli.Env{Stdout: stdout, Stderr: stderr}, Printer: cli.NewPrinter("tresor-verify", stderr)}
}

// TestWatchSignals: a signal ends the watch with the code of the last round.
func TestWatchSignals(t *testing.T) {
	t.Parallel()
	passed := func(context.Context) (int, error) { return verdict.ExitVerified, nil }
	for name, tt := range map[string]struct {
		round func(ctx context.Context, n int) (int, error)
		code  int
		err   bool
	}{
		"in the first round": {func(ctx context.Context, n int) (int, error) { return 0, ctx.Err() }, 0, true},
		"in the second round": {func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return passed(ctx)
			}
			return 0, verdict.Unavailable("tls", ctx.Err())
		}, verdict.ExitVerified, false},
		"refused in the second round": {func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return passed(ctx)
			}
			return 0, &attest.EnvelopeInvalidError{}
		}, 0, true},
		"a refusal counts": {func(ctx context.Context, n int) (int, error) { return verdict.ExitChanged, nil }, verdict.ExitChanged, false},
	} {
		ctx, cancel := context.WithCancel(ctx())
		n := 0
		code, err := watch(ctx, call(new(bytes.Buffer), new(bytes.Buffer)), time.Nanosecond, false, func(ctx context.Context) (int, error) {
			n++
			if n == 2 || !strings.Contains(name, "second round") {
				cancel()
			}
			return tt.round(ctx, n)
		})
		if code != tt.code || (err != nil) != tt.err {
			t.Errorf("%s: %d %v", name, code, err)
		}
	}
	pausing, cancel := context.WithCancel(ctx())
	out := &hooked{hook: func(int) { cancel() }}
	var stderr bytes.Buffer
	c := call(out, &stderr)
	code, err := watch(pausing, c, time.Hour, false, func(ctx context.Context) (int, error) { c.Line("PASS"); return passed(ctx) })
	if code != verdict.ExitVerified || err != nil || !strings.Contains(stderr.String(), "signal") {
		t.Errorf("in the pause: %d %v %s", code, err, &stderr)
	}
	if code, err := watch(ctx(), call(brokenPipe{}, &stderr), time.Hour, false, passed); code != verdict.ExitInternal || err != nil {
		t.Errorf("a lost verdict: %d %v", code, err)
	}
}

// TestKeepGoing: a round without a verdict does not end a watch that keeps going, and
// the exit code is the last round's.
// Rules: CLI-13.
func TestKeepGoing(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	good := server.Config.Handler
	var broken atomic.Bool
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		good.ServeHTTP(w, r)
	})
	for want, end := range map[int]func(stop func()){
		verdict.ExitUndecided: func(stop func()) { stop() },
		verdict.ExitRefused:   func(func()) { broken.Store(false); f.write("envelope.json", []byte("{}")) },
	} {
		endpoint(t, f, 17)
		broken.Store(false)
		watching, stop := context.WithCancel(ctx())
		out := &hooked{hook: func(n int) {
			switch n {
			case 1:
				broken.Store(true)
			case 3:
				end(stop)
			}
		}}
		code := run(watching, append(args, "--watch", "1ms", "--keep-going"), cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: new(bytes.Buffer), Now: now})
		if lines := strings.Split(out.String(), "\n"); code != want || len(lines) < 4 || !strings.HasPrefix(lines[0], "PASS\t") || !strings.HasPrefix(lines[1], "UNDECIDED\t") || !strings.HasPrefix(lines[2], "UNDECIDED\t") {
			t.Errorf("exit code %d, want %d: %s", code, want, out)
		}
		stop()
	}
	if o := tool(append(args, "--keep-going")...); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
}

func TestWatchUsage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args, _, asked := liveEndpoint(t, f, mint.P256Key("tls"))
	for name, given := range map[string][]string{
		"offline":   append(endpoint(t, f, 17), "--watch", "1m"),
		"at":        append(args, "--watch", "1m", "--at", "2026-04-01T12:00:00Z"),
		"record":    append(args, "--watch", "1m", "--record", f.path("pin.json")),
		"stdin":     append(args, "--watch", "1m", "--pin", "-"),
		"no number": append(args, "--watch", "often"),
		"zero":      append(args, "--watch", "0s"),
	} {
		if o := tool(given...); o.code != verdict.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if asked.Load() != 0 {
		t.Error("the endpoint was asked")
	}
}

// TestExpiryWarning: a week before its end, a bundle is warned of.
// Rules: CLI-14.
func TestExpiryWarning(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17) // until 2026-05-01
	envelope, err := os.ReadFile(f.path("envelope.json"))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-04-24T00:00:00Z": "", "2026-04-24T00:00:01Z": "expires in 6 d 23 h", "2026-04-30T12:30:00Z": "expires in 11 h 30 min", "2026-04-30T23:59:00Z": "expires in 1 min 0 s",
	} {
		f.write("envelope.json", bytes.Replace(envelope, []byte("2026-04-01T11:59:30Z"), []byte(at), 1))
		o := tool(append(args, "--at", at)...)
		if o.code != 0 || strings.Contains(o.stdout, "trust bundle expires") != (want != "") || !strings.Contains(o.stdout, want) {
			t.Errorf("%s: %+v", at, o)
		}
		v := tool(append(args, "--at", at, "--json")...).verdict(t)
		if n := len(v.Warnings); n == 0 || (v.Warnings[n-1].Source == "trust bundle, valid_until") != (want != "") {
			t.Errorf("%s: %+v", at, v.Warnings)
		}
	}
}
