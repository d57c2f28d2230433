package capture_test

import (
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/capture"
)

// TestZeroPin: a pin that recorded nothing equals no other one, not even itself.
func TestZeroPin(t *testing.T) {
	made := capture.NewPin(&attest.Result{Bundle: new(attest.Bundle)}, "", time.Unix(1, 0))
	for _, pair := range [][2]capture.Pin{{}, {made}, {{}, made}, {capture.NewPin(new(attest.Result), "", time.Unix(1, 0)), made}, {capture.NewPin(nil, "", time.Unix(1, 0)), made}} {
		if err := pair[0].Compare(pair[1]); err == nil || attest.ErrorType(err) != "" {
			t.Errorf("%+v: %v", pair, err)
		}
	}
	if err := made.Compare(made); err != nil {
		t.Error(err)
	}
	if _, err := capture.ParseEvidence((*capture.Evidence)(nil).Encode()); err == nil {
		t.Error("the file of no evidence is evidence")
	}
}
