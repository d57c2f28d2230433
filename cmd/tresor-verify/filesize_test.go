package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestFileSizes: a file of any flag that is longer than its limit is never cut and judged:
// there is no verdict, the error has the limit and the size, and the subject does not
// name the file.
// Rules: CLI-02, CLI-03, CLI-07.
func TestFileSizes(t *testing.T) {
	hardware, keys := newFolder(t), newFolder(t)
	hardware.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	report, attest := hardware.report(), endpoint(t, keys, 17)
	_, receipt := receiptFolder(t)
	without := func(args []string, flag string) []string { return slices.Clip(removeFlag(slices.Clone(args), flag)) }
	strict := append(slices.Clip(report), "--strict")
	azure := append(slices.Clip(report), "--measurement", strings.Repeat("11", 48))
	base := []string{"measure", "--vmm", "qemu", "--vcpus", "1", "--cpu", "EPYC-v4", "--firmware", os.Args[0]}
	const usage, undecided = verdict.ExitUsage, verdict.ExitUndecided
	tested := map[string]bool{}
	for _, tt := range []struct {
		args []string
		flag string // "": an operand
		code int
		most int64
	}{
		{without(report, "--report"), "--report", undecided, 1 << 20},
		{without(report, "--report"), "", undecided, 1 << 20},
		{without(strict, "--report"), "--report", undecided, 1 << 20},
		{report, "--certs", undecided, 1 << 20},
		{strict, "--certs", undecided, 1 << 20},
		{report, "--crl", undecided, 1 << 20},
		{report, "--policy", usage, 1 << 20},
		{report, "--amd-root", usage, 64 << 10},
		{report, "--ca-file", usage, 64 << 10},
		{report, "--launch", usage, 1 << 20},
		{append(slices.Clip(azure), "--quote-signature", os.Args[0]), "--quote", undecided, 64 << 10},
		{append(slices.Clip(azure), "--quote", hardware.path("leaf.der")), "--quote-signature", undecided, 64 << 10},
		{append(slices.Clip(azure), "--quote", hardware.path("leaf.der"), "--quote-signature", hardware.path("leaf.der")), "--pcrs", undecided, 64 << 10},
		{without(attest, "--envelope"), "--envelope", undecided, 1 << 20},
		{without(attest, "--bundle"), "--bundle", undecided, 1 << 20},
		{without(attest, "--spki"), "--cert", undecided, 64 << 10},
		{attest, "--release-root", usage, 16 << 10},
		{attest, "--state", undecided, 1 << 20},
		{attest, "--pin", undecided, 16 << 10},
		{[]string{"attest", "--release-root", keys.path("release.pem")}, "--evidence", undecided, 4 << 20},
		{receipt[:len(receipt)-1], "", undecided, 4 << 20},
		{without(receipt, "--jwks"), "--jwks", usage, 64 << 10},
		{receipt, "--request", undecided, 64 << 20},
		{receipt, "--response", undecided, 64 << 20},
		{[]string{"bundle", "verify", "--release-root", keys.path("release.pem")}, "", undecided, 1 << 20},
		{[]string{"fetch", "--out", keys.path("out")}, "--report", undecided, 1 << 20},
		{[]string{"show"}, "", undecided, 16 << 20},
		{[]string{"diff", hardware.path("report.bin")}, "", undecided, 16 << 20},
		{without(base, "--firmware"), "--firmware", usage, 16 << 20},
		{[]string{"measure", "--vmm", "hyperv"}, "--igvm", usage, 16 << 20},
		{append(slices.Clip(base), "--kernel", hardware.path("leaf.der")), "--cmdline-file", usage, 1 << 20},
		{[]string{"measure", "--id-auth", hardware.path("leaf.der")}, "--id-block", undecided, 16 << 10},
		{[]string{"measure", "--id-block", hardware.path("leaf.der")}, "--id-auth", undecided, 16 << 10},
		{[]string{"proxy", "--url", "https://127.0.0.1:1", "--release-root", keys.path("release.pem")}, "--authorization-file", usage, 16 << 10},
	} {
		long := keys.write("long", nil)
		if err := os.Truncate(long, tt.most+1); err != nil {
			t.Fatal(err)
		}
		tested[tt.args[0]+" "+tt.flag] = true
		args := append(slices.Clip(tt.args), long)
		if tt.flag != "" {
			args = append(slices.Clip(tt.args), tt.flag, long)
		}
		if tt.args[0] == "proxy" {
			if o := tool(args...); o.code != tt.code || !strings.Contains(o.stderr, fmt.Sprintf("at most %d bytes, got %d", tt.most, tt.most+1)) {
				t.Errorf("%s %s: %+v", tt.args[0], tt.flag, o)
			}
			continue
		}
		v := tool(append(args, "--json")...).verdict(t)
		said := v.Error.Message + ": " + v.Error.Expected + ", " + v.Error.Actual
		if v.ExitCode != tt.code || !strings.Contains(said, fmt.Sprint(tt.most)) || !strings.Contains(said, fmt.Sprint(tt.most+1)) {
			t.Errorf("%s %s: exit code %d, %+v", tt.args[0], tt.flag, v.ExitCode, v.Error)
		}
		if v.Subject != nil && slices.ContainsFunc(v.Subject.Files, func(f verdict.File) bool { return f.Name == long }) {
			t.Errorf("%s %s: the subject names the file: %+v", tt.args[0], tt.flag, v.Subject)
		}
	}
	// Flags of several commands are read in one place, and so are the files of a launch.
	outputs := []string{"--save", "--record", "--html", "--write-policy", "--out"}
	elsewhere := []string{"--release-root", "--amd-root", "--policy", "--launch", "--crl", "--ca-file", "--bundle", "--state", "--certs", "--kernel", "--initrd", "--match"}
	for _, c := range newProgram().Commands {
		for _, f := range c.Flags {
			flag := "--" + f.Name
			if strings.Contains(f.Arg, "FILE") && !tested[c.Name+" "+flag] && !slices.Contains(outputs, flag) && !slices.Contains(elsewhere, flag) {
				t.Errorf("%s %s is not tested", c.Name, flag)
			}
		}
	}
}
