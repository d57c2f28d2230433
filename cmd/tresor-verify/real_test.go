package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/verdict"
)

// realCases returns the folders of real captures, which are not part of this
// repository.
func realCases(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to verify")
	}
	cases, err := filepath.Glob(filepath.Join(root, "real", "*", "report.bin"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d captures in %s: %v", len(cases), root, err)
	}
	return cases
}

// TestRealCaptures: genuine hardware evidence through the command. The leaf
// alone is enough; what is refused by default is accepted under the named
// relaxations, and under all of them and no fewer.
func TestRealCaptures(t *testing.T) {
	t.Parallel()
	for _, report := range realCases(t) {
		dir := filepath.Dir(report)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c struct {
				Expect     string
				Product    string
				SigningKey string `json:"signing_key"`
				VerifyAt   string `json:"verify_at"`
				Report     struct {
					VMPL    int
					Policy  string
					Measure string `json:"measurement"`
				}
			}
			b, err := os.ReadFile(filepath.Join(dir, "case.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &c); err != nil {
				t.Fatal(err)
			}
			args := []string{"report", "--report", report, "--at", c.VerifyAt, "--json"}
			var relax [][]string
			if c.SigningKey == "vlek" {
				relax = append(relax, []string{"--allow-vlek"})
			}
			if c.Report.VMPL != 0 {
				relax = append(relax, []string{"--vmpl", strconv.Itoa(c.Report.VMPL)})
			}
			policy, err := strconv.ParseUint(c.Report.Policy, 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			if policy&(1<<19) != 0 {
				relax = append(relax, []string{"--allow-debug"})
			}
			leaves, err := filepath.Glob(filepath.Join(dir, "vek*.der"))
			if err != nil || len(leaves) == 0 {
				t.Fatal(err)
			}
			for _, leaf := range leaves {
				for _, certs := range [][]string{{"--certs", leaf}, {"--certs", filepath.Join(dir, "chain.pem"), "--certs", leaf}} {
					checkCapture(t, append(args, certs...), relax, c.Expect, c.Product, c.Report.Measure)
				}
			}
		})
	}
}

func checkCapture(t *testing.T, args []string, relax [][]string, expect, product, measurement string) {
	t.Helper()
	if strings.HasPrefix(expect, "reject") {
		if v := tool(args...).verdict(t); v.ExitCode != verdict.ExitRefused || v.Error.Type != "ReportInvalidError" || v.Error.Requirement != "RPT-02" {
			t.Errorf("%+v", v.Error)
		}
		return
	}
	for without := range relax {
		given := append([]string(nil), args...)
		for i, flags := range relax {
			if i != without {
				given = append(given, flags...)
			}
		}
		if v := tool(given...).verdict(t); v.ExitCode != verdict.ExitRefused || v.Error.Type != "PolicyViolationError" {
			t.Errorf("without %v: %+v", relax[without], v)
		}
	}
	for _, flags := range relax {
		args = append(args, flags...)
	}
	v := tool(args...).verdict(t)
	if v.ExitCode != 0 || v.Report == nil || v.Report.Product != product || v.Measurement != measurement || v.Roots.AMD != "builtin" || len(v.Relaxed) != len(relax) {
		t.Errorf("%+v %+v", v, v.Error)
	}
}
