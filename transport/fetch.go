package transport

import (
	"context"
	"fmt"

	"github.com/tresorhq/attest/internal/fetch"
)

// Fetch gets one document from an https URL, as a Transport gets trust bundles: no
// user name or fragment in the URL, no redirects, no content encoding, at most 512
// KiB, within c.AttestTimeout. what names the document in messages. Of c, what says how
// to connect counts. The document is as untrusted as before. The error is an
// *attest.EvidenceUnavailableError, or an ordinary one for a wrong URL or
// configuration; nothing was sent then.
func Fetch(ctx context.Context, what, address string, c Config) ([]byte, error) {
	if expected, ok := fetch.CheckURL(address, false); !ok {
		return nil, fmt.Errorf("transport: %s: expected %s, got %s", what, expected, fetch.Shown(address))
	}
	c, err := c.connecting()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.AttestTimeout)
	defer cancel()
	f := fetch.New(c.WebRoots, c.DialTimeout, c.DialContext, c.Proxy)
	f.What, f.Layer = what, ""
	return f.Get(ctx, address)
}
