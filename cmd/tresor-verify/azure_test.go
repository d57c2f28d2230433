package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/verdict"
)

// writeAzure writes the files of an Azure VM, and returns the arguments that accept them.
func (f folder) writeAzure(a *paravisor.VM) []string {
	f.writeEvidence(a.Set)
	message, signature := a.SignedQuote()
	f.write("hcl.bin", a.HCL.Encode())
	f.write("quote", message)
	f.write("signature", signature)
	values := map[string]string{}
	for i, v := range a.PCRs {
		values[fmt.Sprint(i)] = hex.EncodeToString(v)
	}
	pcrs, _ := json.Marshal(map[string]any{"sha256": values})
	f.write("pcrs.json", append(pcrs, '\n'))
	measurement := hex.EncodeToString(a.Spec.Measurement[:])
	return []string{"report", "--report", f.path("hcl.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"), "--measurement", measurement,
		"--quote", f.path("quote"), "--quote-signature", f.path("signature"), "--pcrs", f.path("pcrs.json")}
}

// TestAzure: an HCL report with its quote, and what is demanded of them.
// Rules: AZR-13, AZR-14, AZR-15.
func TestAzure(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	a := paravisor.Evidence("Milan", []byte("challenge"), []byte("guest"))
	args := f.writeAzure(a)
	four := "4=" + hex.EncodeToString(a.PCRs[4])
	all := append(slices.Clone(args), "--qualifying-data", hex.EncodeToString([]byte("challenge")), "--user-data", hex.EncodeToString([]byte("guest")), "--pcr", four)
	v := tool(append(all, "--json")...).verdict(t)
	if v.ExitCode != 0 || v.Azure == nil || v.Azure.Quote == nil || v.Azure.Quote.QualifyingData != hex.EncodeToString([]byte("challenge")) ||
		v.Azure.PCRs["sha256"]["4"] != hex.EncodeToString(a.PCRs[4]) || v.Azure.VMConfiguration.SecureBoot == nil || len(v.Checks) != 30 || v.Subject.Files[0].Carrier != "hcl" {
		t.Fatalf("%+v %+v", v.Error, v)
	}
	o := tool(all...)
	for _, want := range []string{"qualifying data (freshness)", "PCRs", "PCR sha256:4", "VM configuration:      secure-boot=true", "NOT demanded:          report data, min_tcb, revocation, guest SVN\n"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	if o := tool(args...); o.code != 0 || !strings.Contains(o.stdout, "NOT demanded:          report data, min_tcb, revocation, qualifying data (freshness), PCRs, guest SVN\n") {
		t.Errorf("%+v", o)
	}
	key := hex.EncodeToString(a.Spec.IDKeyDigest[:])
	keyed := []string{"report", "--report", f.path("hcl.bin"), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"), "--id-key", key}
	if o := tool(keyed...); o.code != 0 || !strings.Contains(o.stdout, "WARNING:               ID keys are demanded without a floor") {
		t.Errorf("%+v", o)
	}
	plain := keyed[:len(keyed)-2]
	if v := tool(append(plain, "--json")...).verdict(t); v.ExitCode != 0 || v.Azure != nil {
		t.Errorf("%+v %+v", v.Error, v.Azure)
	}
	text := base64.RawURLEncoding.EncodeToString(a.HCL.Encode())
	container := fmt.Sprintf(`{"version": 2, "hcl_report": %q, "vcek": %q, "tpm_quote": {"message": "%x", "signature": "%x", "pcrs": [%s]}}`, text,
		base64.RawURLEncoding.EncodeToString(a.Leaf), mustRead(t, f.path("quote")), mustRead(t, f.path("signature")), hexArray(a.PCRs))
	coco := []string{"report", "--report", f.write("coco.json", []byte(container)), "--certs", f.path("chain.pem"), "--amd-root", f.path("ark.pem"), "--id-key", key, "--pcr", four, "--json"}
	if v := tool(coco...).verdict(t); v.ExitCode != 0 || v.Azure == nil || len(v.Azure.PCRs["sha256"]) != 24 || v.Subject.Files[0].Carrier != "coco-az-snp-v2" {
		t.Errorf("%+v %+v", v.Error, v.Azure)
	}
	bare := strings.Replace(container, "tpm_quote", "x", 1)
	f.write("coco.json", []byte(bare))
	if v := tool(coco...).verdict(t); v.ExitCode != 1 || v.Error.Type != "QuoteInvalidError" || v.Error.Requirement != "AZR-05" {
		t.Errorf("%+v", v.Error)
	}
}

func hexArray(values [][]byte) string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprintf("%q", hex.EncodeToString(v)))
	}
	return strings.Join(list, ",")
}

// TestAzureRefusals: what is refused, by type, rule and exit code.
func TestAzureRefusals(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	a := paravisor.Evidence("Milan", []byte("challenge"), []byte("guest"))
	args := f.writeAzure(a)
	other := paravisor.Evidence("Milan", []byte("challenge"), nil)
	other.AK = paravisor.AKKey("other")
	message := a.Quote.Encode()
	f.write("alien", paravisor.SignQuote(paravisor.AKKey("other"), message))
	tdx := paravisor.Evidence("Milan", nil, nil)
	tdx.HCL.ReportType = 4
	f.write("tdx.bin", tdx.HCL.Encode())
	without := func(flags ...string) []string {
		list := slices.Clone(args)
		for _, flag := range flags {
			list = removeFlag(list, flag)
		}
		return list
	}
	quoteless := without("--quote", "--quote-signature", "--pcrs")
	for name, tt := range map[string]struct {
		args      []string
		code      int
		typ, rule string
	}{
		"other data":               {append(slices.Clone(args), "--qualifying-data", "00"), 1, "QualifyingDataMismatchError", "AZR-06"},
		"other user-data":          {append(slices.Clone(args), "--user-data", "01"), 1, "QualifyingDataMismatchError", "AZR-04"},
		"another PCR":              {append(slices.Clone(args), "--pcr", "sha256:4="+strings.Repeat("00", 32)), 1, "PCRMismatchError", "AZR-08"},
		"a PCR of another bank":    {append(slices.Clone(args), "--pcr", "sha1:4="+strings.Repeat("00", 20)), 1, "PCRMismatchError", "AZR-07"},
		"another signature":        {replaceFlag(args, []string{"--quote-signature", f.path("alien")}), 1, "QuoteSignatureInvalidError", "TPM-31"},
		"no quote":                 {replaceFlag(args, []string{"--quote", f.path("crl.der")}), 1, "QuoteInvalidError", "TPM-02"},
		"TDX":                      {replaceFlag(quoteless, []string{"--report", f.path("tdx.bin")}), 1, "HCLInvalidError", "HCL-07"},
		"a raw report":             {replaceFlag(args, []string{"--report", f.path("report.bin")}), 1, "HCLInvalidError", "HCL-01"},
		"--report-data":            {append(slices.Clone(args), "--report-data", strings.Repeat("00", 64)), 1, "ReportDataMismatchError", "POL-53"},
		"no values":                {replaceFlag(args, []string{"--pcrs", f.write("none", []byte("{}"))}), 1, "PCRMismatchError", "TPM-40"},
		"no such file":             {replaceFlag(args, []string{"--quote", f.path("absent")}), 3, "EvidenceUnavailableError", "CLI-03"},
		"nothing demanded":         {without("--measurement"), 2, "UsageError", "AZR-12"},
		"VMPL":                     {append(slices.Clone(args), "--vmpl", "1"), 2, "UsageError", "AZR-12"},
		"debugging":                {append(slices.Clone(args), "--allow-debug"), 2, "UsageError", "AZR-12"},
		"PCR 16":                   {append(slices.Clone(args), "--pcr", "16="+strings.Repeat("00", 32)), 2, "UsageError", "AZR-11"},
		"PCR 23":                   {append(slices.Clone(args), "--pcr", "sha384:23="+strings.Repeat("00", 48)), 2, "UsageError", "AZR-11"},
		"a PCR of another size":    {append(slices.Clone(args), "--pcr", "4=00"), 2, "UsageError", "AZR-11"},
		"a PCR that is none":       {append(slices.Clone(args), "--pcr", "04="+strings.Repeat("00", 32)), 2, "UsageError", "AZR-11"},
		"a bank that is none":      {append(slices.Clone(args), "--pcr", "sm3:4="+strings.Repeat("00", 32)), 2, "UsageError", "CLI-02"},
		"65 bytes":                 {append(slices.Clone(args), "--qualifying-data", strings.Repeat("00", 65)), 2, "UsageError", "AZR-10"},
		"zero user-data":           {append(slices.Clone(args), "--user-data", "0000"), 2, "UsageError", "AZR-10"},
		"no signature":             {without("--quote-signature"), 2, "UsageError", "CLI-02"},
		"values without a quote":   {without("--quote", "--quote-signature"), 2, "UsageError", "CLI-02"},
		"data without a quote":     {append(slices.Clone(quoteless), "--qualifying-data", "00"), 2, "UsageError", "CLI-02"},
		"a PCR without a quote":    {append(slices.Clone(quoteless), "--pcr", "4="+strings.Repeat("00", 32)), 2, "UsageError", "CLI-02"},
		"user-data needs no quote": {append(slices.Clone(quoteless), "--user-data", hex.EncodeToString([]byte("guest"))), 0, "", ""},
	} {
		v := tool(append(tt.args, "--json")...).verdict(t)
		if v.ExitCode != tt.code || tt.code != 0 && (v.Error.Type != tt.typ || v.Error.Requirement != tt.rule) || tt.code != 0 && v.Azure != nil {
			t.Errorf("%s: %d %+v", name, v.ExitCode, v.Error)
		}
		if o := tool(tt.args...); tt.code == 1 && !strings.Contains(o.stdout, "\nhint:") {
			t.Errorf("%s: no hint in %s", name, o.stdout)
		}
	}
}

// TestRealAzure: genuine evidence of Azure through the command, at its time and with the ID
// key of its own report.
func TestRealAzure(t *testing.T) {
	t.Parallel()
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to verify")
	}
	f := newFolder(t)
	idKey := func(hcl string) string { return hex.EncodeToString(mustRead(t, hcl)[0x20+0xE0 : 0x20+0x110]) }
	for _, name := range []string{"milan-v2", "milan-v3", "genoa-v3"} {
		dir := filepath.Join(root, "real", name+"-vcek-azure-hcl")
		var c struct {
			VerifyAt string `json:"verify_at"`
		}
		if err := json.Unmarshal(mustRead(t, filepath.Join(dir, "case.json")), &c); err != nil {
			t.Fatal(err)
		}
		var q struct {
			Message, Signature string
			PCRs               []string
			PCRsSHA256         []string `json:"pcrs_sha256"`
		}
		message, signature := filepath.Join(dir, "vtpm_quote", "message.bin"), filepath.Join(dir, "vtpm_quote", "signature.bin")
		if name == "milan-v2" { // its quote is a JSON object by itself
			if err := json.Unmarshal(mustRead(t, filepath.Join(root, "azure", "trustee", "tpm-quote-v1.json")), &q); err != nil {
				t.Fatal(err)
			}
			m, _ := hex.DecodeString(q.Message)
			s, _ := hex.DecodeString(q.Signature)
			message, signature = f.write("message", m), f.write("signature", s)
		} else if err := json.Unmarshal(mustRead(t, filepath.Join(dir, "vtpm_quote", "pcrs.json")), &q); err != nil {
			t.Fatal(err)
		}
		pcrs, _ := json.Marshal(append(q.PCRs, q.PCRsSHA256...))
		hcl := filepath.Join(dir, "hcl_report.bin")
		v := tool("report", "--report", hcl, "--certs", filepath.Join(dir, "vek.der"), "--at", c.VerifyAt, "--id-key", idKey(hcl),
			"--quote", message, "--quote-signature", signature, "--pcrs", f.write("pcrs.json", pcrs), "--json").verdict(t)
		if v.ExitCode != 0 || v.Azure == nil || len(v.Azure.PCRs["sha256"]) != 24 {
			t.Errorf("%s: %+v", name, v.Error)
		}
	}
	trustee, kinvolk := filepath.Join(root, "azure", "trustee"), filepath.Join(root, "azure", "kinvolk")
	at := []string{"--at", "2026-11-01T09:22:19Z", "--json"}
	snp := filepath.Join(kinvolk, "hcl-report-snp.bin")
	hcl := filepath.Join(trustee, "hcl-report.bin")
	for name, tt := range map[string]struct {
		args      []string
		code      int
		typ, text string
	}{
		"CoCo 1":        {[]string{"--report", filepath.Join(trustee, "evidence-v1.json"), "--id-key", "942fd93ebde6ea7a96efadeafc60f1c6b3d10e703b1dafd7555b92f7f3d32d0e006767648cba5b102af3d65756af4177", "--qualifying-data", hex.EncodeToString([]byte("challenge"))}, 0, "", ""},
		"CoCo 0":        {[]string{"--report", filepath.Join(trustee, "evidence-v0.json")}, 3, "EvidenceUnavailableError", "version 0"},
		"TDX":           {[]string{"--report", filepath.Join(kinvolk, "hcl-report-tdx.bin")}, 1, "HCLInvalidError", "TDX"},
		"another chip":  {[]string{"--report", snp, "--certs", filepath.Join(kinvolk, "certs.pem"), "--id-key", idKey(snp)}, 1, "ReportSignatureInvalidError", "another chip"},
		"another quote": {[]string{"--report", hcl, "--certs", filepath.Join(trustee, "vcek.pem"), "--id-key", idKey(hcl), "--quote", filepath.Join(trustee, "tpm-quote.msg"), "--quote-signature", filepath.Join(trustee, "tpm-quote.sig")}, 1, "QuoteInvalidError", "another signer"},
	} {
		v := tool(slices.Concat([]string{"report"}, tt.args, at)...).verdict(t)
		if v.ExitCode != tt.code || tt.code != 0 && (v.Error.Type != tt.typ || !strings.Contains(fmt.Sprint(*v.Error), tt.text)) {
			t.Errorf("%s: %d %+v", name, v.ExitCode, v.Error)
		}
	}
	if v := tool(slices.Concat([]string{"report", "--report", hcl, "--certs", filepath.Join(trustee, "vcek.pem")}, at)...).verdict(t); v.ExitCode != verdict.ExitVerified || v.Azure != nil {
		t.Errorf("%+v", v.Error)
	}
}

// TestAzurePolicy: the member azure of a policy file demands as the flags do, and of a
// report by itself too.
// Rules: AZR-16.
func TestAzurePolicy(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	a := paravisor.Evidence("Milan", []byte("challenge"), []byte("guest"))
	args := f.writeAzure(a)
	file := func(member string) []string {
		return append(slices.Clone(args), "--policy", f.write("policy.json", []byte(`{"schema": "attest.policy/v1", "azure": {`+member+`}}`)), "--json")
	}
	if v := tool(file(`"qualifying_data": "6368616c6c656e6765", "secure_boot": true`)...).verdict(t); v.ExitCode != 0 || !slices.Contains(v.Enforced, verdict.Demand{Name: "azure.secure_boot", Value: "true"}) {
		t.Errorf("%+v", v.Error)
	}
	if v := tool(file(`"qualifying_data": "00"`)...).verdict(t); v.ExitCode != 1 || v.Error.Requirement != "AZR-06" {
		t.Errorf("%+v", v.Error)
	}
	if v := tool(file(`"pcrs": {"sha256": {"23": []}}`)...).verdict(t); v.ExitCode != 2 || v.Error.Requirement != "AZR-11" {
		t.Errorf("%+v", v.Error)
	}
	raw := replaceFlag(file(`"user_data": "01"`), []string{"--report", f.path("report.bin")})
	for _, flag := range []string{"--quote", "--quote-signature", "--pcrs"} {
		raw = removeFlag(raw, flag)
	}
	if v := tool(raw...).verdict(t); v.ExitCode != 1 || v.Error.Type != "HCLInvalidError" {
		t.Errorf("%+v", v.Error)
	}
}
