package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// withCert replaces --spki by --cert, which --save needs.
func withCert(f folder, args []string) []string {
	spec := mint.ARK("Milan") // any certificate with the key will do
	spec.SPKI = mint.SPKI(mint.P256Key("tls").Public())
	return append(removeFlag(args, "--spki"), "--cert", f.write("leaf.der", spec.Encode(mint.CAKey("ARK-Milan"))))
}

// TestPin: recorded, compared, changed; a damaged or absent pin is no first run.
// Rules: PIN-01, PIN-02, PIN-03.
func TestPin(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := endpoint(t, f, 17)
	if o := tool(append(args, "--record", f.path("pin.json"))...); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	with := func(change func(p map[string]any)) outcome {
		t.Helper()
		b, err := os.ReadFile(f.path("pin.json"))
		if err != nil {
			t.Fatal(err)
		}
		var p map[string]any
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
		change(p)
		if b, err = json.Marshal(p); err != nil {
			t.Fatal(err)
		}
		return tool(append(args, "--pin", f.write("changed.json", b))...)
	}
	for name, tt := range map[string]struct {
		change func(p map[string]any)
		code   int
		line   string
	}{
		"same":          {func(map[string]any) {}, 0, "PASS"},
		"older version": {func(p map[string]any) { p["trust_bundle_version"] = 16 }, 0, "PASS"},
		"newer version": {func(p map[string]any) { p["trust_bundle_version"] = 18 }, 1, "FAIL: BundleRollbackError"},
		"newer, and changed": {func(p map[string]any) {
			p["trust_bundle_version"], p["snp_measurement"] = 18, strings.Repeat("ab", 48)
		}, 1, "FAIL: BundleRollbackError"},
		"measurement":    {func(p map[string]any) { p["snp_measurement"] = strings.Repeat("ab", 48) }, 4, "CHANGED: PinChangedError"},
		"key":            {func(p map[string]any) { p["tls_spki_sha256"] = strings.Repeat("ab", 32) }, 4, "CHANGED: PinChangedError"},
		"tag":            {func(p map[string]any) { p["workload_identity_tag"] = strings.Repeat("ab", 32) }, 4, "CHANGED: PinChangedError"},
		"other origin":   {func(p map[string]any) { p["origin"] = "https://elsewhere.example" }, 0, "PASS"}, // files have none
		"upper case":     {func(p map[string]any) { p["tls_spki_sha256"] = strings.Repeat("AB", 32) }, 3, "UNDECIDED: EvidenceUnavailableError"},
		"no version":     {func(p map[string]any) { delete(p, "trust_bundle_version") }, 3, "UNDECIDED: EvidenceUnavailableError"},
		"other schema":   {func(p map[string]any) { p["schema"] = "tresor.state/v1" }, 3, "UNDECIDED: EvidenceUnavailableError"},
		"more":           {func(p map[string]any) { p["x"] = 1 }, 3, "UNDECIDED: EvidenceUnavailableError"},
		"no recorded_at": {func(p map[string]any) { p["recorded_at"] = "" }, 3, "UNDECIDED: EvidenceUnavailableError"},
	} {
		if o := with(tt.change); o.code != tt.code || !strings.HasPrefix(o.stdout, tt.line+"\n") {
			t.Errorf("%s: %+v", name, o)
		}
	}
	for name, file := range map[string]string{"absent": f.path("none"), "empty": f.write("empty", nil), "damaged": f.write("damaged", []byte("{"))} {
		if o := tool(append(args, "--pin", file)...); o.code != verdict.ExitUndecided {
			t.Errorf("%s: %+v", name, o)
		}
	}
	// The facts stand next to a change, in text and in JSON.
	o := with(func(p map[string]any) { p["snp_measurement"] = strings.Repeat("ab", 48) })
	if !strings.Contains(o.stdout, "changed:") || !strings.Contains(o.stdout, "SNP MEASUREMENT:") {
		t.Error(o.stdout)
	}
	v := tool(append(args, "--pin", f.path("changed.json"), "--json")...).verdict(t)
	if v.ExitCode != 0 { // the last one that was written
		if len(v.Error.Changes) == 0 || v.Error.Changes[0].Member == "" || v.Error.Changes[0].Recorded == v.Error.Changes[0].Now {
			t.Errorf("%+v", v.Error)
		}
		if v.Verdict != "changed" || v.Error.Type != "PinChangedError" || v.Measurement == "" || v.Report == nil {
			t.Errorf("%+v", v)
		}
	}
	// A pin is written after a PASS only.
	tool(append(args, "--pin", f.path("changed.json"), "--record", f.path("new.json"))...)
	tool(append(args, "--vmpl", "1", "--record", f.path("new.json"))...)
	if _, err := os.Stat(f.path("new.json")); err == nil && tool(append(args, "--pin", f.path("changed.json"))...).code != 0 {
		t.Error("a pin was written without a PASS")
	}
}

// TestReplay: what --save wrote verifies again, to the same verdict.
func TestReplay(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	args := withCert(f, endpoint(t, f, 17))
	if o := tool(append(args, "--save", f.path("evidence.json"))...); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	trust := []string{"--release-root", f.path("release.pem"), "--amd-root", f.path("ark.pem")}
	// So does what was verified for another time than now, and what is empty.
	given := append(args, "--at", "2026-04-01T12:01:00Z", "--save", f.path("given.json"))
	if v := tool(append(given, "--json")...).verdict(t); v.ExitCode != 0 {
		t.Errorf("%+v", v)
	}
	if v := tool(append([]string{"attest", "--evidence", f.path("given.json"), "--at", "recorded", "--json"}, trust...)...).verdict(t); v.ExitCode != 0 || v.Time != "2026-04-01T12:01:00Z" {
		t.Errorf("%+v", v)
	}
	for flag, want := range map[string]string{"--envelope": "EnvelopeInvalidError", "--bundle": "BundleSignatureInvalid"} {
		empty := replaceFlag(args, []string{flag, f.write("nothing", nil)})
		if v := tool(append(empty, "--save", f.path("empty"+flag+".json"), "--json")...).verdict(t); v.Error == nil || v.Error.Type != want {
			t.Errorf("%s: %+v", flag, v.Error)
		}
		if v := tool(append([]string{"attest", "--evidence", f.path("empty" + flag + ".json"), "--json"}, trust...)...).verdict(t); v.Error == nil || v.Error.Type != want {
			t.Errorf("%s: %+v", flag, v.Error)
		}
	}
	replay := append([]string{"attest", "--evidence", f.path("evidence.json")}, trust...)
	v := tool(append(replay, "--at", "recorded", "--json")...).verdict(t)
	if v.ExitCode != 0 || v.Mode != "replay" || v.TimeSource != "recorded" || v.Time != "2026-04-01T12:00:00Z" {
		t.Errorf("%+v", v)
	}
	if o := tool(replay...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if v := tool(append(replay, "--at", "2026-04-01T13:00:00Z", "--json")...).verdict(t); v.Error == nil || v.Error.Type != "EnvelopeStaleError" {
		t.Errorf("%+v", v)
	}
	// A refusal is saved too, and stays one.
	if o := tool(append(args, "--workload", "other", "--save", f.path("refused.json"))...); o.code != verdict.ExitRefused {
		t.Errorf("%+v", o)
	}
	if o := tool(append([]string{"attest", "--evidence", f.path("refused.json"), "--workload", "other"}, trust...)...); o.code != verdict.ExitRefused {
		t.Errorf("%+v", o)
	}
	for _, more := range [][]string{
		{"--record", f.path("p")}, {"--save", f.path("e")}, {"--state", f.path("s")}, {"--bundle", f.path("bundle.jws")}, {"--bundle-url", "https://x.example"},
		{"--spki", strings.Repeat("ab", 32)}, {"--cert", f.path("leaf.der")}, {"--envelope", f.path("envelope.json")}, {"--url", "https://x.example"}, {"--crl", "fetch"},
	} {
		if o := tool(append(replay, more...)...); o.code != verdict.ExitUsage {
			t.Errorf("%v: %+v", more, o)
		}
	}
	if o := tool(append(args, "--at", "recorded")...); o.code != verdict.ExitUsage {
		t.Errorf("%+v", o)
	}
	if o := tool(append(endpoint(t, f, 17), "--save", f.path("e"))...); o.code != verdict.ExitUsage {
		t.Errorf("saved without the certificate: %+v", o)
	}
	for name, file := range map[string]string{"absent": f.path("none"), "damaged": f.write("damaged", []byte(`{"schema": "tresor.evidence/v1"}`))} {
		if o := tool(append([]string{"attest", "--evidence", file}, trust...)...); o.code != verdict.ExitUndecided {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
