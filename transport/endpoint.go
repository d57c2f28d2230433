package transport

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/internal/judge"
)

// An endpoint is what all connections to one origin share: how they are made and judged,
// and the work in the background.
type endpoint struct {
	origin    origin
	config    Config
	now       fetch.Clock
	connector *http.Transport
	newest    atomic.Pointer[verdict] // that an attestation found
	judge     *judge.Judge

	ctx     context.Context // of all background work
	cancel  context.CancelCauseFunc
	tasks   sync.WaitGroup
	closing sync.WaitGroup // connections on their way out

	life    sync.Mutex
	stopped bool

	// Replaced in tests.
	testingIsPublic func(netip.AddrPort) bool
	testingPatience time.Duration // of a request where a refusal is known
}

// spawn runs f in the background with a deadline, under ctx, which is made from that
// of the Transport, unless the Transport is closed.
func (e *endpoint) spawn(ctx context.Context, f func(context.Context)) bool {
	e.life.Lock()
	defer e.life.Unlock()
	if e.stopped {
		return false
	}
	e.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, e.config.AttestTimeout)
		defer cancel()
		f(ctx)
	})
	return true
}

// discard closes a connection that is in no pool. Closing may take a while and
// calls back, so it is not done under a lock.
func (e *endpoint) discard(cc *http.ClientConn) { e.closing.Go(func() { cc.Close() }) }

// stop ends all background work, and waits for that.
func (e *endpoint) stop() {
	e.life.Lock()
	e.stopped = true
	e.life.Unlock()
	e.judge.Stop()
	e.cancel(ErrClosed)
	e.tasks.Wait()
	e.closing.Wait()
}
