// Package receipt verifies the receipts that an attested service signs: which
// request it took, by which route, and which model answered. What a receipt says
// is the service's word, not the hardware's.
//
// # Format
//
// A receipt is a compact JWS (package jws) with alg ES256, typ absent, JWT or
// receipt+jwt, a kid, and a payload of at most 1 MiB. It comes as it is, or as
// the JSON object {"id", "receipt"} in which id is the jti of the receipt. The
// payload is a JSON object (package strictjson) with these members; others are
// ignored and may hold numbers of any kind:
//
//	jti                    string, not empty
//	iat                    integer, seconds since 1970, UTC
//	requested_route        string, not empty
//	routed_model           string, not empty
//	router_attestation     object, or string that is not empty
//	inference_attestation  object, or string that is not empty
//	request_digest         optional: sha256:<64 lower-case hex>, of the exact body
//	response_digest        optional: the same of the response's body
//
// Members that only other signed documents have are refused. Of the two
// attestations, when they are objects, these members are read, all optional:
//
//	workload                        string, not empty
//	workload_identity_tag           64 lower-case hex
//	workload_identity_manifest_jws  compact JWS, not empty
//	trust_bundle_jws                compact JWS, not empty
//
// # What is checked
//
// In this order: framing and header; the signature, by the one key of the key
// set whose kid is exactly that of the receipt; the payload; id; iat, which may
// be five minutes ahead; the age, when there is a limit; the digests, when the
// bytes are given; and what is embedded in the attestations, when release roots
// are given: the trust bundle's signature, payload and validity at iat, its
// workload and its list of tags, and the manifest, whose SHA-256 is the tag.
// Embedded documents are evidence. They are never a reason to trust something, and
// no address in them is used. SPEC.md section 18 has the rules, RCP-nn.
package receipt
