package attest

import (
	"encoding/hex"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/snpreport"
)

// checkEndorsement compares a report with the leaf certificate whose key signed
// it: step 12, SPEC.md section 2. In this order: the kind of key, the product,
// every component of the TCB, the chip.
//
// Only the certificate proves these things. The report merely repeats them, and
// a certificate of another level would verify its signature just as well.
func checkEndorsement(r *snpreport.Report, c *certchain.Chain) *EndorsementMismatchError {
	mismatch := func(rule, message, expected, actual string) *EndorsementMismatchError {
		return &EndorsementMismatchError{Failure{Rule: rule, Message: message, Expected: expected, Actual: actual}}
	}
	if kind := r.KeyInfo.SigningKey(); kind != c.SigningKey {
		return mismatch("END-01", "the report names another kind of signing key than its certificate is for", c.SigningKey.String(), kind.String())
	}
	if die, ok := r.Die(); ok {
		product, err := die.Product()
		if err != nil {
			m := mismatch("END-02", "the processor that the report names is not supported", "a known CPUID of "+c.Product.String(), err.Error())
			m.Cause = err
			return m
		}
		if product != c.Product {
			return mismatch("END-03", "the report is of another product than its certificate", c.Product.String(), product.String())
		}
	}
	reported, _ := r.ReportedTCB.For(c.Product) // without a product: equal to nothing
	if !reported.Equal(c.TCB) {
		return mismatch("END-04", "REPORTED_TCB is not the TCB that the certificate is for", c.TCB.String(), reported.String())
	}
	if c.SigningKey == snpreport.VLEK {
		return nil // END-06: a VLEK is of no chip; CHIP_ID stays unproven
	}
	// END-05: the certified bytes, then zeros. A masked (zero) CHIP_ID is no
	// reason to skip this, and names no chip even where a certificate does not either.
	if c.HWIDSize != c.Product.ChipIDSize() || r.ChipID != c.HWID || r.ChipID == [64]byte{} {
		return mismatch("END-05", "CHIP_ID is not the chip that the certificate is for", hex.EncodeToString(c.HWID[:]), hex.EncodeToString(r.ChipID[:]))
	}
	return nil
}
