// Package kds knows the addresses of AMD's Key Distribution Service and fetches
// what is there: VCEK certificates, certificate chains and CRLs.
//
// # Addresses
//
// Behind a base, which is [DefaultBase] or a mirror:
//
//	/vcek/v1/{product}/{chip id}?{levels}   VCEK, DER
//	/{key}/v1/{product}/cert_chain          ASK or ASVK, then ARK; PEM
//	/{key}/v1/{product}/crl                 the ARK's CRL, DER
//
// The product is Milan, Genoa or Turin; Bergamo and Siena are Genoa. The key is
// vcek or vlek. The chip id is the first ChipIDSize bytes of CHIP_ID in
// lower-case hex: 128 digits, on Turin 16. The levels are the components of
// REPORTED_TCB in decimal, in this order:
//
//	fmcSPL (Turin only), blSPL, teeSPL, snpSPL, ucodeSPL
//
// A VLEK certificate has an address too, but only cloud providers may ask for
// one. A verifier has to find it in the evidence.
//
// Source: AMD 57230 (VCEK certificate and KDS interface) revision 1.05, and
// SPEC.md, whose rule ids (KDS-nn) the errors of this package carry.
//
// # What a Client does not do
//
// It verifies nothing. The bytes that Fetch returns are as untrusted as those
// of any other source, whether they come from AMD, a mirror or the cache; TLS
// only keeps other people from reading which chip is asked about. Verify them
// with the package certchain.
package kds
