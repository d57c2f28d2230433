package azure

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tresorhq/attest/rule"
)

// parseSignature returns the RSA signature of a quote: 256 bytes as they are, or a
// TPMT_SIGNATURE (TPM 2.0 part 2, section 11.3.4) of RSASSA with SHA-256:
//
//	u16  sigAlg: 0x0014
//	u16  hash: 0x000B
//	u16  size: 256, and the signature
//
// The length says which: no form is tried as another. Rules: TPM-30.
func parseSignature(b []byte) ([]byte, *rule.Error) {
	refuse := func(where string, at int, expected, actual string) ([]byte, *rule.Error) {
		return nil, &rule.Error{Rule: "TPM-30", Message: "the signature of the quote is of a form that is not read", Where: where, Offset: at, Expected: expected, Actual: actual}
	}
	if len(b) == akSize {
		return b, nil
	}
	s := cryptobyte.String(b)
	var scheme, hash uint16
	var signature []byte
	s.ReadUint16(&scheme) // what is not there stays zero
	s.ReadUint16(&hash)
	vector(&s, &signature)
	switch {
	case len(b) < 4:
		return refuse("signature", rule.NoOffset, "256 bytes, or a TPMT_SIGNATURE", fmt.Sprintf("%d bytes", len(b)))
	case scheme != tpmRSASSA:
		return refuse("sigAlg", 0, "0x0014 (RSASSA)", unsupported(scheme))
	case Bank(hash) != SHA256:
		return refuse("hash", 2, "0x000b (SHA-256)", "unsupported: "+Bank(hash).String())
	case len(signature) != akSize || !s.Empty():
		return refuse("signature", 4, "256 bytes, and nothing behind them", fmt.Sprintf("%d bytes in all", len(b)))
	}
	return signature, nil
}

// unsupported names a signature scheme that is not read.
func unsupported(scheme uint16) string {
	names := map[uint16]string{0x0016: "RSAPSS", 0x0018: "ECDSA", 0x001A: "ECDAA", 0x001B: "SM2", 0x001C: "ECSCHNORR"}
	return fmt.Sprintf("unsupported: %#04x %s", scheme, names[scheme])
}

// verifySignature checks RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2) over
// TPMS_ATTEST, without a size before it. Rules: TPM-31.
func (q *Quote) verifySignature(ak *rsa.PublicKey, signature []byte) *rule.Error {
	raw, problem := parseSignature(signature)
	if problem != nil {
		return problem
	}
	digest := sha256.Sum256(q.signed)
	if err := rsa.VerifyPKCS1v15(ak, crypto.SHA256, digest[:], raw); err != nil {
		return &rule.Error{Rule: "TPM-31", Message: "the attestation key of the runtime data did not sign the quote", Offset: rule.NoOffset, Cause: err}
	}
	return nil
}

// qualifiedName returns the Qualified Name of an attestation key as paravisors make it: a
// primary key of the endorsement hierarchy, restricted to signing what the TPM made, by
// RSASSA with SHA-256. It is a check of consistency: whoever has an unrestricted key can
// write any name into a quote.
//
// Source: TPM 2.0 part 1, section 26.5 (names), part 2, sections 12.2.4 (TPMT_PUBLIC) and
// 8.3 (TPMA_OBJECT); ak_pub_template in microsoft/openvmm; genuine quotes.
func qualifiedName(ak *rsa.PublicKey) []byte {
	public := []byte{ // TPMT_PUBLIC, up to the modulus
		0x00, 0x01, 0x00, 0x0B, // type: RSA; nameAlg: SHA-256
		0x00, 0x05, 0x04, 0x72, // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign
		0x00, 0x00, 0x00, 0x10, // authPolicy: none; symmetric: none
		0x00, 0x14, 0x00, 0x0B, // scheme: RSASSA with SHA-256
		0x08, 0x00, 0x00, 0x00, 0x00, 0x00, // keyBits: 2048; exponent: 65537
		0x01, 0x00, // size of the modulus
	}
	const sha256ID, endorsement = "\x00\x0B", "\x40\x00\x00\x0B" // TPM_ALG_SHA256, TPM_RH_ENDORSEMENT
	name := sha256.Sum256(append(public, ak.N.FillBytes(make([]byte, akSize))...))
	qualified := sha256.Sum256([]byte(endorsement + sha256ID + string(name[:])))
	return append([]byte(sha256ID), qualified[:]...)
}
