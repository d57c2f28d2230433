package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestSubject: what a verdict is about, also where it is a refusal or an error.
// Rules: CLI-17.
func TestSubject(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.writeEvidence(mint.Evidence("Milan", 3, "vcek"))
	file := func(flag, name, carrier string) verdict.File {
		return verdict.File{Flag: flag, Name: f.path(name), SHA256: fmt.Sprintf("%x", sha256.Sum256(mustRead(t, f.path(name)))), Carrier: carrier}
	}
	report, chain := file("report", "report.bin", "raw"), file("certs", "chain.pem", "pem")
	f.write("altered.bin", append(make([]byte, 8), mustRead(t, f.path("report.bin"))[8:]...))
	for name, tt := range map[string]struct {
		args []string
		code int
		want []verdict.File
	}{
		"pass":      {f.report("--crl", f.path("crl.der")), 0, []verdict.File{report, chain, file("crl", "crl.der", "")}},
		"refused":   {f.report("--vmpl", "1"), 1, []verdict.File{report, chain}},
		"malformed": {replaceFlag(f.report(), []string{"--report", f.path("altered.bin")}), 1, []verdict.File{file("report", "altered.bin", "raw"), chain}},
		"undecided": {f.report("--certs", f.path("none")), 3, []verdict.File{report, chain}},
		"strictly":  {f.report("--strict", "--certs", f.path("none")), 3, []verdict.File{report, chain}},
		"usage":     {f.report("--vmpl", "9"), 2, nil},
	} {
		o := tool(append(tt.args, "--json")...)
		v := o.verdict(t)
		if o.code != tt.code || (v.Subject == nil) != (tt.want == nil) || v.Subject != nil && !slices.Equal(v.Subject.Files, tt.want) {
			t.Errorf("%s: %d %+v", name, o.code, v.Subject)
		}
		if text := tool(tt.args...); tt.want != nil && !strings.Contains(text.stdout, "\nabout:                 "+f.path("")) {
			t.Errorf("%s: %s", name, text.stdout)
		}
	}
	args, server, _ := liveEndpoint(t, f, mint.P256Key("tls"))
	for _, more := range [][]string{nil, {"--workload", "other"}} {
		v := tool(slices.Concat(args, more, []string{"--json", "--save", f.path("evidence.json"), "--replace"})...).verdict(t)
		if v.Subject == nil || v.Subject.Origin != server.URL || v.Subject.Files != nil {
			t.Errorf("%+v", v.Subject)
		}
	}
	v := tool("attest", "--evidence", f.path("evidence.json"), "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem"), "--json").verdict(t)
	if v.Subject == nil || v.Subject.Origin != "" || v.Subject.ClaimedOrigin != server.URL || len(v.Subject.Files) != 1 || v.Subject.Files[0].Flag != "evidence" {
		t.Errorf("%+v", v.Subject)
	}
}

// TestEnforced: what was demanded, and what important demand was not made.
// Rules: CLI-17, CLI-18.
func TestEnforced(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Genoa", 3, "vcek")
	f.writeEvidence(e)
	f.write("policy.json", []byte(`{"schema": "attest.policy/v1", "guest_policy": {"forbid": ["smt"]}, "report_data_tail_zero": true}`))
	defaults := "no debug, no migration, a VCEK, no unknown bits"
	for _, tt := range []struct {
		args      []string
		demanded  string
		not       string
		lastValue string
	}{
		{nil, defaults + ", VMPL 0", "measurement, report data, min_tcb, revocation", "0"},
		{[]string{"--allow-debug", "--vmpl", "0"}, strings.TrimPrefix(defaults, "no debug, ") + ", VMPL 0", "measurement, report data, min_tcb, revocation", "0"},
		{[]string{"--crl", f.path("crl.der"), "--min-tcb", "bootloader=0,tee=0,snp=0,microcode=0"}, defaults + ", VMPL 0, min_tcb, revocation", "measurement, report data", verdict.RevocationDemand.Value},
		{[]string{"--measurement", strings.Repeat("ab", 48), "--report-data", strings.Repeat("00", 64)}, defaults + ", measurement, VMPL 0, report data", "min_tcb, revocation", strings.Repeat("00", 64)},
		{[]string{"--policy", f.path("policy.json")}, defaults + ", VMPL 0, guest_policy.forbid, report_data_tail_zero", "measurement, report data, min_tcb, revocation", "all zero"},
	} {
		args := f.report(tt.args...)
		text := tool(args...).stdout
		if !strings.Contains(text, "\ndemanded:              "+tt.demanded+"\nNOT demanded:          "+tt.not+"\n") {
			t.Errorf("%v: %s", tt.args, text)
		}
		v := tool(append(args, "--json")...).verdict(t)
		if n := len(v.Enforced); n == 0 || v.Enforced[n-1].Value != tt.lastValue {
			t.Errorf("%v: %+v", tt.args, v.Enforced)
		}
	}
}
