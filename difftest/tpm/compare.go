// Package tpm compares azure.ParseQuote, and what azure takes for the signature of a
// quote, with the structures of go-tpm.
package tpm

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-tpm/tpm2"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint/paravisor"
)

// Compare parses a TPMS_ATTEST with both, and asks both for a quote.
func Compare(b []byte) difftest.Outcome {
	q, err := azure.ParseQuote(b)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var a *tpm2.TPMSAttest
	var info *tpm2.TPMSQuoteInfo
	var theirs error
	o.Theirs, theirs = difftest.Call(func() (err error) {
		if a, err = tpm2.Unmarshal[tpm2.TPMSAttest](b); err != nil {
			return err
		}
		info, err = a.Attested.Quote()
		return err
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nquote: %x", err, theirs, b)
	if o.Ours == difftest.Accepts && o.Theirs == difftest.Accepts {
		o.Fields = differ(q, a, info)
	}
	return o
}

// differ names the fields that are not the same in both.
func differ(q *azure.Quote, a *tpm2.TPMSAttest, info *tpm2.TPMSQuoteInfo) []string {
	var selected []azure.Register
	for _, s := range info.PCRSelect.PCRSelections {
		for n := range 8 * len(s.PCRSelect) {
			if s.PCRSelect[n/8]>>(n%8)&1 == 1 {
				selected = append(selected, azure.Register{Bank: azure.Bank(s.Hash), Index: n})
			}
		}
	}
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"qualifiedSigner", bytes.Equal(q.QualifiedSigner, a.QualifiedSigner.Buffer)},
		{"extraData", bytes.Equal(q.ExtraData, a.ExtraData.Buffer)},
		{"clock", q.Clock == a.ClockInfo.Clock},
		{"resetCount", q.ResetCount == a.ClockInfo.ResetCount},
		{"restartCount", q.RestartCount == a.ClockInfo.RestartCount},
		{"safe", q.Safe == bool(a.ClockInfo.Safe)},
		{"firmwareVersion", q.FirmwareVersion == a.FirmwareVersion},
		{"pcrSelect", slices.Equal(q.Selected, selected)},
		{"pcrDigest", bytes.Equal(q.PCRDigest[:], info.PCRDigest.Buffer)},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

// vm is a synthetic Azure VM, whose quote is signed.
var vm = paravisor.Evidence("Milan", []byte("challenge"), nil)

// CompareSignature gives both a signature of that quote: 256 bytes by themselves, which
// TPM2_Quote does not return, or a TPMT_SIGNATURE. Ours is a whole verification.
func CompareSignature(signature []byte) difftest.Outcome {
	message := vm.Quote.Encode()
	_, err := verifier().Verify(azure.Evidence{HCL: vm.HCL.Encode(), Certificates: [][]byte{vm.PEM()}, Quote: &azure.QuoteEvidence{Message: message, Signature: signature}}, at)
	o := difftest.Outcome{Ours: difftest.Requirement(err)}
	var theirs error
	o.Theirs, theirs = difftest.Call(func() error {
		raw := signature
		if len(signature) != 256 {
			s, err := tpm2.Unmarshal[tpm2.TPMTSignature](signature)
			if err != nil {
				return err
			}
			r, err := s.Signature.RSASSA()
			if err != nil {
				return err
			}
			if r.Hash != tpm2.TPMAlgSHA256 {
				return errors.New("another hash")
			}
			raw = r.Sig.Buffer
		}
		digest := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(vm.AK.Public(), crypto.SHA256, digest[:], raw)
	})
	o.Detail = fmt.Sprintf("ours: %v\ntheirs: %v\nsignature: %x", err, theirs, signature)
	if attest.ErrorType(err) != "QuoteSignatureInvalidError" && err != nil {
		o.Ours = fmt.Sprint("no matter of the signature: ", err)
	}
	return o
}
