package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/fetch"
	"github.com/tresorhq/attest/snpreport"
)

// crlAge is how long a CRL is used before it is asked for again.
const crlAge = 24 * time.Hour

// crls returns the CRL for the chain in an envelope, which is not verified
// yet: it only says what to ask for. Evidence without a leaf needs none, since
// step 9 refuses it.
func (j *Judge) crls(ctx context.Context, envelope *attest.Envelope, maxAge time.Duration) ([][]byte, error) {
	if j.config.Revocation == nil {
		return nil, nil
	}
	product, kind, ok := leafKind(envelope)
	if !ok {
		return nil, nil
	}
	key := fmt.Sprintf("%v of %v", kind, product)
	d, err := j.revocations.Get(ctx, key, maxAge, func(ctx context.Context) ([]byte, error) {
		return j.config.Revocation(ctx, product, kind)
	})
	if err != nil {
		return nil, fetch.Unavailable("TRN-50", fetch.HTTP, "the CRL for the "+key, err)
	}
	return [][]byte{d.Body}, nil
}

func leafKind(e *attest.Envelope) (snpreport.Product, snpreport.SigningKey, bool) {
	if e == nil {
		return 0, 0, false
	}
	ders, err := certchain.SplitPEM(e.ChainPEM)
	if err != nil {
		return 0, 0, false
	}
	for _, der := range ders {
		c, err := certchain.ParseCertificate(der)
		switch {
		case err != nil:
		case c.Role == certchain.VCEK:
			return c.Product, snpreport.VCEK, true
		case c.Role == certchain.VLEK:
			return c.Product, snpreport.VLEK, true
		}
	}
	return 0, 0, false
}
