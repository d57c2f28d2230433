package certchain

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"time"
)

// Check verifies the CRL and looks up the intermediate and the anchor of a
// verified chain. Leaves are never looked up: every one of them has the serial
// number 0, so that no list can name one.
//
// The error is a *rule.Error when the CRL can not be used, and a *RevokedError when
// it lists a certificate of the chain. Checked in this order: a time is given;
// the chain was verified and its anchor is among roots; issuer; signature by
// the anchor; the anchor's cRLSign; at lies within thisUpdate and nextUpdate, both
// inclusive; serial numbers.
func (l *CRL) Check(c *Chain, roots *Roots, at time.Time) error {
	if at.IsZero() {
		return refuse("CRL-15", "CRL: time", "a time to verify at", "none")
	}
	chain := c.proven()
	if l == nil || chain.key == nil {
		return refuse("CRL-16", "CRL: chain", "a parsed CRL and a verified chain", "none")
	}
	anchor := roots.anchor(chain.Product)
	if anchor == nil || anchor.sha256 != chain.RootSHA256 {
		return refuse("CRL-16", "CRL: chain", "a chain whose anchor is among the roots", fmt.Sprintf("anchor %x", chain.RootSHA256))
	}
	if !bytes.Equal(l.issuer, anchor.RawSubject) {
		return l.fail("CRL-17", "issuer", l.issuer, "the ARK of "+anchor.Product.String(), "the ARK of "+l.Product.String())
	}
	if !verifyPSS(anchor.key, l.tbs, l.signature) {
		return l.fail("CRL-18", "signatureValue", l.signature, "a signature by the anchor", "another")
	}
	if anchor.KeyUsage&CRLSign == 0 {
		return refuse("CRL-19", "CRL: keyUsage", "an anchor with cRLSign", anchor.KeyUsage.String())
	}
	if !l.window.contains(at) {
		return refuse("CRL-20", "CRL: validity", l.window.String(), stamp(at))
	}
	intermediate, _ := hex.DecodeString(chain.IntermediateSerial)
	return l.eachEntry(func(serial []byte) error {
		switch {
		case bytes.Equal(serial, intermediate):
			return revoked(chain.IntermediateRole, serial)
		case bytes.Equal(serial, anchor.Serial):
			return revoked(ARK, serial)
		}
		return nil
	})
}
