package mint_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// vectors gives the folder of real captures.
func vectors(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set; real captures are not part of this repository")
	}
	return dir
}

func glob(t *testing.T, parts ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(parts...))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return files
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// remint puts into a spec what only AMD can know (key, dates, key identifiers)
// and asks for the real TBSCertificate, byte for byte.
func remint(t *testing.T, real *x509.Certificate, spec mint.CertSpec) {
	t.Helper()
	spec.SPKI = real.RawSubjectPublicKeyInfo
	spec.SetValidity(real.NotBefore, real.NotAfter)
	if bytes.Contains(real.Raw, mint.ExplicitTrailer().Encode()) {
		spec.SetAlgorithm(mint.ExplicitTrailer().Encode())
	}
	for _, e := range real.Extensions {
		if oid := e.Id.String(); oid == mint.OIDSubjectKeyID || oid == mint.OIDAuthorityKeyID {
			spec.Ext(oid).Value = e.Value
		}
	}
	if got := spec.TBS(); !bytes.Equal(got, real.RawTBSCertificate) {
		t.Errorf("got  %x\nwant %x", got, real.RawTBSCertificate)
	}
}

func TestRealAuthorities(t *testing.T) {
	dir := vectors(t)
	for _, product := range mint.Products {
		for kind, specs := range map[string][]func(string) mint.CertSpec{"vcek": {mint.ASK, mint.ARK}, "vlek": {mint.ASVK, mint.ARK}} {
			t.Run(product+" "+kind, func(t *testing.T) {
				rest := read(t, filepath.Join(dir, "amd", product+"_"+kind+"_chain.pem"))
				for _, spec := range specs {
					var block *pem.Block
					block, rest = pem.Decode(rest)
					remint(t, parse(t, block.Bytes), spec(product))
				}
			})
		}
	}
}

func TestRealLeaves(t *testing.T) {
	for _, file := range glob(t, vectors(t), "real", "*", "vek*.der") {
		t.Run(filepath.Base(filepath.Dir(file))+" "+filepath.Base(file), func(t *testing.T) {
			c := parse(t, read(t, file))
			values := map[string][]byte{}
			for _, e := range c.Extensions {
				values[e.Id.String()] = e.Value
			}
			spl := func(oid string) (n uint8) {
				var level int
				if der, ok := values[oid]; ok {
					if _, err := asn1.Unmarshal(der, &level); err != nil || level < 0 || level > 255 {
						t.Fatalf("%s: %x", oid, der)
					}
				}
				return uint8(level)
			}
			tcb := mint.TCB{FMC: spl(mint.OIDFmcSPL), BootLoader: spl(mint.OIDBlSPL), TEE: spl(mint.OIDTeeSPL), SNP: spl(mint.OIDSnpSPL), Microcode: spl(mint.OIDUcodeSPL)}
			if product, ok := strings.CutPrefix(c.Issuer.CommonName, "SEV-VLEK-"); ok {
				remint(t, c, mint.VLEK(product, tcb, string(values[mint.OIDCSPID][2:])))
			} else {
				spec := mint.VCEK(strings.TrimPrefix(c.Issuer.CommonName, "SEV-"), tcb, values[mint.OIDHWID])
				if strings.Contains(file, "preproduction") { // the one chip that is no Milan-B0
					spec.Ext(mint.OIDProductName).Value = mint.TLV(mint.TagIA5String, []byte("Milan-A0"))
				}
				remint(t, c, spec)
			}
		})
	}
}

// TestRealReports makes real reports again from the notes that were taken of
// them with other tools, and checks AMD's signature with our reading of it.
func TestRealReports(t *testing.T) {
	for _, file := range glob(t, vectors(t), "real", "*", "report.bin") {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var notes struct {
				Product string         `json:"product"`
				Version uint32         `json:"report_version"`
				Report  map[string]any `json:"report"`
			}
			if err := json.Unmarshal(read(t, filepath.Join(dir, "case.json")), &notes); err != nil {
				t.Fatal(err)
			}
			n := fields{t, notes.Report}
			real := read(t, file)
			spec := mint.ReportSpec{
				Product: notes.Product, Version: notes.Version,
				GuestSVN: uint32(n.number("guest_svn")), Policy: n.number("policy"), VMPL: uint32(n.number("vmpl")),
				SignatureAlgo: uint32(n.number("signature_algo")), PlatformInfo: n.number("platform_info"), KeyInfo: uint32(n.number("flags")),
				CurrentTCB: n.tcb("current_tcb"), ReportedTCB: n.tcb("reported_tcb"), CommittedTCB: n.tcb("committed_tcb"), LaunchTCB: n.tcb("launch_tcb"),
				Current: n.firmware("current_version"), Committed: n.firmware("committed_version"),
			}
			n.bytes("family_id", spec.FamilyID[:])
			n.bytes("image_id", spec.ImageID[:])
			n.bytes("report_data", spec.ReportData[:])
			n.bytes("measurement", spec.Measurement[:])
			n.bytes("host_data", spec.HostData[:])
			n.bytes("id_key_digest", spec.IDKeyDigest[:])
			n.bytes("author_key_digest", spec.AuthorKeyDigest[:])
			n.bytes("report_id", spec.ReportID[:])
			n.bytes("report_id_ma", spec.ReportIDMA[:])
			n.bytes("chip_id", spec.ChipID[:])
			if notes.Version >= 3 {
				cpuid := fields{t, notes.Report["cpuid"].(map[string]any)}
				spec.Family, spec.Model, spec.Stepping = uint8(cpuid.number("family")), uint8(cpuid.number("model")), uint8(cpuid.number("stepping"))
			}
			if notes.Version >= 5 {
				spec.LaunchMitVector, spec.CurrentMitVector = n.number("launch_mit_vector"), n.number("current_mit_vector")
			}
			got := spec.Encode()
			if !bytes.Equal(got[:mint.SignedSize], real[:mint.SignedSize]) {
				for i := range mint.SignedSize {
					if got[i] != real[i] {
						t.Fatalf("differs at %#x: %#x, want %#x", i, got[i], real[i])
					}
				}
			}
			key := parse(t, read(t, filepath.Join(dir, "vek.der"))).PublicKey.(*ecdsa.PublicKey)
			if !reportVerifies(real, key) {
				t.Error("AMD's signature does not verify")
			}
		})
	}
}

// fields reads the notes.
type fields struct {
	t *testing.T
	m map[string]any
}

func (f fields) number(name string) uint64 {
	switch v := f.m[name].(type) {
	case float64:
		return uint64(v)
	case string:
		n, err := strconv.ParseUint(v, 0, 64)
		if err == nil {
			return n
		}
	}
	f.t.Fatalf("%s: %v", name, f.m[name])
	return 0
}

func (f fields) bytes(name string, to []byte) {
	text, ok := f.m[name].(string)
	if n, err := hex.Decode(to, []byte(text)); !ok || err != nil || n != len(to) {
		f.t.Fatalf("%s: %v", name, f.m[name])
	}
}

func (f fields) tcb(name string) (tcb mint.TCB) {
	m, ok := f.m[name].(map[string]any)
	if !ok {
		f.t.Fatalf("%s: %v", name, f.m[name])
	}
	c := fields{f.t, m["components"].(map[string]any)}
	if _, ok := c.m["fmc"]; ok {
		tcb.FMC = uint8(c.number("fmc"))
	}
	tcb.BootLoader, tcb.TEE, tcb.SNP, tcb.Microcode = uint8(c.number("boot_loader")), uint8(c.number("tee")), uint8(c.number("snp")), uint8(c.number("microcode"))
	return tcb
}

func (f fields) firmware(name string) (v mint.Firmware) {
	if _, err := fmt.Sscanf(f.m[name].(string), "%d.%d build %d", &v.Major, &v.Minor, &v.Build); err != nil {
		f.t.Fatalf("%s: %v: %v", name, f.m[name], err)
	}
	return v
}
