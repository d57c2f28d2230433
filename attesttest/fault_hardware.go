package attesttest

import (
	"crypto/sha512"
	"slices"

	"github.com/tresorhq/attest/internal/mint"
)

// Faults of the report, and of the certificates and the CRL that endorse it.
const (
	ReportTruncated       Fault = "report-truncated"
	ReportVersion6        Fault = "report-version-6"
	ReportReserved        Fault = "report-reserved"
	ReportHostRequested   Fault = "report-host-requested"
	ReportAlgorithm       Fault = "report-algorithm"
	ReportMaskedKey       Fault = "report-masked-key"
	ChainRogueRoot        Fault = "chain-rogue-root"
	ChainInventedHardware Fault = "chain-invented-hardware"
	ChainRootNotInBundle  Fault = "chain-root-not-in-bundle"
	ChainExpired          Fault = "chain-expired"
	ChainOtherProduct     Fault = "chain-other-product"
	ChainNoLeaf           Fault = "chain-no-leaf"
	ChainNoIntermediate   Fault = "chain-no-intermediate"
	ChainAltered          Fault = "chain-altered"
	CRLMissing            Fault = "crl-missing"
	CRLExpired            Fault = "crl-expired"
	CRLForged             Fault = "crl-forged"
	CRLRevoked            Fault = "crl-revoked"
	ReportAltered         Fault = "report-altered"
	ReportOtherKey        Fault = "report-other-key"
	EndorsementChip       Fault = "endorsement-chip"
	EndorsementMasked     Fault = "endorsement-masked"
	EndorsementTCB        Fault = "endorsement-tcb"
	EndorsementProduct    Fault = "endorsement-product"
	EndorsementKind       Fault = "endorsement-kind"
)

var hardwareFaults = []fault{
	{ReportTruncated, "ReportInvalidError", "the report lacks its last byte", 0, nil, func(d *draft) { d.Report = d.Report[:len(d.Report)-1] }},
	{ReportVersion6, "ReportInvalidError", "the report has a version that nobody defined a verification for", 0, func(d *draft) { d.Spec.Version = 6 }, nil},
	{ReportReserved, "ReportInvalidError", "a reserved byte of the report is not zero, under a good signature", 0, nil, func(d *draft) { d.Report[0x4C] = 1; mint.Sign(d.Report, d.Key) }},
	{ReportHostRequested, "ReportInvalidError", "the host, not the guest, asked for the report", 0, func(d *draft) { d.Spec.VMPL = 0xFFFFFFFF }, nil},
	{ReportAlgorithm, "ReportInvalidError", "the report names another signature algorithm", 0, func(d *draft) { d.Spec.SignatureAlgo = 2 }, nil},
	{ReportMaskedKey, "ReportInvalidError", "the report says that the firmware did not sign it", 0, func(d *draft) { d.Spec.KeyInfo |= 1 << 1 }, nil},
	{ChainRogueRoot, "CertChainInvalidError", "a self-made root with AMD's name heads the chain", 0, func(d *draft) { d.setForge(rogue(d.config.Product.String())) }, nil},
	{ChainInventedHardware, "CertChainInvalidError", "a stolen release key vouches for a self-made AMD root", 0, func(d *draft) { d.setForge(rogue(d.config.Product.String())) }, func(d *draft) { d.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(d.ARK))); d.publish() }},
	{ChainRootNotInBundle, "CertChainInvalidError", "the publisher names the AMD root of another product only", 0, nil, func(d *draft) {
		d.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(forge.CACert("ARK-"+d.otherProduct()))))
		d.publish()
	}},
	{ChainExpired, "CertChainInvalidError", "the leaf certificate has expired", 0, func(d *draft) { d.LeafSpec.SetValidity(d.config.Now.Add(-2*day), d.config.Now.Add(-day)) }, nil},
	{ChainOtherProduct, "CertChainInvalidError", "the ASK is that of another product", 0, nil, func(d *draft) { d.chain[1] = forge.CACert("SEV-" + d.otherProduct()) }},
	{ChainNoLeaf, "CertChainInvalidError", "the chain has no leaf", 0, nil, func(d *draft) { d.chain = d.chain[1:] }},
	{ChainNoIntermediate, "CertChainInvalidError", "the chain has no ASK", 0, nil, func(d *draft) { d.chain = slices.Delete(d.chain, 1, 2) }},
	{ChainAltered, "CertChainInvalidError", "the last byte of the leaf's signature was changed", 0, nil, func(d *draft) { d.chain[0][len(d.chain[0])-1] ^= 1 }},
	{CRLMissing, "CRLInvalidError", "there is no CRL, and the verifier requires one", 0, nil, func(d *draft) { d.crls = nil }},
	{CRLExpired, "CRLInvalidError", "the CRL has expired", 0, func(d *draft) { d.crl.NextUpdate = mint.At(d.config.Now.Add(-day / 2)) }, nil},
	{CRLForged, "CRLInvalidError", "another key than the ARK's signed the CRL", 0, func(d *draft) { d.crlKey = d.forge.CAKey(mint.OtherCA) }, nil},
	{CRLRevoked, "CertRevokedError", "AMD has revoked the ASK", 0, func(d *draft) { d.crl.Revoke(d.Authority().Serial...) }, nil},
	{ReportAltered, "ReportSignatureInvalidError", "another measurement was patched to the allowed one", 0, func(d *draft) { d.Spec.Measurement = otherMeasurement }, func(d *draft) { copy(d.Report[0x90:], d.config.Measurement[:]) }},
	{ReportOtherKey, "ReportSignatureInvalidError", "another key than the leaf's signed the report", 0, nil, func(d *draft) { mint.Sign(d.Report, mint.P384Key(d.config.secret("other"))) }},
	{EndorsementChip, "EndorsementMismatchError", "the VCEK is of another chip", vcekOnly, func(d *draft) { d.LeafSpec.Ext(mint.OIDHWID).Value[0] ^= 1 }, nil},
	{EndorsementMasked, "EndorsementMismatchError", "CHIP_ID is zero, so that nothing ties the report to the chip", vcekOnly, func(d *draft) { d.Spec.ChipID = [64]byte{} }, nil},
	{EndorsementTCB, "EndorsementMismatchError", "the leaf is of a lower firmware level than the report claims", 0, func(d *draft) { tcb := d.Spec.ReportedTCB; tcb.SNP--; d.describeLeaf(d.Set, tcb) }, nil},
	{EndorsementProduct, "EndorsementMismatchError", "the report names a processor of another product", cpuid, func(d *draft) {
		other := mint.NewReport(d.otherProduct(), 3, "vcek")
		d.Spec.Family, d.Spec.Model, d.Spec.Stepping = other.Family, other.Model, other.Stepping
	}, nil},
	{EndorsementKind, "EndorsementMismatchError", "the report names the other kind of signing key than its leaf", 0, func(d *draft) { d.Spec.KeyInfo ^= 1 << 2 }, nil},
}

var otherMeasurement = sha512.Sum384([]byte("attesttest measurement of something else"))

// otherProduct is a product that is not the enclave's.
func (d *draft) otherProduct() string {
	if d.config.Product.String() == "Milan" {
		return "Genoa"
	}
	return "Milan"
}
