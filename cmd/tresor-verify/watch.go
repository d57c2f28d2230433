package main

import (
	"context"
	"time"
)

// watch repeats a verification, with a pause in between, and writes each verdict
// at once. The first that is no PASS is the last, with its exit code. A signal
// ends it with that of the last round that was carried out to its end; when there
// was none, no verdict was reached. A round that ends in a refusal was carried out.
// Rules: CLI-13.
func watch(ctx context.Context, w world, u *ui, pause time.Duration, round func(context.Context) (int, error)) (int, error) {
	for first := true; ; first = false {
		code, err := round(ctx)
		if ctx.Err() != nil && !first && exitCode(err) == exitUndecided {
			u.note("stopped by a signal; the round that was running is void")
			return exitVerified, nil
		}
		if err != nil || code != exitVerified {
			return code, err
		}
		if err := u.flush(w.stdout); err != nil {
			return u.lost(err), nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			u.note("stopped by a signal")
			return exitVerified, nil
		case <-timer.C:
		}
	}
}
