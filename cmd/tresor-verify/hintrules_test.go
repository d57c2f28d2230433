package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

// TestHintsOfRules: what is particular to a rule, and from where its two values
// are.
// Rules: CLI-12.
func TestHintsOfRules(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	vlek := newFolder(t)
	v := mint.Evidence("Milan", 3, "vlek")
	vlek.writeEvidence(v)
	stale := mint.CRL("Milan")
	stale.NextUpdate = mint.At(recent.Add(-time.Second))
	policy := func(name, member string) []string {
		return f.report("--policy", f.write(name+".json", []byte(`{"schema": "attest.policy/v1", `+member+`}`)))
	}
	debug := mint.Evidence("Milan", 3, "vcek")
	debug.Spec.Policy |= 1<<19 | 1<<40
	debug.Resign()
	unknown := mint.Evidence("Milan", 3, "vcek")
	unknown.Spec.Policy |= 1 << 40
	unknown.Resign()
	spoilt := func(name string, report []byte) []string {
		return []string{"report", "--report", f.write(name, report), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem")}
	}
	chip := strings.Repeat("ab", 64)
	const noRelaxation = "the policy demands it, and no flag lifts that; --explain lists every step"
	for name, tt := range map[string]struct {
		args []string
		want map[string]string
	}{
		"root": {[]string{"report", "--report", f.path("report.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.write("genoa.pem", mint.PEM(mint.CACert("ARK-Genoa")))},
			map[string]string{"rule": "CHN-42", "expected": "a root of Milan", "expected is from": "the leaf certificate", "actual is from": "the built-in roots or --amd-root", "hint": "AMD's root of this product"}},
		"debug":   {spoilt("debug.bin", debug.Report), map[string]string{"rule": "POL-05", "hint": "the host may read this guest's memory; --allow-debug", "expected is from": "the default rules, SPEC.md section 7.2", "actual is from": "the report"}},
		"unknown": {spoilt("unknown.bin", unknown.Report), map[string]string{"rule": "POL-09", "hint": "a newer version may know what this bit means", "expected is from": "the default rules, SPEC.md section 7.2"}},
		"VLEK": {[]string{"report", "--report", vlek.path("report.bin"), "--certs", vlek.path("chain.pem"), "--amd-root", vlek.path("ark.pem")},
			map[string]string{"rule": "POL-12", "hint": "the key is of a provider, and no single chip; --allow-vlek", "actual is from": "the leaf certificate"}},
		"chip":      {f.report("--chip-id", chip), map[string]string{"rule": "POL-38", "expected": chip, "hint": noRelaxation, "expected is from": "--policy or --chip-id", "actual is from": "the report"}},
		"host data": {f.report("--host-data", chip[:64]), map[string]string{"rule": "POL-33", "expected": chip[:64], "hint": noRelaxation, "expected is from": "--policy or --host-data"}},
		"leaf key":  {policy("leaf key", `"leaf_keys": {"allow": ["`+chip[:64]+`"]}`), map[string]string{"rule": "POL-40", "expected": chip[:64], "hint": noRelaxation, "expected is from": "--policy", "actual is from": "the leaf certificate"}},
		"provider":  {policy("provider", `"csp_ids": ["CN=x"]`), map[string]string{"rule": "POL-42", "actual is from": "the leaf certificate"}},
		"product":   {policy("product", `"products": ["Turin"]`), map[string]string{"rule": "POL-20", "expected is from": "--policy", "actual is from": "the leaf certificate"}},
		"denied":    {policy("denied", `"chip_ids": {"deny": ["`+hex.EncodeToString(e.Spec.ChipID[:])+`"]}`), map[string]string{"rule": "POL-39", "hint": noRelaxation, "expected is from": "--policy", "actual is from": "the report"}},
		"level":     {f.report("--vmpl", "1"), map[string]string{"rule": "POL-11", "expected is from": "--vmpl, or else the default rules"}},
		"old CRL":   {f.report("--crl", f.write("stale.der", stale.Encode(mint.CAKey("ARK-Milan")))), map[string]string{"rule": "CRL-20", "expected is from": "the CRL's thisUpdate", "actual is from": "the time of verification: the clock, or --at"}},
	} {
		explained(t, name, tt.args, tt.want)
	}
}

// TestHintsOfAttest: what only this command can be told.
// Rules: CLI-12.
func TestHintsOfAttest(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	saved := tool(append(withCert(f, args), "--save", f.path("evidence.json"))...)
	if saved.code != 0 {
		t.Fatalf("%+v", saved)
	}
	replay := []string{"attest", "--evidence", f.path("evidence.json"), "--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem")}
	for _, at := range []string{"2026-04-01T13:00:00Z", "2020-01-01T00:00:00Z"} {
		explained(t, at, append(replay, "--at", at), map[string]string{"hint": "this evidence was saved: --at recorded"})
	}
	if o := tool(append(replay, "--at", "recorded")...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	explained(t, "at recorded", append(replay, "--at", "recorded", "--workload", "other"), map[string]string{"hint": "check --workload, and that"})
	explained(t, "no key", replaceFlag(args, []string{"--spki", strings.Repeat("0", 64)}), map[string]string{
		"rule": "BIN-11", "hint": "--spki is all zero", "actual is from": "--spki",
	})
	explained(t, "no folder", append(args, "--state", f.path("none/state.json")), map[string]string{"rule": "BND-42", "hint": "the state file or its folder cannot be opened"})
	if err := os.WriteFile(f.path("state.json"), bytes.Repeat([]byte("x"), 9), 0o600); err != nil {
		t.Fatal(err)
	}
	explained(t, "damage", append(args, "--state", f.path("state.json")), map[string]string{"rule": "BND-42", "hint": "the state file is damaged: restore it"})

	spoilt := newFolder(t)
	chain := endpoint(t, spoilt, 17, func(document string, m map[string]any) {
		if document == "envelope" {
			m["vcek_chain_pem"] = "\n"
		}
	})
	explained(t, "chain", chain, map[string]string{
		"rule": "CHN-04", "actual is from": "the envelope's vcek_chain_pem", "hint": "the certificates in the envelope do not lead",
	})
}
