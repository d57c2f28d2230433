package main

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestHexFlags: hex digits are of either case, ids of Turin are short, and the first
// half of REPORT_DATA is demanded by a flag of its own.
// Rules: CLI-06, CLI-20.
func TestHexFlags(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Turin", 5, "vcek")
	copy(e.Spec.ReportData[:], strings.Repeat("\xab", 40))
	e.Resign()
	f.writeEvidence(e)
	upper := func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
	data, chip := hex.EncodeToString(e.Spec.ReportData[:]), hex.EncodeToString(e.Spec.ChipID[:])
	if !strings.HasSuffix(chip, strings.Repeat("0", 112)) {
		t.Fatal(chip)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		say  string
	}{
		"upper case":        {f.report("--measurement", upper(e.Spec.Measurement[:]), "--host-data", upper(e.Spec.HostData[:]), "--report-data", upper(e.Spec.ReportData[:])), 0, ""},
		"chip":              {f.report("--chip-id", strings.ToUpper(chip)), 0, ""},
		"short chip":        {f.report("--chip-id", chip[:16]), 0, "112 zeros follow"},
		"another chip":      {f.report("--chip-id", "00112233445566AA"), 1, "112 zeros follow"},
		"no chip":           {f.report("--chip-id", chip[:32]), 2, "or the 16 of Turin"},
		"prefix":            {f.report("--report-data-prefix", strings.ToUpper(data[:64])), 0, ""},
		"another prefix":    {f.report("--report-data-prefix", data[64:]), 1, ""},
		"long prefix":       {f.report("--report-data-prefix", data), 2, "expected 64 hex digits"},
		"half":              {f.report("--report-data", data[:64]), 2, "--report-data-prefix"},
		"both":              {f.report("--report-data", data, "--report-data-prefix", data[:64]), 2, "two sources"},
		"no digits":         {f.report("--measurement", strings.Repeat("xy", 48)), 2, "--measurement: expected 96 hex digits"},
		"too few":           {f.report("--measurement", "abc"), 2, "expected 96 hex digits, got 3 characters"},
		"zeros of a prefix": {f.report("--report-data", data[:64]+strings.Repeat("0", 64)), 1, ""},
	} {
		if o := tool(tt.args...); o.code != tt.code || !strings.Contains(o.stderr, tt.say) || (tt.say == "") != (o.stderr == "") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	v := tool(f.report("--report-data-prefix", data[:64], "--json")...).verdict(t)
	if n := len(v.Enforced); n == 0 || v.Enforced[n-1] != (verdict.Demand{Name: "report_data_prefix", Value: data[:64]}) {
		t.Errorf("%+v", v.Enforced)
	}
	if o := tool(f.report("--report-data-prefix", data[:64])...); !strings.Contains(o.stdout, "NOT demanded:          measurement, min_tcb, revocation\n") {
		t.Error(o.stdout)
	}
}
