package main

import (
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// TestDiffReports: what the second file says differently, whatever it is worth.
// Rules: CLI-23.
func TestDiffReports(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	e.Spec.Measurement[0] ^= 1
	e.Spec.GuestSVN += 2
	e.Spec.Policy |= 1 << 19
	e.Resign()
	f.write("other.bin", e.Report)
	o := tool("diff", f.path("report.bin"), f.path("other.bin"))
	for _, want := range []string{"changed:               report.measurement ", "raised:                report.guest_svn 2, was 0", "changed:               report.guest_policy.debug "} {
		if o.code != 0 || !strings.Contains(o.stdout, "\n"+want) {
			t.Errorf("no %q in %+v", want, o)
		}
	}
}
