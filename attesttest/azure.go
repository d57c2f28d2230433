package attesttest

import (
	"bytes"
	"encoding/hex"
	"slices"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// An AzureFault is one thing that is wrong with the evidence of an Azure confidential VM.
type AzureFault string

// Faults of an Azure VM, in the order of the steps that notice them.
const (
	AzureTDX           AzureFault = "azure-tdx"             // the hardware is another
	AzurePadding       AzureFault = "azure-padding"         // data behind the HCL report
	AzureSizes         AzureFault = "azure-sizes"           // sizes beyond the file
	AzureOtherCode     AzureFault = "azure-other-code"      // code of the attacker's at VMPL 0, on genuine hardware
	AzureRuntimeData   AzureFault = "azure-runtime-data"    // runtime data that the report does not vouch for
	AzureNoKey         AzureFault = "azure-no-key"          // the paravisor could not make an attestation key
	AzureSecureBoot    AzureFault = "azure-secure-boot"     // Secure Boot was off
	AzureUserData      AzureFault = "azure-user-data"       // user-data of another guest
	AzureNoQuote       AzureFault = "azure-no-quote"        // there is no quote
	AzureMagic         AzureFault = "azure-magic"           // other data that a TPM signed
	AzureOtherSigner   AzureFault = "azure-other-signer"    // the quote names another key
	AzureSoftwareKey   AzureFault = "azure-software-key"    // a key in software signed the quote
	AzureReplay        AzureFault = "azure-replay"          // a quote of an earlier question
	AzurePCRValue      AzureFault = "azure-pcr-value"       // a value that the quote was not made over
	AzureNotSelected   AzureFault = "azure-not-selected"    // a fitting value that the quote does not select
	AzureOtherBootCode AzureFault = "azure-other-boot-code" // another boot loader, truly quoted
)

// azureFault is one row: what a fault changes before the quote is signed, or of the evidence.
type azureFault struct {
	name AzureFault
	err  string
	vm   func(a *mint.AzureSet)
	then func(e *azure.Evidence)
}

var azureFaults = []azureFault{
	{AzureTDX, "HCLInvalidError", func(a *mint.AzureSet) { a.HCL.ReportType = 4 }, nil},
	{AzurePadding, "HCLInvalidError", nil, func(e *azure.Evidence) { e.HCL[len(e.HCL)-1] = 1 }},
	{AzureSizes, "HCLInvalidError", func(a *mint.AzureSet) { n := uint32(0xFFFFFB2C); a.HCL.VariableSize = &n }, nil},
	{AzureOtherCode, "MeasurementNotAllowedError", func(a *mint.AzureSet) { a.Spec.Measurement[0] ^= 1; a.Bind() }, nil},
	{AzureRuntimeData, "ReportDataMismatchError", func(a *mint.AzureSet) { a.HCL.Runtime = append([]byte("{ "), a.HCL.Runtime[1:]...) }, nil},
	{AzureNoKey, "HCLInvalidError", func(a *mint.AzureSet) {
		a.HCL.Runtime = bytes.Replace(a.HCL.Runtime, []byte(`"HCLAkPub"`), []byte(`"HCLXkPub"`), 1)
		a.Bind()
	}, nil},
	{AzureSecureBoot, "PolicyViolationError", func(a *mint.AzureSet) {
		a.HCL.Runtime = bytes.Replace(a.HCL.Runtime, []byte(`"secure-boot":true`), []byte(`"secure-boot":false`), 1)
		a.Bind()
	}, nil},
	{AzureUserData, "QualifyingDataMismatchError", func(a *mint.AzureSet) { a.Runtime.UserData = ""; a.Seal() }, nil},
	{AzureNoQuote, "QuoteInvalidError", nil, func(e *azure.Evidence) { e.Quote = nil }},
	{AzureMagic, "QuoteInvalidError", func(a *mint.AzureSet) { a.Quote.Magic++ }, nil},
	{AzureOtherSigner, "QuoteInvalidError", func(a *mint.AzureSet) { a.Quote.Signer = mint.QualifiedName(mint.AKKey("other")) }, nil},
	{AzureSoftwareKey, "QuoteSignatureInvalidError", nil, func(e *azure.Evidence) { e.Quote.Signature = mint.SignQuote(mint.AKKey("other"), e.Quote.Message) }},
	{AzureReplay, "QualifyingDataMismatchError", func(a *mint.AzureSet) { a.Quote.Extra = []byte("an earlier question") }, nil},
	{AzurePCRValue, "PCRMismatchError", nil, func(e *azure.Evidence) { e.Quote.PCRs[azure.Register{Bank: azure.SHA256, Index: 9}] = make([]byte, 32) }},
	{AzureNotSelected, "PCRMismatchError", func(a *mint.AzureSet) { a.SelectPCRs(7) }, nil},
	{AzureOtherBootCode, "PCRMismatchError", func(a *mint.AzureSet) { a.PCRs[4] = make([]byte, 32); a.SelectPCRs(4, 7) }, nil},
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
func (f AzureFault) ErrorType() string {
	for _, row := range azureFaults {
		if row.name == f {
			return row.err
		}
	}
	return ""
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
	a := mint.NewAzure(set, qualifyingData, userData)
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
