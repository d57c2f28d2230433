package certchain

import (
	"encoding/hex"

	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// CheckEndorsement compares a report with the leaf certificate whose key signed it,
// and must hold beside VerifyReport: only the certificate proves these things, the
// report merely repeats them, and a certificate of another level would verify its
// signature just as well. It reads the bytes of the report as they were received.
//
// The error is a *rule.Error. Checked in this order: the chain was verified and there
// is a report; the kind of key; the product (from report version 3 on); every
// component of the TCB; under a VCEK the chip. SPEC.md section 2.3.
// Rules: END-01, END-02, END-03, END-04, END-05.
func (c *Chain) CheckEndorsement(report *snpreport.Report) error {
	if list := c.Differences(report); len(list) > 0 {
		return list[0]
	}
	return nil
}

// Differences returns everything by which CheckEndorsement would refuse: of a report
// whose signature does not verify, it shows the further faults. Nothing of such a report
// is authenticated, so that no verdict may rest on it.
func (c *Chain) Differences(report *snpreport.Report) (list []*rule.Error) {
	differ := func(id, message, expected, actual string) {
		list = append(list, &rule.Error{Rule: id, Message: message, Offset: rule.NoOffset, Expected: expected, Actual: actual})
	}
	leaf, r := c.proven(), report.Received()
	if leaf.key == nil || r == nil {
		differ("END-01", "there is nothing to compare", "a verified chain and a report", "none")
		return list
	}
	if kind := r.KeyInfo.SigningKey(); kind != leaf.SigningKey {
		differ("END-01", "the report names another kind of signing key than its certificate is for", leaf.SigningKey.String(), kind.String())
	}
	if die, ok := r.Die(); ok {
		product, err := die.Product()
		if err != nil {
			differ("END-02", "the processor that the report names is not supported", "a known CPUID of "+leaf.Product.String(), err.Error())
			list[len(list)-1].Cause = err
		} else if product != leaf.Product {
			differ("END-03", "the report is of another product than its certificate", leaf.Product.String(), product.String())
		}
	}
	reported, _ := r.ReportedTCB.For(leaf.Product) // without a product: equal to nothing
	if !reported.Equal(leaf.TCB) {
		differ("END-04", "REPORTED_TCB is not the TCB that the certificate is for", leaf.TCB.String(), reported.String())
	}
	// END-06: a VLEK is of no chip; CHIP_ID stays unproven.
	// END-05: the certified bytes, then zeros. A masked (zero) CHIP_ID is no
	// reason to skip this, and names no chip even where a certificate does not either.
	if leaf.SigningKey != snpreport.VLEK && (leaf.HWIDSize != leaf.Product.ChipIDSize() || r.ChipID != leaf.HWID || r.ChipID == [64]byte{}) {
		differ("END-05", "CHIP_ID is not the chip that the certificate is for", hex.EncodeToString(leaf.HWID[:]), hex.EncodeToString(r.ChipID[:]))
	}
	return list
}
