package verdict

import (
	"encoding/hex"
	"strconv"

	"github.com/tresorhq/attest/azure"
)

// Azure is what the paravisor of an Azure confidential VM says, and a quote of its
// virtual TPM. It is there only where the policy demands the code at VMPL 0.
// Rules: AZR-13, AZR-14.
type Azure struct {
	AKSHA256        string                       `json:"ak_sha256"` // of the modulus of the attestation key
	UserData        string                       `json:"user_data,omitempty"`
	VMConfiguration VMConfiguration              `json:"vm_configuration"`
	Quote           *Quote                       `json:"quote,omitempty"`
	PCRs            map[string]map[string]string `json:"pcrs,omitempty"` // by bank and register; what the quote proves
}

// VMConfiguration is what the paravisor found when the VM was started.
type VMConfiguration = azure.VMConfiguration

// A Quote is what a quote says besides PCRs. Clock is in milliseconds.
type Quote struct {
	QualifyingData string `json:"qualifying_data"`
	Clock          uint64 `json:"clock"`
	ResetCount     uint32 `json:"reset_count"`
	RestartCount   uint32 `json:"restart_count"`
	Safe           bool   `json:"safe"`
}

func newAzure(facts *azure.Facts) *Azure {
	a := &Azure{AKSHA256: hex.EncodeToString(facts.AKSHA256[:]), UserData: hex.EncodeToString(facts.UserData), VMConfiguration: facts.VMConfiguration}
	if q := facts.Quote; q != nil {
		a.Quote = &Quote{hex.EncodeToString(q.ExtraData), q.Clock, q.ResetCount, q.RestartCount, q.Safe}
	}
	for _, r := range facts.PCRs.Registers() {
		if a.PCRs == nil {
			a.PCRs = map[string]map[string]string{}
		}
		bank := r.Bank.String()
		if a.PCRs[bank] == nil {
			a.PCRs[bank] = map[string]string{}
		}
		a.PCRs[bank][strconv.Itoa(r.Index)] = hex.EncodeToString(facts.PCRs[r])
	}
	return a
}
