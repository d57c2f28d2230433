package main

import (
	"context"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// watch repeats a verification, with a pause in between, and writes each verdict
// at once. The first that is no PASS is the last, with its exit code. A signal
// ends it with that of the last round that was carried out to its end; when there
// was none, no verdict was reached. A round that ends in a refusal was carried out.
// Rules: CLI-13.
func watch(ctx context.Context, c *cli.Call, pause time.Duration, round func(context.Context) (int, error)) (int, error) {
	for first := true; ; first = false {
		code, err := round(ctx)
		if ctx.Err() != nil && !first && verdict.ExitCode(err) == verdict.ExitUndecided {
			c.Note("stopped by a signal; the round that was running is void")
			return verdict.ExitVerified, nil
		}
		if err != nil || code != verdict.ExitVerified {
			return code, err
		}
		if err := c.Flush(c.Stdout); err != nil {
			return c.Lost(err), nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			c.Note("stopped by a signal")
			return verdict.ExitVerified, nil
		case <-timer.C:
		}
	}
}
