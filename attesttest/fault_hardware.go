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
	{
		name: ReportTruncated, err: "ReportInvalidError",
		about: "the report lacks its last byte",
		after: func(d *draft) { d.Report = d.Report[:len(d.Report)-1] },
	},
	{
		name: ReportVersion6, err: "ReportInvalidError",
		about:  "the report has a version that nobody defined a verification for",
		before: func(d *draft) { d.Spec.Version = 6 },
	},
	{
		name: ReportReserved, err: "ReportInvalidError",
		about: "a reserved byte of the report is not zero, under a good signature",
		after: func(d *draft) {
			d.Report[0x4C] = 1
			mint.Sign(d.Report, d.Key)
		},
	},
	{
		name: ReportHostRequested, err: "ReportInvalidError",
		about:  "the host, not the guest, asked for the report",
		before: func(d *draft) { d.Spec.VMPL = 0xFFFFFFFF },
	},
	{
		name: ReportAlgorithm, err: "ReportInvalidError",
		about:  "the report names another signature algorithm",
		before: func(d *draft) { d.Spec.SignatureAlgo = 2 },
	},
	{
		name: ReportMaskedKey, err: "ReportInvalidError",
		about:  "the report says that the firmware did not sign it",
		before: func(d *draft) { d.Spec.KeyInfo |= 1 << 1 },
	},
	{
		name: ChainRogueRoot, err: "CertChainInvalidError",
		about:  "a self-made root with AMD's name heads the chain",
		before: func(d *draft) { d.setForge(rogue(d.config.Product.String())) },
	},
	{
		name: ChainInventedHardware, err: "CertChainInvalidError",
		about:  "a stolen release key vouches for a self-made AMD root",
		before: func(d *draft) { d.setForge(rogue(d.config.Product.String())) },
		after: func(d *draft) {
			d.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(d.ARK)))
			d.publish()
		},
	},
	{
		name: ChainRootNotInBundle, err: "CertChainInvalidError",
		about: "the publisher names the AMD root of another product only",
		after: func(d *draft) {
			d.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(forge.CACert("ARK-"+d.otherProduct()))))
			d.publish()
		},
	},
	{
		name: ChainExpired, err: "CertChainInvalidError",
		about:  "the leaf certificate has expired",
		before: func(d *draft) { d.LeafSpec.SetValidity(d.config.Now.Add(-2*day), d.config.Now.Add(-day)) },
	},
	{
		name: ChainOtherProduct, err: "CertChainInvalidError",
		about: "the ASK is that of another product",
		after: func(d *draft) { d.chain[1] = forge.CACert("SEV-" + d.otherProduct()) },
	},
	{
		name: ChainNoLeaf, err: "CertChainInvalidError",
		about: "the chain has no leaf",
		after: func(d *draft) { d.chain = d.chain[1:] },
	},
	{
		name: ChainNoIntermediate, err: "CertChainInvalidError",
		about: "the chain has no ASK",
		after: func(d *draft) { d.chain = slices.Delete(d.chain, 1, 2) },
	},
	{
		name: ChainAltered, err: "CertChainInvalidError",
		about: "the last byte of the leaf's signature was changed",
		after: func(d *draft) { d.chain[0][len(d.chain[0])-1] ^= 1 },
	},
	{
		name: CRLMissing, err: "CRLInvalidError",
		about: "there is no CRL, and the verifier requires one",
		after: func(d *draft) { d.crls = nil },
	},
	{
		name: CRLExpired, err: "CRLInvalidError",
		about:  "the CRL has expired",
		before: func(d *draft) { d.crl.NextUpdate = mint.At(d.config.Now.Add(-day / 2)) },
	},
	{
		name: CRLForged, err: "CRLInvalidError",
		about:  "another key than the ARK's signed the CRL",
		before: func(d *draft) { d.crlKey = d.forge.CAKey(mint.OtherCA) },
	},
	{
		name: CRLRevoked, err: "CertRevokedError",
		about:  "AMD has revoked the ASK",
		before: func(d *draft) { d.crl.Revoke(d.intermediate().Serial...) },
	},
	{
		name: ReportAltered, err: "ReportSignatureInvalidError",
		about:  "another measurement was patched to the allowed one",
		before: func(d *draft) { d.Spec.Measurement = otherMeasurement },
		after: func(d *draft) {
			allowed := d.measurement()
			copy(d.Report[0x90:], allowed[:])
		},
	},
	{
		name: ReportOtherKey, err: "ReportSignatureInvalidError",
		about: "another key than the leaf's signed the report",
		after: func(d *draft) { mint.Sign(d.Report, mint.P384Key(d.config.secret("other"))) },
	},
	{
		name: EndorsementChip, err: "EndorsementMismatchError", needs: vcekOnly,
		about:  "the VCEK is of another chip",
		before: func(d *draft) { d.LeafSpec.Ext(mint.OIDHWID).Value[0] ^= 1 },
	},
	{
		name: EndorsementMasked, err: "EndorsementMismatchError", needs: vcekOnly,
		about:  "CHIP_ID is zero, so that nothing ties the report to the chip",
		before: func(d *draft) { d.Spec.ChipID = [64]byte{} },
	},
	{
		name: EndorsementTCB, err: "EndorsementMismatchError",
		about: "the leaf is of a lower firmware level than the report claims",
		before: func(d *draft) {
			tcb := d.Spec.ReportedTCB
			tcb.SNP--
			d.describeLeaf(d.Set, tcb)
		},
	},
	{
		name: EndorsementProduct, err: "EndorsementMismatchError", needs: cpuid,
		about: "the report names a processor of another product",
		before: func(d *draft) {
			other := mint.NewReport(d.otherProduct(), 3, "vcek")
			d.Spec.Family, d.Spec.Model, d.Spec.Stepping = other.Family, other.Model, other.Stepping
		},
	},
	{
		name: EndorsementKind, err: "EndorsementMismatchError",
		about:  "the report names the other kind of signing key than its leaf",
		before: func(d *draft) { d.Spec.KeyInfo ^= 1 << 2 },
	},
}

var otherMeasurement = sha512.Sum384([]byte("attesttest measurement of something else"))

// otherProduct is a product that is not the enclave's.
func (d *draft) otherProduct() string {
	if d.config.Product.String() == "Milan" {
		return "Genoa"
	}
	return "Milan"
}

// intermediate describes the authority of the leaf.
func (d *draft) intermediate() mint.CertSpec {
	if d.Kind == "vlek" {
		return d.forge.ASVK(d.Product)
	}
	return d.forge.ASK(d.Product)
}
