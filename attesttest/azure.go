package attesttest

import (
	"bytes"
	"encoding/hex"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/policy"
)

// An AzureFault is one thing that is wrong with the evidence of an Azure confidential
// VM: one of AzureFaults.
type AzureFault string

// azureFault is one row: what a fault changes before the quote is signed, or of the evidence.
type azureFault struct {
	name  AzureFault
	err   string
	about string
	vm    func(a *paravisor.VM) // nil: nothing
	then  func(e *azure.Evidence)
}

// azureFaults is in the order of the steps that notice them.
var azureFaults = []azureFault{
	{"azure-tdx", "HCLInvalidError", "the hardware is another", func(a *paravisor.VM) { a.HCL.ReportType = 4 }, nil},
	{"azure-padding", "HCLInvalidError", "data behind the HCL report", nil, func(e *azure.Evidence) { e.HCL[len(e.HCL)-1] = 1 }},
	{"azure-sizes", "HCLInvalidError", "sizes beyond the file", func(a *paravisor.VM) { n := uint32(0xFFFFFB2C); a.HCL.VariableSize = &n }, nil},
	{"azure-other-code", "MeasurementNotAllowedError", "code of the attacker's at VMPL 0, on genuine hardware", func(a *paravisor.VM) { a.Spec.Measurement[0] ^= 1; a.Bind() }, nil},
	{"azure-runtime-data", "ReportDataMismatchError", "runtime data that the report does not vouch for", func(a *paravisor.VM) { a.HCL.Runtime = append([]byte("{ "), a.HCL.Runtime[1:]...) }, nil},
	{"azure-no-key", "HCLInvalidError", "the paravisor could not make an attestation key", func(a *paravisor.VM) {
		a.HCL.Runtime = bytes.Replace(a.HCL.Runtime, []byte(`"HCLAkPub"`), []byte(`"HCLXkPub"`), 1)
		a.Bind()
	}, nil},
	{"azure-secure-boot", "PolicyViolationError", "Secure Boot was off", func(a *paravisor.VM) {
		a.HCL.Runtime = bytes.Replace(a.HCL.Runtime, []byte(`"secure-boot":true`), []byte(`"secure-boot":false`), 1)
		a.Bind()
	}, nil},
	{"azure-user-data", "QualifyingDataMismatchError", "user-data of another guest", func(a *paravisor.VM) { a.Runtime.UserData = ""; a.Seal() }, nil},
	{"azure-no-quote", "QuoteInvalidError", "there is no quote", nil, func(e *azure.Evidence) { e.Quote = nil }},
	{"azure-magic", "QuoteInvalidError", "other data that a TPM signed", func(a *paravisor.VM) { a.Quote.Magic++ }, nil},
	{"azure-other-signer", "QuoteInvalidError", "the quote names another key", func(a *paravisor.VM) { a.Quote.Signer = paravisor.QualifiedName(paravisor.AKKey("other")) }, nil},
	{"azure-software-key", "QuoteSignatureInvalidError", "a key in software signed the quote", nil, func(e *azure.Evidence) {
		e.Quote.Signature = paravisor.SignQuote(paravisor.AKKey("other"), e.Quote.Message)
	}},
	{"azure-replay", "QualifyingDataMismatchError", "a quote of an earlier question", func(a *paravisor.VM) { a.Quote.Extra = []byte("an earlier question") }, nil},
	{"azure-pcr-value", "PCRMismatchError", "a value that the quote was not made over", nil, func(e *azure.Evidence) { e.Quote.PCRs[azure.Register{Bank: azure.SHA256, Index: 9}] = make([]byte, 32) }},
	{"azure-not-selected", "PCRMismatchError", "a fitting value that the quote does not select", func(a *paravisor.VM) { a.SelectPCRs(7) }, nil},
	{"azure-other-boot-code", "PCRMismatchError", "another boot loader, truly quoted", func(a *paravisor.VM) { a.PCRs[4] = make([]byte, 32); a.SelectPCRs(4, 7) }, nil},
}

// AzureFaults returns every fault, in the order of the steps that notice them.
func AzureFaults() (all []AzureFault) {
	for _, f := range azureFaults {
		all = append(all, f.name)
	}
	return all
}

// ErrorType returns the name of the error type that a verifier must answer with; "" when
// there is no such fault.
func (f AzureFault) ErrorType() string { return f.row().err }

// About says in a few words what is wrong; "" when there is no such fault.
func (f AzureFault) About() string { return f.row().about }

func (f AzureFault) row() (row azureFault) {
	if i := slices.IndexFunc(azureFaults, func(r azureFault) bool { return r.name == f }); i >= 0 {
		row = azureFaults[i]
	}
	return row
}

// Azure returns evidence of an Azure confidential VM on the chip of the enclave, with a
// quote for qualifyingData (1 to 64 bytes), and what a verifier must demand so that every
// fault is found. Its attestation key is one that everybody has.
func (e *Enclave) Azure(qualifyingData []byte, spoil ...AzureFault) (azure.Evidence, azure.Config) {
	if e.unmade() {
		return azure.Evidence{}, azure.Config{}
	}
	d := newDraft(e.draft.config)
	set := d.newSet("vcek")
	set.Reissue()
	userData := []byte("user data")
	a := paravisor.New(set, qualifyingData, userData)
	four := hex.EncodeToString(a.PCRs[4])
	demands := policy.Rules{
		Measurements: []string{hex.EncodeToString(a.Spec.Measurement[:])},
		Azure: policy.AzureRules{
			QualifyingData: new(hex.EncodeToString(qualifyingData)), UserData: new(hex.EncodeToString(userData)), SecureBoot: true,
			PCRs: policy.AzureRegisters{"sha256": {"4": {four}}},
		},
	}
	var after []func(*azure.Evidence)
	for _, row := range azureFaults {
		if slices.Contains(spoil, row.name) {
			if row.vm != nil {
				row.vm(a)
			} else {
				after = append(after, row.then)
			}
		}
	}
	message, signature := a.SignedQuote()
	pcrs, _ := azure.SHA256PCRs(a.PCRs) // has 24 of 32 bytes
	evidence := azure.Evidence{HCL: a.HCL.Encode(), Certificates: [][]byte{mint.PEM(a.Leaf, a.Intermediate)}, Quote: &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: pcrs}}
	for _, change := range after {
		change(&evidence)
	}
	p, _ := policy.New(demands) // of 1 to 64 bytes it is good; the zero Policy is refused
	return evidence, azure.Config{ReportConfig: attest.ReportConfig{Policy: p, AMDRoots: e.roots}}
}
