package repo

import (
	"crypto/ed25519"
	"encoding/pem"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/vectors"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/receipt"
)

// receiptByLibrary is judgeByLibrary for receipts.
func receiptByLibrary(c *vectors.Case, at time.Time) (accepted bool, checks []attest.Check, err error) {
	config := receipt.Config{ReleaseRoots: releaseRootsOf(c)}
	if s, ok := c.Options["max-age"].(string); ok {
		if config.MaxAge, err = time.ParseDuration(s); err != nil {
			return false, nil, err
		}
	}
	if config.Keys, err = jws.ParseJWKS(c.Files["jwks"][0]); err != nil {
		return false, nil, err
	}
	v, err := receipt.NewVerifier(config)
	if err != nil {
		return false, nil, err
	}
	e := receipt.Evidence{Receipt: c.Files["receipt"][0]}
	for _, body := range c.Files["request"] {
		e.Request = append([]byte{}, body...) // not nil: an empty body is one
	}
	for _, body := range c.Files["response"] {
		e.Response = append([]byte{}, body...)
	}
	a := v.Audit(e, at)
	return a.Result != nil, a.Checks, a.Err
}

// releaseRootsOf are the keys of a case's release roots, each a PEM file of one.
func releaseRootsOf(c *vectors.Case) (roots []ed25519.PublicKey) {
	for _, file := range c.Files["release-root"] {
		block, _ := pem.Decode(file)
		roots = append(roots, block.Bytes[len(block.Bytes)-ed25519.PublicKeySize:])
	}
	return roots
}
