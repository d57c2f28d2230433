//go:build unix

package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

// TestSignals sends real signals to the program: between two rounds of --watch, and
// while it waits for an answer that never comes.
func TestSignals(t *testing.T) {
	program := built(t)
	f := newFolder(t)
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	endpointAt(t, f, 17, time.Now())
	answers := server.Config.Handler

	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		server.Config.Handler = answers
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
		if code := exitCodeOf(t, cmd.Wait()); code != exitVerified {
			t.Errorf("%v between two rounds: exit code %d", signal, code)
		}

		asked, over := make(chan struct{}, 8), make(chan struct{})
		server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-over })
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
		if code != exitUndecided || !strings.HasPrefix(out.String(), "UNDECIDED: EvidenceUnavailableError\n") {
			t.Errorf("%v without an answer: exit code %d\n%s", signal, code, &out)
		}
	}
}
