// Package jws verifies JSON Web Signatures in the compact serialization of RFC
// 7515, and nothing else of JOSE.
//
// # Format
//
//	BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
//
// Three segments, none empty, base64url without padding, canonical, without
// white space or line breaks. The payload has at most the size that the Kind
// says, the signature 64 bytes; it is over the received bytes before the second
// dot. The header is a JSON object of at most 4096 bytes, read by package
// strictjson:
//
//	alg   exactly the algorithm of the Kind; the header never chooses it
//	typ   absent, or one of those of the Kind
//	kid   optional string of at most 256 bytes; a label, no reason to trust a key
//
// A header with crit, b64, jwk, jku, x5u, x5c, x5t or x5t#S256, whatever its
// value, is refused: no extension is implemented, and keys never come with the
// message. Other members are ignored. The order of checks: the JSON text, that alg is
// there, and that it, typ and kid are strings; the refused members in this order; then
// alg, typ, kid.
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
// # Keys
//
// A JSON Web Key (RFC 7517) is a JSON object of at most 64 KiB, a key set is one
// with a member keys, an array of 1 to 64 keys. They are checked in this order:
//
//	d k p q dp dq qi oth  refused: a private or a symmetric key
//	kty, crv              OKP with Ed25519, or EC with P-256
//	alg                   absent, or EdDSA or ES256 as the curve has it
//	use                   absent, or "sig"
//	key_ops               absent, or ["verify"]
//	x                     32 bytes in base64url: of Ed25519 the key, see
//	                      NewEd25519Key; of P-256 the coordinate, big-endian
//	y                     of P-256: 32 bytes, big-endian; of Ed25519: absent
//	kid                   not empty; in a key set required, and no two the same
//
// Other members are ignored. SPEC.md has the rules, JWS-nn and JWK-nn, that the
// errors of this package carry.
package jws
