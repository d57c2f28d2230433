package main

import (
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/tresorhq/attest/attesttest"
	"github.com/tresorhq/attest/capture"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
	"github.com/tresorhq/attest/verdict"
)

func TestShow(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	e := mint.Evidence("Turin", 5, "vcek")
	v := mint.Evidence("Milan", 2, "vlek")
	crl := mint.CRL("Milan")
	crl.Revoke(1, 0, 1)
	crlDER := crl.Encode(mint.CAKey("ARK-Milan"))
	table := e.Table().Encode()
	kit, err := attesttest.New(attesttest.Config{Seed: "show", Now: recent})
	if err != nil {
		t.Fatal(err)
	}
	envelope, bundle := kit.Evidence().Envelope, kit.Evidence().Bundle
	evidenceFile := (&capture.Evidence{Evidence: kit.Evidence(), FetchedAt: recent, LeafDER: kit.TLSCertificate().Certificate[0]}).Encode()
	six := append([]byte(nil), e.Report...)
	six[0], six[0x220], six[0x221] = 6, 0x01, 0x23
	files := map[string]struct {
		data []byte
		kind string
		want []string
	}{
		"report":       {e.Report, "report, raw", []string{"product:", "Turin", "reported          committed         current           launch", "fmc", "iommu_write_safe", "SMT allowed", "min_abi"}},
		"bulletins":    {e.Report, "report, raw", []string{"as_of:", "not verified, as all of this", "AMD-SB-3019:", "AMD-SB-3034:", "not_visible"}},
		"version 6":    {six, "report version 6, which is not supported", []string{"second-hand", "current_etcb:", "0123", "vmpl:", "signature_s:"}},
		"version 2":    {v.Report, "report, raw", []string{"a guess", "iommu_write_safe:      unknown", "version:                 2"}},
		"with table":   {append(append([]byte(nil), e.Report...), table...), "report, extended report", []string{"by the certificate", "63da758d-e664-4564-adc5-f4b93be8accd", "hwID"}},
		"table":        {table, "certificate table", []string{"VCEK", "ARK-Turin"}},
		"leaf":         {e.Leaf, "certificate", []string{"SEV-VCEK", "SEV-Turin", "structVersion", "fmc", "hwID", "not_after"}},
		"VLEK":         {v.Leaf, "certificate", []string{"SEV-VLEK", "cspID", mint.DefaultCSPID}},
		"chain":        {e.PEM(), "certificates", []string{"ASK", "keyCertSign", "RSA-4096", "path_len"}},
		"CRL":          {crlDER, "CRL", []string{"ARK-Milan", "010001", "next_update"}},
		"CRL, PEM":     {pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crlDER}), "CRL", []string{"010001"}},
		"policy":       {[]byte(`{"schema": "attest.policy/v1", "vmpl": 0, "min_tcb": {"19-a0-2": {"snp": 4}}}` + "\n"), "policy", []string{"vmpl:", "19-a0-2"}},
		"envelope":     {envelope, "attestation envelope", []string{"max_age_seconds", "product:", "ARK-", "workload identity manifest", "image_digest"}},
		"bundle":       {bundle, "trust bundle", []string{"allowed_hw_measurements", "not checked"}},
		"evidence":     {evidenceFile, "evidence", []string{"fetched_at", "bundle_jws (trust bundle)", "ASK"}},
		"pin":          {[]byte(`{"schema":"tresor.pin/v1","origin":"https://a.example","tls_spki_sha256":"` + strings.Repeat("1", 64) + `","snp_measurement":"` + strings.Repeat("1", 96) + `","workload_identity_tag":"` + strings.Repeat("1", 64) + `","trust_bundle_version":1,"recorded_at":"2026-04-01T12:00:00Z"}`), "pin", []string{"recorded_at"}},
		"HCL":          {paravisor.Evidence("Milan", []byte("nonce"), nil).HCL.Encode(), "report, hcl", []string{"HCL report", "secure-boot", "ak_modulus", "product:"}},
		"quote":        {paravisor.Evidence("Milan", []byte("nonce"), nil).Quote.Encode(), "TPM quote", []string{"6e6f6e6365", "sha256:23", "pcr_digest"}},
		"runtime data": {paravisor.Evidence("Milan", nil, nil).HCL.Runtime, "runtime data", []string{"vmUniqueId"}},
		"PCRs":         {[]byte(`{"sha1": {"4": "` + strings.Repeat("ab", 20) + `"}}`), "values of PCRs", []string{"sha1:4"}},
		"0x":           {[]byte("0x" + hex.EncodeToString(e.Report)), "report, text", []string{"product:"}},
		"two DER":      {append(append([]byte(nil), e.Leaf...), e.Intermediate...), "certificates, der", []string{"SEV-VCEK", "ASK"}},
		"bad envelope": {[]byte(`{"schema":"tresor.attestation/v1"}`), "", nil},
		"bad JWS":      {[]byte("e30.e30.!"), "", nil},
		"bad payload":  {[]byte("e30.AAAA.AAAA"), "", nil},
		"bad receipt":  {[]byte(`{"id":"a","receipt":"b"}`), "", nil},
		"no schema":    {[]byte(`{"id":"a"}`), "?", nil},
		"hex":          {[]byte(strings.Repeat("0", 2368)), "", nil},
		"nothing":      {[]byte("hello"), "", nil},
		"other JSON":   {[]byte(`{"schema": "x"}`), "?", nil},
		"no JSON":      {[]byte(`{`), "?", nil},
		"bad policy":   {[]byte(`{"schema": "attest.policy/v1", "vmpl": 9}`), "", []string{"JSN-15"}},
		"bad PEM":      {[]byte("-----BEGIN CERTIFICATE-----\n"), "", nil},
		"bad CRL":      {[]byte("-----BEGIN X509 CRL-----\n"), "", nil},
		"bad DER":      {append([]byte{0x30, 0x82}, make([]byte, 40)...), "", nil},
		"bad report":   {make([]byte, 1184), "", nil},
		"web PEM":      {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}}), "", nil},
		"table, junk":  {mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: []byte{1}}, {GUID: mint.GUIDASK, Data: e.Intermediate}}}.Encode(), "certificate table", []string{"malformed:", "SEV-Turin"}},
		"empty table":  {make([]byte, 24), "certificate table", nil},
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			path := f.write("file", file.data)
			o := tool("show", path)
			if file.kind == "?" { // nothing that could be refused
				if o.code != verdict.ExitUndecided || !strings.Contains(o.stdout, "show knows reports, ") || !strings.Contains(o.stdout, "policies, pins") {
					t.Errorf("%+v", o)
				}
				return
			}
			if file.kind == "" {
				if o.code != verdict.ExitUndecided || !strings.HasPrefix(o.stdout, "UNDECIDED: ") {
					t.Errorf("%+v", o)
				}
				for _, rule := range file.want {
					if v := tool("show", path, "--json").verdict(t); v.Error.Requirement != rule {
						t.Errorf("%+v, want %s", v.Error, rule)
					}
				}
				return
			}
			if o.code != 0 || !strings.HasPrefix(o.stdout, "NOT VERIFIED: this is what the file says ("+file.kind+")\n") {
				t.Fatalf("%+v", o)
			}
			if strings.Contains(o.stdout, "%!") {
				t.Error(o.stdout)
			}
			for _, want := range file.want {
				if !strings.Contains(o.stdout, want) {
					t.Errorf("no %q in\n%s", want, o.stdout)
				}
			}
			var v struct {
				Schema, Tool, Kind string
				Verified           *bool
				Content            []map[string]any
			}
			if err := json.Unmarshal([]byte(tool("show", path, "--json").stdout), &v); err != nil {
				t.Fatal(err)
			}
			if v.Schema != "tresor.show/v1" || v.Kind != file.kind || v.Verified == nil || *v.Verified || v.Content == nil {
				t.Errorf("%+v", v)
			}
		})
	}
}
