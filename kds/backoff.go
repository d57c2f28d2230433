package kds

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
)

// afterStatus says whether a status is worth another attempt. Only 429 (RFC
// 6585) and 503 (RFC 9110 section 10.2.3) come with a time to wait.
func (c *Client) afterStatus(res *http.Response) again {
	switch {
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable:
		return again{true, retryAfter(res.Header.Get("Retry-After"), c.now())}
	case res.StatusCode >= 500:
		return again{true, 0}
	}
	return again{}
}

// retryAfter reads Retry-After: seconds in decimal, or an HTTP date. It is 0
// when there is none, when it is malformed, and when it is over. Numbers of
// more than nine digits count as for ever.
func retryAfter(value string, now time.Time) time.Duration {
	if strings.Trim(value, "0123456789") == "" {
		if len(value) > 9 {
			return math.MaxInt64
		}
		seconds := 0
		for i := range len(value) {
			seconds = 10*seconds + int(value[i]-'0')
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// backoff is the pause before the attempt after the nth: 1 s, 2 s, 4 s, ...,
// at most MaxWait, of which the second half is random so that many clients do
// not come back at once.
// Rules: KDS-27.
func (c *Client) backoff(n int) time.Duration {
	d := min(c.maxWait, time.Second<<min(n-1, 16))
	half := d / 2
	return d - half + time.Duration(c.jitter(int64(half)+1))
}

// pause waits before the attempt after the nth, which failed. It gives up at
// once when the pause would be longer than it may be: asking earlier than the
// server allows would not be honouring it, and there is no point in waiting for
// a deadline.
func (c *Client) pause(ctx context.Context, n int, next again, failed *FetchError) *FetchError {
	d := next.after
	if d == 0 {
		d = c.backoff(n)
	}
	if d > c.maxWait {
		return failed.givenUp("KDS-26", fmt.Sprintf("the server asks to wait %v, longer than %v", d, c.maxWait), nil)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return failed.givenUp("KDS-28", fmt.Sprintf("no time left to wait %v", d), context.DeadlineExceeded)
	}
	reason := "no answer (" + failed.Layer + ")"
	if failed.Status != 0 {
		reason = failed.Actual
	}
	c.onWait(d, reason)
	if err := c.sleep(ctx, d); err != nil {
		return failed.givenUp("KDS-28", "", err)
	}
	return nil
}

// givenUp is e with the reason why there was no further attempt. What stopped the last
// attempt stays in the chain of causes.
func (e *FetchError) givenUp(id, hint string, cause error) *FetchError {
	up := *e
	up.Rule, up.Hint, up.Cause = id, hint, cause
	if cause != nil && e.Cause != nil {
		up.Cause = fmt.Errorf("%w; the last attempt: %w", cause, e.Cause)
	}
	return &up
}

// sleep returns early, with the context's error, when that ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
