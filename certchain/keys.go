package certchain

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
)

// A SubjectPublicKeyInfo of the profile has one length and one form, so that all
// but the numbers in it is compared as bytes.
const (
	// RSA with a modulus of 4096 bits and the exponent 65537: 550 bytes. RFC 3279
	// section 2.3.1. The modulus stands between the two.
	rsaStart = "\x30\x82\x02\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00" +
		"\x03\x82\x02\x0f\x00\x30\x82\x02\x0a\x02\x82\x02\x01\x00"
	rsaEnd = "\x02\x03\x01\x00\x01"

	// ECDSA on P-384, uncompressed point: 120 bytes. RFC 5480 section 2. Two
	// coordinates of 48 bytes follow.
	ecStart = "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04"
)

const (
	modulusSize  = 512
	exponent     = 65537
	ecPointStart = len(ecStart) - 1 // the 04 is part of the point
)

// isRSA4096 reports whether spki, a whole element, has the form above: the header
// that both begin with fixes the length. The top bit of the modulus
// is set: it has 4096 bits, not fewer.
func isRSA4096(spki []byte) bool {
	return bytes.HasPrefix(spki, []byte(rsaStart)) && bytes.HasSuffix(spki, []byte(rsaEnd)) && spki[len(rsaStart)]&0x80 != 0
}

// isP384 reports whether spki, a whole element, has the form above. Whether the point is on the
// curve is checked when the key is built for use.
func isP384(spki []byte) bool {
	return bytes.HasPrefix(spki, []byte(ecStart))
}

// rsaKey builds the key of a SubjectPublicKeyInfo that isRSA4096.
func rsaKey(spki []byte) *rsa.PublicKey {
	modulus := spki[len(rsaStart) : len(rsaStart)+modulusSize]
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: exponent}
}

// p384Key builds the key of a SubjectPublicKeyInfo that isP384. It fails when the
// point is not on the curve.
func p384Key(spki []byte) (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(elliptic.P384(), spki[ecPointStart:])
}
