package azure

import (
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/snpreport"
)

// TestCodeIsAtVMPL0: step 23 looks at VMPL by itself, though no policy that says which code
// is there lets step 13 pass with another one.
// Rules: AZR-02.
func TestCodeIsAtVMPL0(t *testing.T) {
	for vmpl, want := range []string{"", "PolicyViolationError", "PolicyViolationError", "PolicyViolationError"} {
		s := &session{Verifier: &Verifier{proves: true}, report: &snpreport.Report{VMPL: uint32(vmpl)}, runtime: new(RuntimeData)}
		_, err := s.checkCode()
		if got := attest.ErrorType(err); got != want || s.trusted != (want == "") {
			t.Errorf("VMPL %d: %v", vmpl, err)
		}
	}
}
