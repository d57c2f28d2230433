package proxy

import (
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// Trust is how the endpoint is reached and judged, and in whose name it is asked: what a
// reload replaces.
type Trust struct {
	Transport     transport.Config // OnAudit and OnRefresh are the proxy's
	Relaxed       []string         // of the policy in Transport
	Enforced      []verdict.Demand
	Authorization string // of every request, instead of its own; "": each has its own
}

// A generation is a transport with its trust, and how many requests use it.
type generation struct {
	Trust
	transport *transport.Transport
	running   int
	retired   bool
	unused    chan struct{} // closed when it is retired and nothing runs
}

// A way is the generation that a request is sent by, which changes with a reload until
// its first byte is written.
type way struct {
	*generation
	watch *watcher
	seen  *recorder // of its answer
	whole func()    // called when its answer has ended
}

func (w *way) change() { w.leave(); w.generation = w.watch.enter() }
func (w *way) leave()  { w.watch.leave(w.generation) }
