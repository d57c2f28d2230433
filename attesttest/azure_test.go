package attesttest_test

import (
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/snpreport"
)

// TestAzure: without a fault the evidence passes, and each fault has the error of its own.
func TestAzure(t *testing.T) {
	for _, product := range []snpreport.Product{snpreport.Milan, snpreport.Genoa} {
		e, err := attesttest.New(attesttest.Config{Product: product, Seed: "azure"})
		if err != nil {
			t.Fatal(err)
		}
		verify := func(faults ...attesttest.AzureFault) error {
			evidence, config := e.Azure([]byte("question"), faults...)
			v, err := azure.NewVerifier(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(evidence, e.Now())
			return err
		}
		if err := verify(); err != nil {
			t.Fatal(err)
		}
		for _, f := range attesttest.AzureFaults() {
			if got := attest.ErrorType(verify(f)); got != f.ErrorType() || got == "" || f.About() == "" {
				t.Errorf("%s: %q, want %q", f, got, f.ErrorType())
			}
		}
	}
	if attesttest.AzureFault("x").ErrorType() != "" {
		t.Error("there is no such fault")
	}
}
