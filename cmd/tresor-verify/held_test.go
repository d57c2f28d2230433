package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/verdict"
)

// TestHeldForms: evidence as people hold it has the verdict of the raw bytes, and its form
// is named. Nothing of that holds with --strict.
// Rules: FRM-10, FRM-40, FRM-50.
func TestHeldForms(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	b64 := base64.StdEncoding.EncodeToString
	vlek := mint.Evidence("Milan", 3, "vlek")
	thim := `{"vcekCert": ` + quoted(mint.PEM(e.Leaf)) + `, "certificateChain": ` + quoted(mint.PEM(e.Intermediate, e.ARK)) + `, "tcbm": "DB18000000000004"}`
	chain := f.path("chain.pem")
	for _, tt := range []struct {
		name          string
		report, certs []byte
		forms         []string
		strict        int // exit code
	}{
		{"raw", e.Report, e.PEM(), []string{"raw", "pem"}, 0},
		{"wrapped", pem.EncodeToMemory(&pem.Block{Type: "REPORT", Bytes: e.Report}), e.PEM(), []string{"pem", "pem"}, 1},
		{"numbers", []byte(strings.ReplaceAll(numbers(e.Report), " ", ",")), e.PEM(), []string{"numbers", "pem"}, 1},
		{"0x", []byte("0x" + hex.EncodeToString(e.Report)), e.PEM(), []string{"text", "pem"}, 1},
		{"attestation-rs", []byte(`{"platform": "snp", "evidence": {"attestation_report": "` + b64(e.Report) + `"}}`), e.PEM(), []string{"attestation-rs", "pem"}, 1},
		{"THIM", e.Report, []byte(thim), []string{"raw", "thim"}, 1},
		{"two DER", e.Report, slices.Concat(e.Leaf, e.Intermediate), []string{"raw", "der"}, 1},
		{"VCEK and VLEK", e.Report, mint.PEM(slices.Concat(vlek.Chain(), e.Chain())...), []string{"raw", "pem"}, 1},
	} {
		args := []string{"report", "--report", f.write("held", tt.report), "--certs", f.write("certs", tt.certs), "--amd-root", f.path("ark.pem"), "--json"}
		v := tool(args...).verdict(t)
		if v.ExitCode != 0 || v.Subject.Files[0].Carrier != tt.forms[0] || v.Subject.Files[1].Carrier != tt.forms[1] {
			t.Errorf("%s: %d %+v %+v", tt.name, v.ExitCode, v.Error, v.Subject)
		}
		if o := tool(append(args, "--strict")...); o.code != tt.strict {
			t.Errorf("%s: --strict ends with %d", tt.name, o.code)
		}
		if left := strings.Contains(strings.Join(v.Notes, "\n"), "certificate left out: "); left != (tt.name == "VCEK and VLEK") {
			t.Errorf("%s: %q", tt.name, v.Notes)
		}
		if passed := strings.Contains(strings.Join(v.Notes, "\n"), "passed over: tcbm"); passed != (tt.name == "THIM") {
			t.Errorf("%s: %q", tt.name, v.Notes)
		}
	}
	f.write("report.bin", []byte("0x"+hex.EncodeToString(e.Report)+"\n"))
	flags, _ := keyServer(t, f, e)
	if o := tool(append([]string{"fetch", "--report", f.path("report.bin"), "--out", f.path("out")}, flags...)...); o.code != 0 {
		t.Errorf("fetch: %+v", o)
	}
	if o := tool("report", "--report", f.path("report.bin"), "--certs", chain, "--amd-root", f.path("ark.pem")); o.code != 0 {
		t.Errorf("%+v", o)
	}
}

func quoted(b []byte) string { return `"` + strings.ReplaceAll(string(b), "\n", `\n`) + `"` }

func numbers(b []byte) string {
	var text bytes.Buffer
	for i, v := range b {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(string(appendInt(v)))
	}
	return "[" + text.String() + "]"
}

func appendInt(v byte) []byte {
	if v >= 10 {
		return append(appendInt(v/10), '0'+v%10)
	}
	return []byte{'0' + v}
}

// TestFolderOfCertificates: a private key in it is passed over and named, alone it is a
// mistake of the user's.
// Rules: FRM-04, FRM-45.
func TestFolderOfCertificates(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("no key")})
	if err := os.Mkdir(f.path("certs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"vcek.der": e.Leaf, "ask.pem": mint.PEM(e.Intermediate), "ark.crt": e.ARK, "key.pem": key, "empty.cer": nil, "notes.txt": []byte("x")} {
		f.write(filepath.Join("certs", name), b)
	}
	args := []string{"report", "--report", f.path("report.bin"), "--amd-root", f.path("ark.pem"), "--json", "--certs"}
	v := tool(append(args, f.path("certs"))...).verdict(t)
	notes := strings.Join(v.Notes, "\n")
	if v.ExitCode != 0 || !strings.Contains(notes, "passed over: key.pem: a private key") || !strings.Contains(notes, "passed over: empty.cer: no certificate") || v.Subject.Files[1].Carrier != "folder" {
		t.Errorf("%+v %+v", v.Error, v)
	}
	if err := os.Mkdir(f.path("none"), 0o700); err != nil {
		t.Fatal(err)
	}
	for what, code := range map[string]int{f.path("none"): verdict.ExitUndecided, f.path("certs/key.pem"): verdict.ExitUsage, f.path("crl.der"): verdict.ExitUndecided, f.path("report.bin"): verdict.ExitUndecided} {
		if v := tool(append(args, what)...).verdict(t); v.ExitCode != code {
			t.Errorf("%s: %d %+v", what, v.ExitCode, v.Error)
		}
	}
	v = tool("report", "--report", f.path("certs/key.pem"), "--json").verdict(t)
	if v.ExitCode != verdict.ExitUsage || v.Error.Requirement != "FRM-04" {
		t.Errorf("%+v", v.Error)
	}
}

// TestUnheld: where there is nothing to judge, nothing is refused, and the hint says how
// the form is converted.
// Rules: FRM-02, FRM-03, FRM-21, FRM-41.
func TestUnheld(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Milan", 3, "vcek")
	f.writeEvidence(e)
	for name, tt := range map[string]struct {
		input      []byte
		code       int
		rule, hint string
	}{
		"empty":        {nil, 3, "FRM-02", "give a file"},
		"another size": {e.Report[:1000], 3, "FRM-02", "give a file"},
		"gzip":         {[]byte("\x1F\x8B\x08\x00"), 3, "FRM-03", "gunzip"},
		"certificate":  {e.Leaf, 3, "FRM-03", "--certs"},
		"line break":   {append(bytes.Clone(e.Report), '\n'), 3, "FRM-03", "head -c 1184"},
		"two forms":    {[]byte(`{"platform": "snp", "hcl_report": ""}`), 1, "FRM-21", ""},
		"a bad table":  {append(bytes.Clone(e.Report), bytes.Repeat([]byte{1}, 40)...), 1, "CAR-11", ""},
	} {
		v := tool("report", "--report", f.write("held", tt.input), "--certs", f.path("chain.pem"), "--json").verdict(t)
		if v.ExitCode != tt.code || v.Error.Requirement != tt.rule || !strings.Contains(v.Error.Hint, tt.hint) {
			t.Errorf("%s: %d %+v", name, v.ExitCode, v.Error)
		}
		if tt.code == 1 && (len(v.Checks) != 19 || v.Checks[7].Requirement != tt.rule) {
			t.Errorf("%s: %+v", name, v.Checks)
		}
	}
	v := tool("report", "--report", f.path("report.bin"), "--certs", f.write("many", bytes.Repeat(e.Leaf, 33)), "--json").verdict(t)
	if v.ExitCode != 1 || v.Error.Type != "CertChainInvalidError" || v.Error.Requirement != "FRM-41" || v.Checks[8].Requirement != "FRM-41" {
		t.Errorf("%+v", v.Error)
	}
}
