package attest_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
)

// BIN-01, BIN-10: each byte of the binding and of the TLS key's hash counts, the first
// and the last too.
func TestNearBindings(t *testing.T) {
	for _, i := range []int{0, 31} {
		p := newEndpoint("Milan", 3, "vcek")
		e := p.evidenceOf(t)
		e.LiveSPKI[i] ^= 1
		_, err := p.verifierOf(t, p.config(t)).Verify(e, at)
		wantError(t, err, "SPKIMismatchError", "BIN-10")

		p = newEndpoint("Milan", 3, "vcek")
		p.Bind = func(spki, tag [32]byte) [32]byte {
			sum := sha256.Sum256(slices.Concat(spki[:], tag[:]))
			sum[i] ^= 1
			return sum
		}
		_, err = p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
		wantError(t, err, "ReportDataMismatchError", "BIN-01")
	}
}

// Whatever stands before or behind the key of a certificate has to be there.
func TestSPKIOfIncompleteCertificates(t *testing.T) {
	null, key := mint.TLV(0x05), mint.TLV(mint.TagSequence, mint.TLV(0x05))
	serial, sequence := mint.Integer(1), mint.TLV(mint.TagSequence)
	certificate := func(parts ...[]byte) []byte { return mint.TLV(mint.TagSequence, mint.TLV(mint.TagSequence, parts...)) }
	if got, err := attest.SPKISHA256(certificate(serial, sequence, sequence, sequence, sequence, key)); err != nil || got != sha256.Sum256(key) {
		t.Errorf("%x, %v", got, err)
	}
	for name, der := range map[string][]byte{
		"no serial number": certificate(sequence, sequence, sequence, sequence, key),
		"no signature":     certificate(serial, null, sequence, sequence, sequence, key),
		"no issuer":        certificate(serial, sequence, null, sequence, sequence, key),
		"no validity":      certificate(serial, sequence, sequence, null, sequence, key),
		"no subject":       certificate(serial, sequence, sequence, sequence, null, key),
		"a part less":      certificate(serial, sequence, sequence, sequence, key),
		"a SET":            mint.TLV(0x31, mint.TLV(mint.TagSequence, serial, sequence, sequence, sequence, sequence, key)),
		"a SET in it":      mint.TLV(mint.TagSequence, mint.TLV(0x31, serial, sequence, sequence, sequence, sequence, key)),
		"no key":           certificate(serial, sequence, sequence, sequence, sequence),
		"another key":      certificate(serial, sequence, sequence, sequence, sequence, null),
		"no list":          mint.TLV(mint.TagSequence, null),
		"nothing":          nil,
	} {
		if got, err := attest.SPKISHA256(der); err == nil || got != [32]byte{} {
			t.Errorf("%s: %x", name, got)
		}
	}
}
