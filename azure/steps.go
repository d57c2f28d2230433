package azure

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/steps"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// session is what one verification has found so far.
type session struct {
	*Verifier
	evidence Evidence
	hcl      *HCL
	hclErr   error
	report   *snpreport.Report // signed once step 11 has passed
	runtime  *RuntimeData
	quote    *Quote
	trusted  bool // step 23 has passed
}

// table has the steps behind those of a report. A quote is read only once the key that it
// must be signed by is proven. Rules: AZR-13.
var table = []steps.Step[*session]{
	{ID: "hcl", Rule: "HCL-01", Check: (*session).checkHCL},
	{ID: "runtime_data", Rule: "AZR-01", Needs: []string{"hcl", "endorsement"}, Check: (*session).checkRuntimeData},
	{ID: "ak", Rule: "HCL-20", Needs: []string{"runtime_data"}, Check: (*session).checkAK},
	{ID: "vmpl0_code", Rule: "AZR-02", Needs: []string{"ak", "policy", "measurement"}, Check: (*session).checkCode},
	{ID: "user_data", Rule: "AZR-04", Needs: []string{"vmpl0_code"}, Check: (*session).checkUserData},
	{ID: "quote", Rule: "TPM-01", Needs: []string{"vmpl0_code"}, Check: (*session).checkQuote},
	{ID: "quote_signer", Rule: "TPM-20", Needs: []string{"quote"}, Check: ofQuote((*session).checkSigner)},
	{ID: "quote_signature", Rule: "TPM-31", Needs: []string{"quote"}, Check: ofQuote((*session).checkSignature)},
	{ID: "qualifying_data", Rule: "AZR-06", Needs: []string{"quote_signature"}, Check: ofQuote((*session).checkQualifyingData)},
	{ID: "pcr_digest", Rule: "TPM-41", Needs: []string{"quote_signature"}, Check: ofQuote((*session).checkPCRDigest)},
	{ID: "pcrs", Rule: "AZR-07", Needs: []string{"pcr_digest"}, Check: ofQuote((*session).checkPCRs)},
}

// ofQuote makes a step that is not checked without a quote that counts.
func ofQuote(check func(*session) (steps.Outcome, error)) func(*session) (steps.Outcome, error) {
	return func(s *session) (steps.Outcome, error) {
		switch {
		case !s.trusted:
			return notChecked(anybody)
		case s.quote == nil:
			return notChecked("there is no quote")
		}
		return check(s)
	}
}

const anybody = "no demand says which code is at VMPL 0: whoever has an SEV-SNP machine can make it"

func notChecked(reason string) (steps.Outcome, error) {
	return steps.Outcome{Status: attest.NotChecked, Reason: reason}, nil
}

func found(actual string) (steps.Outcome, error) { return steps.Outcome{Actual: actual}, nil }

// mismatch is a fault of meaning: what there is, is not what was demanded.
func mismatch(id, message, expected, actual string) attest.Failure {
	return attest.Failure{Rule: id, Message: message, Offset: rule.NoOffset, Expected: expected, Actual: actual}
}

// checkHCL is step 20, which is carried out before step 8.
func (s *session) checkHCL() (steps.Outcome, error) {
	if s.hclErr != nil {
		return steps.Outcome{}, &HCLInvalidError{Failure: rule.From(s.hclErr, "HCL-01", "the HCL report is malformed")}
	}
	return found(fmt.Sprintf("header version %d, runtime data of %d bytes", s.hcl.HeaderVersion, len(s.hcl.RuntimeData)))
}

// checkRuntimeData is step 21: the hash is over the bytes, before anything reads them. Rules: AZR-01.
func (s *session) checkRuntimeData() (steps.Outcome, error) {
	hash := sha256.Sum256(s.hcl.RuntimeData)
	if want := append(hash[:], make([]byte, 32)...); !bytes.Equal(s.report.ReportData[:], want) {
		return steps.Outcome{}, &attest.ReportDataMismatchError{Failure: mismatch("AZR-01", "REPORT_DATA is not the hash of the runtime data and 32 zero bytes",
			hex.EncodeToString(want), hex.EncodeToString(s.report.ReportData[:]))}
	}
	return found(hex.EncodeToString(hash[:]))
}

// checkAK is step 22.
func (s *session) checkAK() (_ steps.Outcome, err error) {
	if s.runtime, err = ParseRuntimeData(s.hcl.RuntimeData); err != nil {
		return steps.Outcome{}, &HCLInvalidError{Failure: rule.From(err, "HCL-20", "the runtime data is malformed")}
	}
	return found(fmt.Sprintf("RSA-2048, n with SHA-256 %x", s.runtime.akHash()))
}

// checkCode is step 23. Steps 13 and 14 have passed, so that what the policy demands is met. Rules: AZR-02, AZR-03.
func (s *session) checkCode() (steps.Outcome, error) {
	says := s.runtime.VMConfiguration.SecureBoot
	switch {
	case !s.proves:
		return notChecked(anybody)
	case s.report.VMPL != 0:
		return steps.Outcome{}, &attest.PolicyViolationError{Failure: mismatch("AZR-02", "the report was not asked for at VMPL 0", "0", fmt.Sprint(s.report.VMPL))}
	case s.has(func(d demands) bool { return d.secureBoot }) && (says == nil || !*says):
		return steps.Outcome{}, &attest.PolicyViolationError{Failure: mismatch("AZR-03", "the VM was not started with Secure Boot", "secure-boot is true", "absent or false")}
	}
	s.trusted = true
	return found("VMPL 0, with the code that was demanded")
}

// has reports whether one of the demands is of a kind.
func (v *Verifier) has(kind func(demands) bool) bool { return slices.ContainsFunc(v.demands, kind) }

// compare holds bytes against what the demands say they are.
func (s *session) compare(id, what string, got []byte, want func(demands) []byte) (steps.Outcome, error) {
	demanded := false
	for _, d := range s.demands {
		w := want(d)
		if w != nil && !bytes.Equal(got, w) {
			return steps.Outcome{}, &QualifyingDataMismatchError{Failure: mismatch(id, what+" is not what was demanded", hex.EncodeToString(w), hex.EncodeToString(got))}
		}
		demanded = demanded || w != nil
	}
	if !demanded {
		return notChecked("no " + what + " was demanded")
	}
	return found(hex.EncodeToString(got))
}

// checkUserData is step 24: all 64 bytes. Rules: AZR-04.
func (s *session) checkUserData() (steps.Outcome, error) {
	if !s.trusted {
		return notChecked(anybody)
	}
	return s.compare("AZR-04", "user-data", s.runtime.UserData, func(d demands) []byte { return d.userData })
}

// checkQuote is step 25. Rules: AZR-05.
func (s *session) checkQuote() (_ steps.Outcome, err error) {
	e := s.evidence.Quote
	switch {
	case !s.trusted:
		return notChecked(anybody)
	case e == nil && s.asks:
		return steps.Outcome{}, &QuoteInvalidError{Failure: mismatch("AZR-05", "a quote is demanded, and there is none", "a quote", "none")}
	case e == nil:
		return notChecked("there is no quote")
	}
	if s.quote, err = ParseQuote(bytes.Clone(e.Message)); err != nil {
		return steps.Outcome{}, &QuoteInvalidError{Failure: rule.From(err, "TPM-01", "the quote is malformed")}
	}
	return found(fmt.Sprintf("%d registers", len(s.quote.Selected)))
}

// checkSigner is step 26. Rules: TPM-20.
func (s *session) checkSigner() (steps.Outcome, error) {
	if want := qualifiedName(s.runtime.AK); !bytes.Equal(s.quote.QualifiedSigner, want) {
		return steps.Outcome{}, &QuoteInvalidError{Failure: mismatch("TPM-20", "the quote names another signer than the attestation key of the runtime data",
			hex.EncodeToString(want), hex.EncodeToString(s.quote.QualifiedSigner))}
	}
	return found(hex.EncodeToString(s.quote.QualifiedSigner))
}

// checkSignature is step 27.
func (s *session) checkSignature() (steps.Outcome, error) {
	if err := s.quote.verifySignature(s.runtime.AK, s.evidence.Quote.Signature); err != nil {
		return steps.Outcome{}, &QuoteSignatureInvalidError{Failure: rule.From(err, "TPM-31", "the signature of the quote is not good")}
	}
	return steps.Outcome{}, nil
}

// checkQualifyingData is step 28: exactly what was demanded, without padding. Rules: AZR-06.
func (s *session) checkQualifyingData() (steps.Outcome, error) {
	return s.compare("AZR-06", "qualifying data", s.quote.ExtraData, func(d demands) []byte { return d.qualifyingData })
}

// checkPCRDigest is step 29: over the values of the registers that the quote selects, by
// their names, in its order. Rules: TPM-41.
func (s *session) checkPCRDigest() (steps.Outcome, error) {
	given := s.evidence.Quote.PCRs
	if len(given) == 0 && !s.has(func(d demands) bool { return len(d.pcrs) > 0 }) {
		return notChecked("no values of PCRs were given")
	}
	sum, absent := s.quote.digest(given)
	switch want := s.quote.PCRDigest; {
	case absent != "":
		return steps.Outcome{}, &PCRMismatchError{Failure: mismatch("TPM-41", "the quote selects a register whose value was not given", absent, "none of its size")}
	case sum != want:
		return steps.Outcome{}, &PCRMismatchError{Failure: mismatch("TPM-41", "the values of the PCRs are not those of the quote", hex.EncodeToString(want[:]), hex.EncodeToString(sum[:]))}
	}
	return found(hex.EncodeToString(sum[:]))
}

// checkPCRs is step 30. A value that the selection does not prove is none. Rules: AZR-07, AZR-08.
func (s *session) checkPCRs() (steps.Outcome, error) {
	demanded := 0
	for _, d := range s.demands {
		for _, r := range slices.SortedFunc(maps.Keys(d.pcrs), compareRegisters) {
			demanded++
			value := s.evidence.Quote.PCRs[r]
			switch {
			case !slices.Contains(s.quote.Selected, r):
				return steps.Outcome{}, &PCRMismatchError{Failure: mismatch("AZR-07", "the quote does not select a register that is demanded", r.String(), "not selected")}
			case !slices.ContainsFunc(d.pcrs[r], func(v []byte) bool { return bytes.Equal(v, value) }):
				return steps.Outcome{}, &PCRMismatchError{Failure: mismatch("AZR-08", "a register has a value that is not allowed",
					fmt.Sprintf("%v one of %x", r, d.pcrs[r][:min(len(d.pcrs[r]), 4)]), hex.EncodeToString(value))}
			}
		}
	}
	if demanded == 0 {
		return notChecked("no value of a PCR was demanded")
	}
	return found(fmt.Sprintf("%d registers", demanded))
}
