package attest

import (
	"bytes"
	"slices"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
)

// remembered is the last trust bundle of which steps 3 and 4 passed, with what
// follows from it. Both steps depend on the received bytes and on the Verifier's
// keys, which never change, and on nothing else: the same bytes pass again. Its
// dates, version and workload are judged each time. It is only read. BND-44.
type remembered struct {
	compact []byte // exact bytes, the Verifier's own copy
	bundle  *Bundle
	roots   *certchain.Roots // that Verifier and bundle both name
	policy  policy.Policy    // that Verifier and bundle both demand
}

// recall returns what is remembered of these bytes, or nil.
func (v *Verifier) recall(compact []byte) *remembered {
	v.mu.Lock()
	r := v.last
	v.mu.Unlock()
	if r == nil || !bytes.Equal(r.compact, compact) {
		return nil
	}
	return r
}

// remember derives what follows from a bundle of which steps 3 and 4 passed.
func (v *Verifier) remember(compact []byte, b *Bundle) *remembered {
	r := &remembered{bundle: b, roots: v.config.AMDRoots.Restrict(b.amdRoots...), policy: b.narrow(v.config.Policy)}
	if v.config.Cache != nil {
		r.compact = bytes.Clone(compact)
		v.mu.Lock()
		v.last = r
		v.mu.Unlock()
	}
	return r
}

// clone returns a copy for a caller, who may write to it.
func (b *Bundle) clone() *Bundle {
	c := *b
	c.Measurements = slices.Clone(b.Measurements)
	c.IdentityTags = slices.Clone(b.IdentityTags)
	c.Products = slices.Clone(b.Products)
	c.IgnoredMembers = slices.Clone(b.IgnoredMembers)
	c.MinTCB = b.MinTCB.Clone()
	return &c
}
