package attest

import (
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// These are guards that no evidence can reach. They keep a mistake of this
// package from becoming a PASS.

// A run in which a step was forgotten is incomplete.
func TestForgottenStep(t *testing.T) {
	for forgotten := stepEnvelope; forgotten <= lastStep; forgotten++ {
		r := newRun(false)
		for s := stepEnvelope; s <= lastStep; s++ {
			if s != forgotten {
				r.record(s, finding{}, nil)
			}
		}
		if err := r.verdict(); !errors.Is(err, errIncomplete) {
			t.Errorf("without step %d: %v", forgotten, err)
		}
		r.record(forgotten, finding{}, nil)
		if err := r.verdict(); err != nil {
			t.Error(err)
		}
	}
}

// Nobody evaluated the policy.
func TestForgottenPolicy(t *testing.T) {
	r := newRun(false)
	for s := stepEnvelope; s <= lastStep; s++ {
		r.record(s, finding{}, nil)
	}
	h := newHardware(ReportConfig{Policy: policy.Default()}, time.Unix(1, 0))
	h.chain = new(certchain.Chain)
	if a := conclude(r, h, nil); a.Result != nil || !errors.Is(a.Err, errIncomplete) {
		t.Errorf("%+v", a)
	}
}

// A chain that certifies no chip, or one of another length, endorses none.
func TestEndorsementWithoutChip(t *testing.T) {
	for _, size := range []int{0, 8, 63, 65} {
		r := &snpreport.Report{Version: 2, ChipID: [64]byte{1}}
		c := &certchain.Chain{Product: snpreport.Milan, HWIDSize: size, HWID: r.ChipID}
		c.TCB, _ = snpreport.TCBVersion{}.For(snpreport.Milan)
		if err := checkEndorsement(r, c); err == nil || err.Rule != "END-05" {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
