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
