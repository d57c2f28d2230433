// Package certchain verifies AMD's certificate chains for SEV-SNP: a VCEK or
// VLEK certificate, the ASK or ASVK that signed it, and the ARK of the product.
// It parses exactly the X.509 profile that AMD uses, and nothing wider.
//
// # Profile
//
//	               ARK          ASK         ASVK            VCEK        VLEK
//	subject CN     ARK-P        SEV-P       SEV-VLEK-P      SEV-VCEK    SEV-VLEK
//	issuer CN      ARK-P        ARK-P       ARK-P           SEV-P       SEV-VLEK-P
//	key            RSA-4096, e = 65537 ................     ECDSA P-384 .........
//	signature      RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 bytes
//	CA, pathLen    yes, none    yes, 0      yes, 0          no          no
//	keyUsage       sign, CRL    sign        sign            absent      absent
//	extensions     X.509's .......................          AMD's only ..........
//
// P is Milan, Genoa or Turin. The other parts of every name are fixed, and
// names are compared byte for byte. AMD's extensions (arc 1.3.6.1.4.1.3704.1)
// say for which chip or provider, product and TCB a leaf is.
//
// Source: AMD 57230 (VCEK certificate and KDS interface) revision 1.05, AMD 58369
// (VLEK) revision 0.10, RFC 5280, RFC 4055, and certificates that AMD issued.
// SPEC.md sections 5 and 6 have the rules whose ids (CHN-nn, CRL-nn) the errors
// of this package carry.
//
// # Trust
//
// The anchor is an ARK that the caller's Roots hold. All facts about it come
// from there; an ARK that is sent must be the same certificate. Builtin has AMD's
// nine certificates, the ASKs and ASVKs included, so that a leaf alone verifies
// offline.
//
// # A report
//
// A report is endorsed by a chain when both hold: VerifyReport, that the leaf's key
// signed it, and CheckEndorsement, that the leaf is of its chip, product and TCB.
package certchain
