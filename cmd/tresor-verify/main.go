// Command tresor-verify checks that a service runs inside an AMD SEV-SNP
// confidential virtual machine. "tresor-verify help" lists its commands.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A second signal ends the program at once.
// Rules: CLI-16.
func main() {
	ignoreBrokenPipe()
	log.SetOutput(io.Discard) // net/http says there what servers sent
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM) // before anybody can see that the first one came
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], world{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now}))
}

// world is everything that a command touches besides files and the network.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	// limit ends when a signal has come or, once that is known, when the time of the
	// command is up. slow is that of ui. run sets both.
	limit context.Context
	slow  func(format string, args ...any) (done func())
}
