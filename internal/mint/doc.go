// Package mint makes synthetic SEV-SNP evidence: AMD-shaped certificates,
// attestation reports, CRLs and their carriers, signed with public test keys.
//
// It is what the parsers and verifiers of this module are tested against, so it
// imports none of them: were a layout misread by one author in one place, both
// sides would agree and no test would notice. Every offset, tag and order here
// was written from AMD 56860 (report), 57230 (certificates) and the RFCs anew.
//
// # How to use it
//
//	e := mint.Evidence("Milan", 3, "vcek")       // a report and its chain
//	e.Report[0x90] ^= 1                             // spoil one thing ...
//	mint.Sign(e.Report, e.Key)                      // ... and only that one
//
//	spec := mint.VCEK("Milan", tcb, hwid)       // or a certificate
//	spec.Ext(mint.OIDBlSPL).Value = mint.Integer(256)
//	leaf := spec.Encode(mint.CAKey("SEV-Milan"))
//
// A spec is a plain struct that starts out valid; each part of it can be
// replaced by any bytes before it is encoded. Nothing is checked: this package
// makes what it is told to, wrong things above all. It panics on misuse, such
// as a product that does not exist.
//
// # Determinism
//
// The same calls give the same bytes on each machine and each run. Keys come
// from testkeys.txt, from the file of a Forge or from a seed string, the PSS salt
// from a hash of the message, the ECDSA nonce from RFC 6979, and dates are
// constants.
package mint
