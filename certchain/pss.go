package certchain

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
)

// The two encodings of AMD's one signature algorithm: RSASSA-PSS with SHA-384,
// MGF1 with SHA-384, a salt of 48 bytes and trailer field 1. RFC 4055 section
// 3.1. They are compared as bytes and never interpreted.
const (
	pssStart = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" // id-RSASSA-PSS
	pssHash  = "\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"
	pssMGF   = "\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" + // id-mgf1
		"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"
	pssSalt = "\xa2\x03\x02\x01\x30"

	// pssOmitted leaves the trailer field out, as DER demands of a default. AMD
	// issues leaves like this since November 2024.
	pssOmitted = "\x30\x41" + pssStart + "\x30\x34" + pssHash + pssMGF + pssSalt
	// pssExplicit writes it, against DER, in every ARK, ASK and ASVK and in
	// older leaves.
	pssExplicit = "\x30\x46" + pssStart + "\x30\x39" + pssHash + pssMGF + pssSalt + "\xa3\x03\x02\x01\x01"
)

// isPSS reports whether a whole AlgorithmIdentifier is one of the two.
func isPSS(algorithm []byte) bool {
	return string(algorithm) == pssOmitted || string(algorithm) == pssExplicit
}

// signatureSize is the length of an RSA-4096 signature in bytes.
const signatureSize = 512

const expectedSignature = "513 bytes: 00, for no unused bits, and a signature of 512"

// signatureBytes returns the signature in the content of a BIT STRING.
func signatureBytes(bits []byte) (signature []byte, ok bool) {
	if len(bits) != 1+signatureSize || bits[0] != 0 { // no unused bits
		return nil, false
	}
	return bits[1:], true
}

// verifyPSS reports whether key signed the received bytes. The salt has 48
// bytes, nothing else.
func verifyPSS(key *rsa.PublicKey, signed, signature []byte) bool {
	digest := sha512.Sum384(signed)
	options := rsa.PSSOptions{SaltLength: sha512.Size384, Hash: crypto.SHA384}
	return rsa.VerifyPSS(key, crypto.SHA384, digest[:], signature, &options) == nil
}
