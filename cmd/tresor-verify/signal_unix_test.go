//go:build unix

package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/dev/locked"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestSignals sends real signals to the program: between two rounds of --watch, and
// while it waits for an answer that never comes.
func TestSignals(t *testing.T) {
	t.Parallel()
	program := built(t)
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	endpointAt(t, f, 17, time.Now())
	// The one in front can fall silent: what a started server's handler is can't be
	// changed while another process asks it.
	answers, asked := server.Config.Handler, make(chan struct{}, 8)
	var silence atomic.Pointer[chan struct{}] // nil: it answers
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		over := silence.Load()
		if over == nil {
			answers.ServeHTTP(w, r)
			return
		}
		asked <- struct{}{}
		<-*over
	}))
	front.TLS = server.TLS.Clone()
	front.StartTLS()
	defer front.Close()
	args = replaceFlag(args, []string{"--url", front.URL})
	args = replaceFlag(args, []string{"--bundle-url", front.URL + "/bundle"})

	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		silence.Store(nil)
		cmd := exec.Command(program, append(slices.Clip(args), "--watch", "1h", "--json")...)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil || !strings.Contains(line, `"verdict":"pass"`) {
			t.Errorf("%v %s", err, line)
		}
		cmd.Process.Signal(signal)
		if code := exitCodeOf(t, cmd.Wait()); code != verdict.ExitVerified {
			t.Errorf("%v between two rounds: exit code %d", signal, code)
		}

		over := make(chan struct{})
		silence.Store(&over)
		cmd = exec.Command(program, append(slices.Clip(args), "--watch", "1h")...)
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		cmd.Process.Signal(signal)
		code := exitCodeOf(t, cmd.Wait())
		close(over)
		if code != verdict.ExitUndecided || !strings.HasPrefix(out.String(), "UNDECIDED\thttps://127.0.0.1:") {
			t.Errorf("%v without an answer: exit code %d\n%s", signal, code, &out)
		}
	}
}

// TestSecondSignal: a proxy that waits for a request to end after the first one ends
// by the second.
// Rules: CLI-16.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	asked, over := make(chan struct{}), make(chan struct{})
	args := proxyArgs(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-over
	}))
	cmd := exec.Command(built(t), append(args, "--grace", "1h")...)
	log := new(locked.Buffer)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	defer close(over)
	says := func(word string) {
		t.Helper()
		if !soon(func() bool { return strings.Contains(log.String(), word) }) {
			t.Fatalf("no %q in %s", word, log)
		}
	}
	says("pass")
	go http.Get("http://127.0.0.1:" + portIn(t, log.String()))
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Fatalf("nothing was forwarded: %s", log)
	}
	cmd.Process.Signal(os.Interrupt)
	says("stopping")
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	cmd.Process.Signal(os.Interrupt)
	if !soon(func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}) {
		cmd.Process.Kill()
		<-ended
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%v", cmd.ProcessState)
	}
	for _, args := range [][]string{{"help"}, {"help", "--man"}} {
		if text := tool(args...).stdout; !strings.Contains(text, "exit status 130") {
			t.Errorf("%v: %s", args, text)
		}
	}
}
