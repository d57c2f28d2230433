package transport

import (
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/fetch"
)

// maxMargin bounds the part of a verdict's life in which no request begins any
// more, so that its first byte is written in time.
const maxMargin = time.Second

// handover bounds how long Retire waits for the first byte of what has begun.
const handover = 5 * time.Second

// A verdict is what one attestation of one connection found, and how long that
// counts. It does not change.
// Rules: TRN-30, TRN-31.
type verdict struct {
	result *attest.Result
	asked  fetch.Instant // before the request for the evidence was sent
	life   time.Duration // from then on
	bundle uint64        // generation of the trust bundle that it rests on
	newest *atomic.Uint64
}

// inDate reports whether a byte may be written now.
func (v *verdict) inDate(now fetch.Instant) bool { return v.left(now) > 0 }

// fresh reports whether a request may begin now: some time is left to write its
// first byte.
func (v *verdict) fresh(now fetch.Instant) bool { return v.left(now) > v.life-v.span() }

// span is the part of the life in which requests begin.
func (v *verdict) span() time.Duration { return v.life - min(v.life/10, maxMargin) }

// left returns how long the verdict still counts. One that rests on an older trust
// bundle than the newest has ended.
func (v *verdict) left(now fetch.Instant) time.Duration {
	if v.bundle != v.newest.Load() {
		return 0
	}
	return min(v.life-now.Since(v.asked), v.result.Bundle.ValidUntil.Sub(now.Wall))
}

// over reports whether also what began in time must have ended.
func (v *verdict) over(now fetch.Instant, grace time.Duration) bool {
	return now.Since(v.asked) >= v.life+grace
}

// cut returns v with a life that ends now at the latest: a newer trust bundle is
// there.
func (v *verdict) cut(now fetch.Instant) *verdict {
	c := *v
	c.life = min(v.life, now.Since(v.asked))
	return &c
}

// ended returns the error of what was cut off since the verdict has ended.
func (v *verdict) ended(rule, message string) *VerdictEndedError {
	at := v.asked.Wall.Add(v.life)
	if until := v.result.Bundle.ValidUntil; until.Before(at) {
		at = until
	}
	return &VerdictEndedError{Failure: attest.Failure{Rule: rule, Message: message}, Result: v.result, EndedAt: at}
}
