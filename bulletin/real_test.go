package bulletin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/bulletin"
	"github.com/tresorhq/attest/snpreport"
)

// TestReal: what genuine reports, which are not in this repository, show.
func TestReal(t *testing.T) {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to test with")
	}
	for name, want := range map[string]struct{ satisfied, below string }{
		"milan-v5-vcek-gcp-vmpl0": {"3015 3016 3019 3023 7033", ""},
		"genoa-v5-vcek-routex":    {"3015 3016 3019 3020 3023 7033", ""},
		"siena-v5-vcek":           {"3015 3019 3023 7033", ""},
		"turin-v5-vcek-oak":       {"3019 7033", "3020 3023"},
		"genoa-v3-vcek-azure-hcl": {"3015 3019 7033", "3016 3020 3023"},
		"milan-v2-vcek-virtee":    {"", ""},
	} {
		raw, err := os.ReadFile(filepath.Join(dir, "real", name, "report.bin"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := snpreport.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := map[bulletin.Status][]string{}
		for _, a := range bulletin.Assess(r, nil) {
			got[a.Status] = append(got[a.Status], strings.TrimPrefix(a.ID, "AMD-SB-"))
		}
		if s, b := strings.Join(got[bulletin.Satisfied], " "), strings.Join(got[bulletin.Below], " "); s != want.satisfied || b != want.below {
			t.Errorf("%s: satisfied %s, below %s", name, s, b)
		}
	}
}
