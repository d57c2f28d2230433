// Package jws verifies JSON Web Signatures in the compact serialization of RFC
// 7515, and nothing else of JOSE.
//
// # Format
//
//	BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
//
// Three segments, none empty, base64url without padding, canonical, without
// white space or line breaks. The signature is over the received bytes before the
// second dot. The header is a JSON object of at most 4096 bytes, read by package
// strictjson:
//
//	alg   exactly the algorithm of the Kind; the header never chooses it
//	kid   optional string; a label, no reason to trust a key
//	typ   absent, or one of those of the Kind
//
// A header with crit, b64, jwk, jku, x5u, x5c, x5t or x5t#S256 is refused: no
// extension is implemented, and keys never come with the message. Other members
// are ignored.
//
// # Algorithms
//
//	EdDSA  Ed25519 (RFC 8037), signature of 64 bytes, RFC 8032
//	ES256  ECDSA P-256 with SHA-256 (RFC 7518 section 3.4), r then s, 32 bytes
//	       each, big-endian, both in [1, n-1]
//
// A Key is bound to one of them when it is made. There is no HMAC, no RSA and no
// "none" anywhere in this package.
//
// SPEC.md has the rules, JWS-nn and JWK-nn, that the errors of this package
// carry.
package jws
