package capture_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/rule"
)

// TestEvidenceWithoutCertificate: every fault of the file names a rule.
// Rules: CLI-03.
func TestEvidenceWithoutCertificate(t *testing.T) {
	e := &capture.Evidence{Evidence: attest.Evidence{Envelope: []byte("{}"), Bundle: []byte("a.b.c")}, FetchedAt: time.Unix(1, 0), LeafDER: []byte("0")}
	_, err := capture.ParseEvidence(e.Encode())
	if fault, ok := errors.AsType[*rule.Error](err); !ok || fault.Rule != "CLI-03" || fault.Where != "leaf_der_b64" {
		t.Errorf("%#v", err)
	}
}
