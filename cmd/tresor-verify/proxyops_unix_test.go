//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/verdict"
)

// running starts a proxy in this process, waits for its first verdict, and returns where
// it is, its log, and what ends it with its exit code.
func running(t *testing.T, args []string) (base string, log *locked.Buffer, stop func() int) {
	t.Helper()
	var stdout bytes.Buffer
	log = new(locked.Buffer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, args, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: log, Now: time.Now})
	}()
	stop = func() int {
		cancel()
		code := <-done
		done <- code
		return code
	}
	t.Cleanup(func() { stop() })
	if !soon(func() bool {
		return strings.Contains(log.String(), "listening") && strings.Contains(log.String(), " pass: ")
	}) {
		t.Fatalf("exit %d: %s", stop(), log)
	}
	return "http://127.0.0.1:" + portIn(t, log.String()[strings.Index(log.String(), "listening"):]), log, stop
}

func status(t *testing.T, address string) int {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestHealthcheck: 0 when the proxy is ready, by address and by socket; 3 for everything
// else.
// Rules: PRX-58.
func TestHealthcheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket := "unix:" + dir + "/ops"
	_, _, stop := running(t, append(proxyArgs(t, http.NotFoundHandler()), "--ops", socket))
	for _, tt := range []struct {
		args []string
		out  string
	}{{nil, "verified\n"}, {[]string{"--live"}, "alive\n"}} {
		if o := tool(append([]string{"healthcheck", "--ops", socket}, tt.args...)...); o.code != verdict.ExitVerified || o.stdout != tt.out {
			t.Errorf("%q: %+v", tt.args, o)
		}
	}
	stop()
	if o := tool("healthcheck", "--ops", socket); o.code != verdict.ExitUndecided {
		t.Errorf("nothing there: %+v", o)
	}
	_, log, _ := running(t, append(proxyArgs(t, http.NotFoundHandler()), "--ops", "127.0.0.1:0"))
	_, rest, _ := strings.Cut(log.String(), "operations at ")
	address, _, _ := strings.Cut(rest, "\n")
	if o := tool("healthcheck", "--ops", address); o.code != verdict.ExitVerified {
		t.Errorf("%+v", o)
	}
	for _, args := range [][]string{{"--live"}, {"--ops", "x"}, {"--ops", "a b:1"}} {
		if o := tool(append([]string{"healthcheck"}, args...)...); o.code != verdict.ExitUsage {
			t.Errorf("%q: %+v", args, o)
		}
	}
}

// TestProxyReload: a signal makes the proxy read what it trusts again: a file that is no
// good changes nothing and is named, and a policy that what runs does not meet stops
// traffic, that which runs too.
// Rules: PRX-54.
func TestProxyReload(t *testing.T) {
	f := newFolder(t)
	policy := f.write("policy.json", []byte(`{"schema":"attest.policy/v1"}`))
	begun, ended := make(chan bool, 1), make(chan bool, 1)
	base, log, stop := running(t, append(proxyArgs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			http.NewResponseController(w).Flush()
			begun <- true
			<-r.Context().Done()
			ended <- true
		}
	})), "--policy", policy))
	hangUp := func(said string) {
		t.Helper()
		before := strings.Count(log.String(), said)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if !soon(func() bool { return strings.Count(log.String(), said) > before }) {
			t.Fatalf("not said: %q in %s", said, log)
		}
	}
	res, err := http.Get(base + "/long")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-begun
	for _, bad := range []string{"{", `{"schema":"attest.policy/v1","unknown":1}`} {
		f.write("policy.json", []byte(bad))
		hangUp("nothing is reloaded, what was in force stays: --policy " + policy)
		if got := status(t, base+"/"); got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
	f.write("policy.json", []byte(`{"schema":"attest.policy/v1"}`))
	hangUp(" are reloaded")
	if got := status(t, base+"/"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	select {
	case <-ended:
		t.Error("a reload that changes nothing ended what runs")
	default:
	}
	f.write("policy.json", []byte(`{"schema":"attest.policy/v1","min_guest_svn":4294967295}`))
	hangUp(" are reloaded")
	if got := status(t, base+"/"); got != http.StatusBadGateway {
		t.Errorf("status %d", got)
	}
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the answer that was cut off passes as whole")
	}
	<-ended
	if code := stop(); code != verdict.ExitRefused {
		t.Errorf("exit %d", code)
	}
}

// TestProxyDrain: after the signal /readyz is 503 and requests are still taken, for as
// long as the delay is; then it ends. A second signal ends it at once.
// Rules: PRX-55.
func TestProxyDrain(t *testing.T) {
	t.Parallel()
	socket := "unix:" + t.TempDir() + "/ops"
	args := append(proxyArgs(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), "--ops", socket)
	base, program, _, log := startProgram(t, append(args, "--drain-delay", "1h"))
	program.Process.Signal(syscall.SIGTERM)
	if !soon(func() bool { return strings.Contains(log.String(), "draining") }) {
		t.Fatal(log)
	}
	if o := tool("healthcheck", "--ops", socket); o.code != verdict.ExitUndecided || !strings.Contains(o.stdout, "not verified") {
		t.Errorf("%+v", o)
	}
	if got := status(t, base+"/"); got != http.StatusOK || strings.Contains(log.String(), "stopping") {
		t.Errorf("status %d: %s", got, log)
	}
	program.Process.Signal(syscall.SIGTERM)
	if err := program.Wait(); err == nil || strings.Contains(log.String(), "stopping") {
		t.Errorf("%v: %s", err, log)
	}

	_, program, _, log = startProgram(t, append(args, "--drain-delay", "1ms"))
	program.Process.Signal(syscall.SIGTERM)
	if err := program.Wait(); err != nil || !strings.Contains(log.String(), "stopping") {
		t.Errorf("%v: %s", err, log)
	}
}

// TestProxyAuthorization: the token of the file replaces what clients send, is read again
// by a reload that it is good for, and stands nowhere else.
// Rules: PRX-57.
func TestProxyAuthorization(t *testing.T) {
	f := newFolder(t)
	token := f.write("token", []byte("s3cret-1\n"))
	var got atomic.Value
	args := proxyArgs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Store(strings.Join(r.Header.Values("Authorization"), "|"))
	}))
	chmod := func(mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(token, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		chmod(mode)
		if o := tool(append(args, "--authorization-file", token)...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "write the token alone into a file") {
			t.Errorf("%v: %+v", mode, o)
		}
	}
	chmod(0o600)
	for _, bad := range []string{"", "\n", "a\nb", "a\r\nb\n", "Bearer a", "a\x00", "ä", "a\n\n"} {
		f.write("token", []byte(bad))
		if o := tool(append(args, "--authorization-file", token)...); o.code != verdict.ExitUsage || !strings.Contains(o.stderr, "write the token alone into a file") {
			t.Errorf("%q: %+v", bad, o)
		}
	}
	f.write("token", []byte("s3cret-1\n"))
	chmod(0o644)
	base, log, stop := running(t, append(args, "--authorization-file", token, "--access-log", "--log-level", "debug"))
	if !strings.Contains(log.String(), "WARNING: others may read "+token) {
		t.Error(log)
	}
	ask := func(want string) {
		t.Helper()
		r, err := http.NewRequest("GET", base+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Authorization"] = []string{"Bearer own", "Bearer other"}
		r.Header.Set("Connection", "Authorization")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got.Load() != want {
			t.Errorf("%q arrived, want %q", got.Load(), want)
		}
	}
	ask("Bearer s3cret-1")
	for _, step := range []struct{ text, said, want string }{
		{"s3cret-2\n\n", "nothing is reloaded, what was in force stays: --authorization-file", "Bearer s3cret-1"},
		{"s3cret-2", " are reloaded", "Bearer s3cret-2"},
	} {
		f.write("token", []byte(step.text))
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if !soon(func() bool { return strings.Contains(log.String(), step.said) }) {
			t.Fatal(log)
		}
		ask(step.want)
	}
	stop()
	if strings.Contains(log.String(), "s3cret") {
		t.Error(log)
	}
}
