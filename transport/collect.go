package transport

import (
	"context"
	"time"

	"github.com/tresorhq/attest"
)

// Evidence is what an endpoint showed, unverified.
type Evidence struct {
	attest.Evidence
	Origin    string
	FetchedAt time.Time
	LeafDER   []byte // certificate of the TLS connection; LiveSPKI is of its key
}

// Collect fetches the evidence of the endpoint over a new connection, and closes
// that. Nothing is verified but the web certificate: it is for those who want to
// record evidence, or to audit it step by step. The error is an
// *attest.EvidenceUnavailableError, or a refusal of what could not be asked
// further.
func (t *Transport) Collect(ctx context.Context) (*Evidence, error) {
	if t.unmade() {
		return nil, errUnmade
	}
	ctx, cancel := context.WithTimeout(ctx, t.config.AttestTimeout)
	defer cancel()
	g, err := t.dial(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer g.cc.Close()
	at := t.now()
	a, err := g.ask(ctx, t.origin, t.config.MinTLS)
	if err != nil {
		return nil, err
	}
	e := &Evidence{
		Evidence: attest.Evidence{Envelope: a.envelope, LiveSPKI: a.spki},
		Origin:   t.origin.String(), FetchedAt: at.Wall, LeafDER: a.leaf,
	}
	if err := t.judge.Complete(ctx, &e.Evidence); err != nil {
		return nil, err
	}
	return e, nil
}
