package transport

import (
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/tresorhq/attest/internal/fetch"
)

// Why a gate did not open. Nothing of the request was written.
var (
	errExpired = errors.New("transport: the connection's verdict has ended")
	errNoSlot  = errors.New("transport: the connection takes no request now")
	errLost    = errors.New("transport: the connection takes no request any more")
)

// unsent says that a request never got as far as its first byte, unless the error
// says something by itself.
func unsent(err error) error {
	if _, late := err.(*VerdictEndedError); err != errLost && err != errExpired && !late {
		return err
	}
	return fetch.Unavailable("TRN-32", fetch.HTTP, "every connection was lost, or its verdict ran out, before the request could be sent", err)
}

// A gate holds one connection to the origin. Nothing else can send on it: send
// and ask are the only ways, and roundTrip is the only function that calls
// ClientConn.RoundTrip. The attestation alone, by ask, is no attempt.
type gate struct {
	cc   *http.ClientConn
	wire *wire
	h2   bool                 // set by the first ask, before anybody else has the gate
	tls  *tls.ConnectionState // of this connection, in every answer that came through it; set by the first ask
}

// send sends an attempt's request. The error is errNoSlot or errExpired when the gate
// stayed closed.
func (g *gate) send(req *http.Request, a *attempt) (*http.Response, error) {
	res, err := g.roundTrip(req, a)
	if err != nil {
		g.wire.end(a)
	}
	return res, err
}

// roundTrip is the gate. A request of a caller is an attempt, and passes if its verdict
// is fresh: after a slot was reserved, since that takes time. A reservation has no
// owner, so each is followed by exactly one RoundTrip or Release.
// Rules: TRN-01.
func (g *gate) roundTrip(req *http.Request, a *attempt) (*http.Response, error) {
	if err := g.cc.Reserve(); err != nil {
		return nil, errNoSlot
	}
	if a != nil && (!a.verdict.fresh(g.wire.now()) || !g.wire.begin(a, false)) {
		g.cc.Release()
		return nil, errExpired
	}
	return g.cc.RoundTrip(req)
}

// explain returns why this side closed the connection, where that is what broke a
// request, and otherwise the error itself.
func (g *gate) explain(err error) error {
	switch why := g.wire.reason().(type) {
	case nil:
		return err
	case *VerdictEndedError:
		e := *why
		e.Cause = err
		return &e
	default:
		return why
	}
}

// gone reports whether the connection takes no request any more: it is lost, or was told
// to go away. Then it has no slot, although it carries less than it once might.
func (g *gate) gone(slots int) bool {
	return g.cc.Err() != nil || g.h2 && g.cc.Available() == 0 && g.cc.InFlight() < slots
}
