// Package attest verifies what runs behind a network endpoint: that an AMD
// SEV-SNP processor signed a report about it, at which firmware level and for which
// measured code; that a publisher whose key is pinned allows this code; and that
// the TLS key of the connection is the one that the hardware vouches for.
//
// Data flows one way:
//
//	bytes → snpreport, certchain, jws → policy → attest → transport → cmd/tresor-verify
//
// The parsers turn bytes into values and refuse everything that SPEC.md does
// not define. Package policy judges plain facts. This package carries out the
// steps in the order of SPEC.md section 2; the first that fails decides the
// error, which is an AttestationError with the id of the broken rule.
//
// A Verifier carries out all 19 steps on an endpoint's evidence, a
// ReportVerifier those that are about a report by itself. Most programs want
// neither, but package transport, which fetches the evidence and sends no request
// without a verdict.
//
// Nothing here reads a file, a clock, the environment or the network. The time
// is an argument; certificates and CRLs come from the caller, or through package
// kds.
//
// Rules: GEN-01, GEN-02, GEN-05.
package attest
