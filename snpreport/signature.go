package snpreport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"math/big"
	"slices"

	"github.com/tresorhq/attest/rule"
)

// VerifySignature checks SIGNATURE over the first 672 bytes of the report as
// they were received: ECDSA on P-384 with SHA-384. The error is a
// *rule.Error. Checked in this order: the key is a P-384 key; r, then s, is
// in [1, n-1]; the signature holds. A high s is accepted: AMD's firmware makes
// them.
func (r *Report) VerifySignature(key *ecdsa.PublicKey) error {
	//lint:ignore SA1019 a key without coordinates makes ecdsa.Verify panic
	if key == nil || key.Curve != elliptic.P384() || key.X == nil || key.Y == nil {
		return signatureError("RPT-20", "the signing key is not a P-384 key")
	}
	r = r.orZero()
	// From the received bytes, not from r.Signature, which anyone may write.
	rr, s := integer(r.raw[0x2A0:0x2D0]), integer(r.raw[0x2E8:0x318])
	n := key.Curve.Params().N
	if rr.Sign() == 0 || rr.Cmp(n) >= 0 {
		return signatureError("RPT-21", "r is not in [1, n-1]")
	}
	if s.Sign() == 0 || s.Cmp(n) >= 0 {
		return signatureError("RPT-22", "s is not in [1, n-1]")
	}
	digest := sha512.Sum384(r.raw[:SignedSize])
	if !ecdsa.Verify(key, digest[:], rr, s) {
		return signatureError("RPT-23", "it is not the signing key's over these 672 bytes")
	}
	return nil
}

// signatureError says why the signature of a report does not hold.
func signatureError(id, reason string) *rule.Error {
	return &rule.Error{Rule: id, Message: "report signature: " + reason, Offset: rule.NoOffset}
}

// integer reads 48 little-endian bytes.
func integer(le []byte) *big.Int {
	be := [48]byte(le)
	slices.Reverse(be[:])
	return new(big.Int).SetBytes(be[:])
}
