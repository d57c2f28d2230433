package mint

import "crypto/ecdsa"

// Set is one piece of evidence and all that it takes to change it: a report and
// the certificates that endorse it.
type Set struct {
	Product, Kind string

	Spec     ReportSpec // what Report was made from
	LeafSpec CertSpec   // what Leaf was made from
	Key      *ecdsa.PrivateKey

	Report                  []byte // 1184 bytes, signed by Key
	Leaf, Intermediate, ARK []byte // DER

	// They change the report before and after Resign signs it; nil: nothing.
	BeforeSigning func(report []byte)
	AfterSigning  func(report []byte) []byte

	forge *Forge // whose authorities these are
}

// Evidence gives a set that holds together: report version 2 to 5 of "Milan",
// "Genoa" or "Turin", under a "vcek" or a "vlek". Each call gives a set of its
// own, which the caller may change.
func (f *Forge) Evidence(product string, version uint32, kind string) *Set {
	e := &Set{
		Product: product, Kind: kind, forge: f,
		Spec:         NewReport(product, version, kind),
		Key:          LeafKey(product, kind),
		Intermediate: f.CACert(intermediateName(product, kind)),
		ARK:          f.CACert("ARK-" + product),
	}
	e.DescribeLeaf(DefaultTCB(product))
	e.Resign()
	e.Reissue()
	return e
}

// Resign makes Report from Spec again and signs it.
func (e *Set) Resign() {
	body := e.Spec.Encode()
	if e.BeforeSigning != nil {
		e.BeforeSigning(body[:])
	}
	Sign(body[:], e.Key)
	e.Report = body[:]
	if e.AfterSigning != nil {
		e.Report = e.AfterSigning(e.Report)
	}
}

// DescribeLeaf makes LeafSpec that of Key at a TCB: for the chip of Spec, or for the
// default cloud provider.
func (e *Set) DescribeLeaf(tcb TCB) {
	if e.Kind == "vlek" {
		e.LeafSpec = VLEK(e.Product, tcb, DefaultCSPID)
	} else {
		e.LeafSpec = VCEK(e.Product, tcb, e.Spec.ChipID[:find(e.Product).hwid])
	}
	e.LeafSpec.SPKI = SPKI(e.Key.Public())
}

// Reissue makes Leaf from LeafSpec again and has its authority sign it.
func (e *Set) Reissue() { e.Leaf = e.LeafSpec.Encode(e.LeafSigner()) }

// LeafSigner gives the key of the leaf's authority.
func (e *Set) LeafSigner() *RSAKey { return e.forge.CAKey(intermediateName(e.Product, e.Kind)) }

// Authority describes the authority of the leaf.
func (e *Set) Authority() CertSpec {
	spec, _ := e.forge.authorityNamed(intermediateName(e.Product, e.Kind))
	return spec
}

// Chain gives leaf, intermediate and root.
func (e *Set) Chain() [][]byte { return [][]byte{e.Leaf, e.Intermediate, e.ARK} }

// PEM gives the chain as PEM text.
func (e *Set) PEM() []byte { return PEM(e.Chain()...) }

func intermediateName(product, kind string) string {
	if kind == "vlek" {
		return "SEV-VLEK-" + product
	}
	return "SEV-" + product
}
