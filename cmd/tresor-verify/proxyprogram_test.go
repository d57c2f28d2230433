package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// proxyArgs serves an endpoint that the command accepts, with an application, and
// returns the command line of a proxy in front of it.
func proxyArgs(t *testing.T, app http.Handler) []string {
	t.Helper()
	args, _, _ := liveEndpointAt(t, newFolder(t), mint.P256Key("tls"), time.Now(), app)
	return append([]string{"proxy", "--listen", "127.0.0.1:0"}, args[1:]...)
}

func TestProxyUsage(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := proxyArgs(t, http.NotFoundHandler())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, given := range map[string][]string{
		"no URL":           removeFlag(args, "--url"),
		"no origin":        replaceFlag(args, []string{"--url", "https://api.example/v1"}),
		"http":             replaceFlag(args, []string{"--url", "http://api.example"}),
		"no release root":  removeFlag(args, "--release-root"),
		"every address":    replaceFlag(args, []string{"--listen", "0.0.0.0:0"}),
		"every address, 2": replaceFlag(args, []string{"--listen", ":0"}),
		"every address, 3": replaceFlag(args, []string{"--listen", "[::]:0"}),
		"a name":           replaceFlag(args, []string{"--listen", "proxy.example:0"}),
		"no port":          replaceFlag(args, []string{"--listen", "127.0.0.1"}),
		"taken":            replaceFlag(args, []string{"--listen", taken.Addr().String()}),
		"two bundles":      append(args, "--bundle", "x"),
		"http bundle":      replaceFlag(args, []string{"--bundle-url", "http://127.0.0.1/"}),
		"max body":         append(args, "--max-body", "0"),
		"grace":            append(args, "--grace", "-1s"),
		"argument":         append(args, "x"),
		"policy":           append(args, "--policy", f.path("none")),
		"state":            append(args, "--state", f.dir+"/.."),
		"at":               append(args, "--at", "2026-04-01T12:00:00Z"),
	} {
		if o := tool(given...); o.code != verdict.ExitUsage || o.stdout != "" || !strings.HasPrefix(o.stderr, "tresor-verify: ") {
			t.Errorf("%s: %+v", name, o)
		}
		if v := tool(append(given, "--json")...).verdict(t); v.ExitCode != verdict.ExitUsage || v.Error.Type != "UsageError" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	bundle := append(removeFlag(args, "--bundle-url"), "--bundle")
	if o := tool(append(bundle, f.path("none"))...); o.code != verdict.ExitUndecided {
		t.Errorf("%+v", o)
	}
	if o := toolWith(bomb{}, append(bundle, "-")...); o.code != verdict.ExitInternal {
		t.Errorf("%+v", o)
	}
}

// TestProxyRun: the command from its first line to its last, and nothing on
// standard output.
func TestProxyRun(t *testing.T) {
	t.Parallel()
	evil := "v1\x1b[31m" // in the manifest of the endpoint
	args := proxyArgs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	for _, more := range [][]string{nil, {"--json-log"}, {"--allow-remote", "--listen", "0.0.0.0:0", "--allow-vlek"}} {
		given := append(args, more...)
		if len(more) > 1 {
			given = append(removeFlag(args, "--listen"), more...)
		}
		var stdout bytes.Buffer
		log := new(locked.Buffer)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan int)
		go func() {
			done <- run(ctx, given, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: log, Now: time.Now})
		}()
		if !soon(func() bool {
			return strings.Contains(log.String(), "listening") && strings.Contains(log.String(), "pass")
		}) {
			cancel()
			t.Fatalf("exit %d: %s", <-done, log)
		}
		base := "http://127.0.0.1:" + portIn(t, log.String())
		remarks := []string{"AMD root: custom"}
		if len(more) > 1 {
			remarks = append(remarks, "relaxed: allow-vlek")
		}
		for _, remark := range remarks {
			if len(more) != 1 && !strings.Contains(log.String(), "; "+remark) {
				t.Errorf("no %q in %q", remark, log)
			}
		}
		for path, want := range map[string]string{"/v1": "hello", "/healthz": "verified\n"} {
			res, err := http.Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || !strings.HasPrefix(string(b), want) {
				t.Errorf("%s: %q %v", path, b, err)
			}
			for _, remark := range remarks {
				if path == "/healthz" && !strings.Contains(string(b), "\n"+remark+"\n") {
					t.Errorf("no %q in %q", remark, b)
				}
			}
		}
		cancel()
		if code := <-done; code != 0 || stdout.Len() > 0 || !strings.Contains(log.String(), "stopping") || strings.Contains(log.String(), evil) {
			t.Errorf("exit %d, %q: %q", code, stdout.String(), log)
		}
		if len(more) == 1 {
			for line := range strings.Lines(log.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("%q", line)
				}
			}
		}
	}
}

// TestProxyExitCode: a signal ends it with the code of what stood then: 0 says
// that an endpoint was verified.
// Rules: PRX-42.
func TestProxyExitCode(t *testing.T) {
	t.Parallel()
	args := proxyArgs(t, http.NotFoundHandler())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for _, tt := range []struct {
		name, until string
		args        []string
		code        int
		out         string
	}{
		{"verified", " pass: ", args, verdict.ExitVerified, ""},
		{"refused", " fail: ", append(args, "--workload", "another"), verdict.ExitRefused, "FAIL: WorkloadMismatchError\n"},
		{"not reached", " error: ", replaceFlag(args, []string{"--url", nothingThere}), verdict.ExitUndecided, "UNDECIDED: EvidenceUnavailableError\n"},
		{"nothing yet", "listening", replaceFlag(args, []string{"--url", "https://" + silent.Addr().String()}), verdict.ExitUndecided, "UNDECIDED: EvidenceUnavailableError\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout bytes.Buffer
			log := new(locked.Buffer)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan int)
			go func() {
				done <- run(ctx, tt.args, cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: log, Now: time.Now})
			}()
			reached := soon(func() bool { return strings.Contains(log.String(), tt.until) })
			cancel()
			if code := <-done; !reached || code != tt.code || !strings.HasPrefix(stdout.String(), tt.out) || (tt.out == "") != (stdout.Len() == 0) {
				t.Errorf("exit %d, %q: %s", code, &stdout, log)
			}
		})
	}
}

// TestProxyJSONLog: with --json-log whatever is said is JSON, also when it ends with a
// mistake.
func TestProxyJSONLog(t *testing.T) {
	t.Parallel()
	log := new(locked.Buffer)
	var stdout bytes.Buffer
	args := append(proxyArgs(t, http.NotFoundHandler()), "--json-log", "--listen", "192.0.2.1:1")
	if code := run(t.Context(), removeFlag(args, "--listen"), cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: log, Now: time.Now}); code != verdict.ExitUsage {
		t.Errorf("exit %d", code)
	}
	for line := range strings.Lines(log.String()) {
		var e struct{ Event, Text string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Event != "note" {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// TestProxyForeignLog: what an endpoint sends unasked is not on standard error, where
// net/http would put it.
// Rules: CLI-04.
func TestProxyForeignLog(t *testing.T) {
	t.Parallel()
	noticed := make(chan bool)
	args := proxyArgs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\nok\x1b[31m")
		io.Copy(io.Discard, c) // until the connection is given up
		close(noticed)
	}))
	base, cmd, _, log := startProgram(t, append(args, "--json-log"))
	res, err := http.Get(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	<-noticed
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || res.StatusCode != http.StatusNoContent {
		t.Errorf("status %d, %v", res.StatusCode, err)
	}
	for line := range strings.Lines(log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q", line)
		}
	}
}

// portIn finds the port in the line that says where the proxy listens.
func portIn(t *testing.T, log string) string {
	t.Helper()
	for line := range strings.Lines(log) {
		_, rest, ok := strings.Cut(line, "http://")
		if strings.Contains(line, `"listening"`) {
			_, rest, ok = strings.Cut(line, `"address":"`)
		}
		if i := strings.LastIndex(strings.FieldsFunc(rest+" ", func(r rune) bool { return r == ' ' || r == '"' })[0], ":"); ok && i > 0 {
			return strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '"' })[0][i+1:]
		}
	}
	t.Fatalf("no address in %q", log)
	return ""
}

// startProgram starts a proxy as a process of its own.
func startProgram(t *testing.T, args []string) (base string, cmd *exec.Cmd, stdout, log *locked.Buffer) {
	t.Helper()
	stdout, log = new(locked.Buffer), new(locked.Buffer)
	cmd = exec.Command(built(t), args...)
	cmd.Stdout, cmd.Stderr = stdout, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	if !soon(func() bool { return strings.Contains(log.String(), "pass") }) {
		t.Fatalf("not ready: %s", log)
	}
	return "http://127.0.0.1:" + portIn(t, log.String()), cmd, stdout, log
}

// TestProxyProgram: the program as it is built, with curl as its client, until a
// signal ends it.
func TestProxyProgram(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl here")
	}
	var asked atomic.Int32
	finish := make(chan bool)
	base, cmd, stdout, log := startProgram(t, proxyArgs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/slow" {
			io.WriteString(w, "begun\n")
			http.NewResponseController(w).Flush()
			<-finish
		}
		io.Copy(w, r.Body)
		io.WriteString(w, r.Header.Get("X-Mine"))
	})))
	ask := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(curl, append([]string{"--silent", "--show-error", "--noproxy", "*", "--max-time", "60"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, bytes.Repeat([]byte("0123456789abcdef"), 1<<16), 0o600); err != nil { // curl waits for 100 (Continue) then
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"hello world", []string{"--data", "hello ", "-H", "X-Mine: world", base + "/v1/x"}},
		{strings.Repeat("0123456789abcdef", 1<<16) + "end", []string{"--data-binary", "@" + long, "-H", "X-Mine: end", base + "/v1/x"}},
		{"200", []string{"-o", os.DevNull, "-w", "%{http_code}", base + "/healthz"}},
		{"421", []string{"-o", os.DevNull, "-w", "%{http_code}", "-H", "Host: evil.example", base + "/"}},
		{"403", []string{"-o", os.DevNull, "-w", "%{http_code}", "-H", "Origin: https://evil.example", base + "/"}},
	} {
		if got := ask(tt.args...); got != tt.want {
			t.Errorf("%q: %.100q, want %.100q", tt.args, got, tt.want)
		}
	}
	if got := ask(base + "/.well-known/tresor-verify/verdict"); !strings.Contains(got, `"verdict": "pass"`) || !strings.Contains(got, `v1\u001b[31m`) {
		t.Error(got)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d requests arrived", n)
	}

	// A signal: what runs is finished, then the program ends.
	slow := exec.Command(curl, "--silent", "--no-buffer", "--noproxy", "*", "-H", "X-Mine: the end", base+"/slow")
	pipe, err := slow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(pipe)
	if line, err := lines.ReadString('\n'); err != nil || line != "begun\n" {
		t.Fatalf("%q %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !soon(func() bool { return strings.Contains(log.String(), "stopping") }) {
		t.Fatal("the signal was not heard")
	}
	finish <- true
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "the end" {
		t.Errorf("%q %v", rest, err)
	}
	if err := slow.Wait(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil || stdout.String() != "" {
		t.Errorf("%v, %q, %s", err, stdout, log)
	}
}
