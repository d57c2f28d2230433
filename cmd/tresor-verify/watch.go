package main

import (
	"context"
	"time"

	"github.com/tresorhq/attest/internal/cli"
	"github.com/tresorhq/attest/verdict"
)

// watch repeats a verification, with a pause in between, and writes each verdict at
// once. The first that is no PASS is the last, with its exit code; when it keeps going, a
// round without a verdict is not. A signal ends it with the exit code of the last round
// that was carried out to its end; when there was none, no verdict was reached. A round
// that ends in a refusal was carried out.
// Rules: CLI-13.
func watch(ctx context.Context, c *cli.Call, pause time.Duration, keepGoing bool, round func(context.Context) (int, error)) (int, error) {
	last := verdict.ExitVerified
	for first := true; ; first = false {
		code, err := round(ctx)
		undecided := verdict.ExitCode(err) == verdict.ExitUndecided
		if ctx.Err() != nil && !first && undecided {
			c.Note("stopped by a signal; the round that was running is void")
			return last, nil
		}
		if undecided && keepGoing && ctx.Err() == nil {
			code, err = fail(c, err), nil
		}
		if err != nil || code != verdict.ExitVerified && !(keepGoing && code == verdict.ExitUndecided) {
			return code, err
		}
		last = code
		if err := c.Flush(c.Stdout); err != nil {
			return c.Lost(err), nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			c.Note("stopped by a signal")
			return last, nil
		case <-timer.C:
		}
	}
}
