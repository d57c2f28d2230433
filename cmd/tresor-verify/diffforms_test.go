package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/boot"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/verdict"
)

// heldForms writes the same in every form that show and report read, by kind and form.
func heldForms(t *testing.T, f folder) map[string]map[string]string {
	a := paravisor.Evidence("Milan", []byte("nonce"), []byte("guest"))
	report, b64 := a.Report, base64.StdEncoding.EncodeToString
	message, signature := a.SignedQuote()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(report)
	z.Close()
	coco := func(version int) string {
		return fmt.Sprintf(`{"version": %d, "hcl_report": %q, "tpm_quote": {"message": "%x", "signature": "%x", "pcrs": [%s]}}`, version, b64(a.HCL.Encode()), message, signature, hexArray(a.PCRs))
	}
	hexText := hex.EncodeToString(report)
	thim := strings.ReplaceAll(fmt.Sprintf(`{"vcekCert": "%s", "certificateChain": "%s"}`, mint.PEM(a.Leaf), mint.PEM(a.Intermediate, a.ARK)), "\n", `\n`)
	values := strings.Trim(strings.Repeat(`"`+strings.Repeat("ab", 32)+`",`, 24), ",")
	var byIndex []string
	for i := range 24 {
		byIndex = append(byIndex, fmt.Sprintf(`"%d": "%s"`, i, strings.Repeat("ab", 32)))
	}
	block := boot.DefaultIDBlock([48]byte{1})
	seed := `{"schema": "attest.launch/v1", "vmm": "hyperv", "igvm": {"file": "a"}}`
	kit, err := attesttest.New(attesttest.Config{Seed: "show", Now: recent})
	if err != nil {
		t.Fatal(err)
	}
	evidence := (&capture.Evidence{Evidence: kit.Evidence(), FetchedAt: recent, LeafDER: kit.TLSCertificate().Certificate[0]}).Encode()
	files := map[string]map[string]string{
		"report": {
			"raw": string(report), "hex": hexText, "hex with a line break": hexText + "\n", "base64": b64(report), "guest response": string(mint.NewDeviceResponse(report).Encode()),
			"0x": "0x" + hexText, "xxd": hexText[:60] + "\n" + hexText[60:] + "\n", "base64url": base64.RawURLEncoding.EncodeToString(report), "mark": "\uFEFF" + b64(report),
			"armour": string(pem.EncodeToMemory(&pem.Block{Type: "REPORT", Bytes: report})), "numbers": strings.ReplaceAll(fmt.Sprint(report), " ", ","),
			"attestation-rs": fmt.Sprintf(`{"platform": "snp", "evidence": {"attestation_report": %q}}`, b64(report)),
			"tinfoil":        fmt.Sprintf(`{"format": "https://tinfoil.sh/predicate/sev-snp-guest/v2", "body": %q}`, b64(zipped.Bytes())),
			"extended":       string(report) + string(a.Table().Encode()), "extended, a page": string(report) + string(make([]byte, 4096-len(report))),
			"HCL": string(a.HCL.Encode()), "HCL in base64": b64(a.HCL.Encode()), "coco 1": coco(1), "coco 2": coco(2), "attestation-rs of Azure": `{"platform": "az-snp", "evidence": ` + coco(1) + `}`,
		},
		"certificates": {
			"DER": string(a.Leaf), "two in DER": string(a.Leaf) + string(a.Intermediate), "PEM": string(a.PEM()), "PEM with text": "Certificate:\n" + string(a.PEM()),
			"base64": b64(a.Leaf), "hex": hex.EncodeToString(a.Leaf), "THIM": thim, "THIM in base64": b64([]byte(thim)),
		},
		"certificate table":             {"as it is": string(a.Table().Encode()), "a page": string(mint.Table{}.Encode()) + string(make([]byte, 4072))},
		"TPM quote":                     {"bare": string(message), "TPM2B_ATTEST": string([]byte{byte(len(message) >> 8), byte(len(message))}) + string(message)},
		"runtime data":                  {"as it is": string(a.HCL.Runtime), "of another VM": string(paravisor.Evidence("Milan", nil, nil).HCL.Runtime)},
		"values of PCRs":                {"by index": `{"sha256": {` + strings.Join(byIndex, ",") + `}}`, "array": "[" + values + "]"},
		"launch file":                   {"as it is": seed, "another": strings.Replace(seed, "hyperv", "qemu-igvm", 1)},
		"firmware":                      {"as it is": string(boot.AmdSev().Encode()), "another": string(boot.FirmwareSpec{Size: 4096, Sections: boot.AmdSev().Sections, HashArea: boot.AmdSev().HashArea}.Encode())},
		"IGVM file":                     {"as it is": string(boot.DefaultIGVM().Encode()), "version 2": string(boot.IGVMSpec{Version: 2, Headers: boot.DefaultIGVM().Headers}.Encode())},
		"ID block":                      {"raw": string(block.Block()), "base64": b64(block.Block()) + "\n"},
		"ID authentication information": {"raw": string(block.Auth()), "base64": b64(block.Auth())},
		"public key": {
			"P-384":   string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(block.Key.Public())})),
			"Ed25519": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mint.SPKI(mint.Ed25519Key("release").Public().(ed25519.PublicKey))})),
		},
		"CRL":                  {"DER": string(mint.CRL("Milan").Encode(mint.CAKey("ARK-Milan"))), "PEM": string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: mint.CRL("Milan").Encode(mint.CAKey("ARK-Milan"))}))},
		"policy":               {"as it is": `{"schema": "attest.policy/v1", "vmpl": 0}`, "of 96 bytes": `{"schema": "attest.policy/v1", "vmpl": 0` + strings.Repeat(" ", 55) + `}`},
		"attestation envelope": {"as it is": string(kit.Evidence().Envelope)},
		"trust bundle":         {"as it is": string(kit.Evidence().Bundle)},
		"evidence":             {"as it is": string(evidence)},
	}
	for kind, forms := range files {
		for name, content := range forms {
			forms[name] = f.write(strings.ReplaceAll(kind+" "+name, " ", "-"), []byte(content))
		}
	}
	return files
}

// TestDiffForms: what show reads can be compared with another form of it, and with no
// other kind. Forms that hold a report and nothing else do not differ.
// Rules: CLI-23.
func TestDiffForms(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	files := heldForms(t, f)
	raw := files["report"]["raw"]
	for kind, forms := range files {
		for name, path := range forms {
			for other, to := range forms {
				if o := tool("diff", path, to); o.code != 0 || !strings.Contains(o.stdout, "("+strings.TrimSuffix(kind, "s")) || path == to && !strings.Contains(o.stdout, "no difference") {
					t.Errorf("%s: %s and %s: %+v", kind, name, other, o)
				}
			}
			if o := tool("diff", raw, path); kind != "report" && o.code != verdict.ExitUsage {
				t.Errorf("a report and %s, %s: %+v", kind, name, o)
			}
			if o := tool("show", path); o.code != 0 || !strings.HasPrefix(o.stdout, "NOT VERIFIED: this is what the file says ("+strings.TrimSuffix(kind, "s")) {
				t.Errorf("show of %s, %s: %+v", kind, name, o)
			}
		}
	}
	for name, path := range files["report"] {
		alone := !strings.Contains(name, "HCL") && !strings.Contains(name, "coco") && !strings.Contains(name, "Azure") && name != "extended"
		if o := tool("diff", raw, path); strings.Contains(o.stdout, "no difference") != alone {
			t.Errorf("%s: %+v", name, o)
		}
	}
	for name, content := range map[string][]byte{"firmware": func() []byte { s := boot.AmdSev(); s.Signature = "ASEX"; return s.Encode() }(), "launch file": []byte(`{"schema": "attest.launch/v1"}`), "IGVM": []byte("IGVM")} {
		if o := tool("diff", f.write("broken", content), raw); o.code != verdict.ExitUndecided {
			t.Errorf("broken %s: %+v", name, o)
		}
	}
}
