package azure_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/policy"
)

// TestAllowPCR: values of one register add up, in lower case; the bank is sha256 where none
// is named.
func TestAllowPCR(t *testing.T) {
	var got policy.AzureRules
	for _, text := range []string{"4=AB", "sha256:4=cd", "sha1:0=ef", "sha384:23="} {
		if err := azure.AllowPCR(&got, text); err != nil {
			t.Error(err)
		}
	}
	want := policy.AzureRegisters{"sha256": {"4": {"ab", "cd"}}, "sha1": {"0": {"ef"}}, "sha384": {"23": {""}}}
	if diff := cmp.Diff(want, got.PCRs); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "4", "sha256:4", "sha512:4=ab", "SHA256:4=ab", ":4=ab"} {
		if err := azure.AllowPCR(&got, text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if azure.AllowPCR(nil, "4=ab") == nil {
		t.Error("nothing to add to")
	}
}
