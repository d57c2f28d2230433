package kds_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/kds"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
	"pgregory.net/rapid"
)

// dies has one die of each product.
var dies = map[snpreport.Product]snpreport.CPUID{
	snpreport.Milan: {Family: 0x19, Model: 0x01, Stepping: 1},
	snpreport.Genoa: {Family: 0x19, Model: 0x11, Stepping: 1},
	snpreport.Turin: {Family: 0x1a, Model: 0x02, Stepping: 1},
}

// report returns what VCEKFor reads of a report: chip ids and TCBs whose bytes
// all differ, so that nothing can be taken from the wrong place.
func report(p snpreport.Product) *snpreport.Report {
	r := &snpreport.Report{Version: 3, CPUID: dies[p]}
	for i := range p.ChipIDSize() {
		r.ChipID[i] = byte(0xa0 + i)
	}
	r.ReportedTCB = snpreport.TCBVersion{4, 1, 0, 0, 0, 0, 24, 219}
	if p == snpreport.Turin {
		r.ReportedTCB = snpreport.TCBVersion{2, 4, 1, 7, 0, 0, 0, 81}
	}
	// Lesson: CURRENT_TCB was taken where REPORTED_TCB counts.
	r.CurrentTCB = snpreport.TCBVersion{99, 99, 99, 99, 0, 0, 99, 99}
	r.CommittedTCB, r.LaunchTCB = r.CurrentTCB, r.CurrentTCB
	return r
}

func vcekOf(t testing.TB, p snpreport.Product) kds.Request {
	t.Helper()
	r, err := kds.VCEKFor(report(p), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	longID  = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
	shortID = "a0a1a2a3a4a5a6a7"
)

func TestURL(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    kds.Request
		want string
	}{
		{"Milan VCEK", vcekOf(t, snpreport.Milan), "https://kdsintf.amd.com/vcek/v1/Milan/" + longID + "?blSPL=4&teeSPL=1&snpSPL=24&ucodeSPL=219"},
		// Lesson: Milan was hard-coded.
		{"Genoa VCEK", vcekOf(t, snpreport.Genoa), "https://kdsintf.amd.com/vcek/v1/Genoa/" + longID + "?blSPL=4&teeSPL=1&snpSPL=24&ucodeSPL=219"},
		// Lesson: Turin was asked for with 64 bytes of id, or without fmcSPL.
		{"Turin VCEK", vcekOf(t, snpreport.Turin), "https://kdsintf.amd.com/vcek/v1/Turin/" + shortID + "?fmcSPL=2&blSPL=4&teeSPL=1&snpSPL=7&ucodeSPL=81"},
		{"Milan chain", kds.CertChain(snpreport.Milan, snpreport.VCEK), "https://kdsintf.amd.com/vcek/v1/Milan/cert_chain"},
		{"Genoa chain", kds.CertChain(snpreport.Genoa, snpreport.VCEK), "https://kdsintf.amd.com/vcek/v1/Genoa/cert_chain"},
		{"Turin VLEK chain", kds.CertChain(snpreport.Turin, snpreport.VLEK), "https://kdsintf.amd.com/vlek/v1/Turin/cert_chain"},
		{"Milan CRL", kds.CRL(snpreport.Milan, snpreport.VCEK), "https://kdsintf.amd.com/vcek/v1/Milan/crl"},
		// Lesson: revocation of an ASVK was looked up in the list for the ASK.
		{"Genoa VLEK CRL", kds.CRL(snpreport.Genoa, snpreport.VLEK), "https://kdsintf.amd.com/vlek/v1/Genoa/crl"},
		{"zero", kds.Request{}, ""},
		{"chain of no product", kds.CertChain(0, snpreport.VCEK), ""},
		{"chain of a later product", kds.CertChain(snpreport.Turin+1, snpreport.VCEK), ""},
		{"CRL of a key of its own", kds.CRL(snpreport.Milan, snpreport.VLEK+1), ""},
		{"CRL of no key", kds.CRL(snpreport.Milan, 7), ""},
	} {
		if got := tt.r.URL(kds.DefaultBase); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
		if got, want := tt.r.Path(), strings.TrimPrefix(tt.want, kds.DefaultBase); got != want {
			t.Errorf("%s: Path is %q, want %q", tt.name, got, want)
		}
		if tt.want == "" {
			if tt.r != (kds.Request{}) {
				t.Errorf("%s is not the zero Request", tt.name)
			}
			continue
		}
		r, base, err := kds.ParseURL(tt.want)
		if err != nil || r != tt.r || base != kds.DefaultBase {
			t.Errorf("%s: ParseURL gives %v, base %q, error %v", tt.name, r, base, err)
		}
	}
	if got, want := kds.CRL(snpreport.Milan, snpreport.VCEK).URL("https://mirror.example:8443/amd"), "https://mirror.example:8443/amd/vcek/v1/Milan/crl"; got != want {
		t.Errorf("behind a base with a path: %q, want %q", got, want)
	}
}

func TestVCEKForRefuses(t *testing.T) {
	for _, tt := range []struct {
		name    string
		product snpreport.Product
		spoil   func(*snpreport.Report)
		rule    string
	}{
		{"no product", 0, nil, "KDS-01"},
		// Lesson: unknown models led to /vcek/v1/Unknown/ and minutes of retries.
		{"unknown product", snpreport.Turin + 1, nil, "KDS-01"},
		{"VLEK", snpreport.Milan, func(r *snpreport.Report) { r.KeyInfo = 1 << 2 }, "KDS-02"},
		{"chip-secret VCEK", snpreport.Milan, func(r *snpreport.Report) { r.KeyInfo = 2 << 2 }, "KDS-02"},
		{"no key", snpreport.Milan, func(r *snpreport.Report) { r.KeyInfo = 7 << 2 }, "KDS-02"},
		{"die of another product", snpreport.Milan, func(r *snpreport.Report) { r.CPUID = dies[snpreport.Genoa] }, "KDS-03"},
		{"die of none", snpreport.Milan, func(r *snpreport.Report) { r.CPUID = snpreport.CPUID{} }, "KDS-03"},
		{"masked", snpreport.Milan, func(r *snpreport.Report) { r.ChipID = [64]byte{} }, "KDS-04"},
		{"masked Turin", snpreport.Turin, func(r *snpreport.Report) { r.ChipID = [64]byte{} }, "KDS-04"},
		{"Turin, byte 8", snpreport.Turin, func(r *snpreport.Report) { r.ChipID[8] = 1 }, "KDS-05"},
		{"Turin, byte 63", snpreport.Turin, func(r *snpreport.Report) { r.ChipID[63] = 1 }, "KDS-05"},
		{"Turin, tail only", snpreport.Turin, func(r *snpreport.Report) { r.ChipID = [64]byte{20: 1} }, "KDS-05"},
		{"reserved byte of the TCB", snpreport.Milan, func(r *snpreport.Report) { r.ReportedTCB[2] = 1 }, "KDS-06"},
		{"reserved byte of Turin's TCB", snpreport.Turin, func(r *snpreport.Report) { r.ReportedTCB[6] = 1 }, "KDS-06"},
	} {
		r := report(snpreport.Milan)
		if tt.product == snpreport.Turin {
			r = report(tt.product)
		}
		if tt.spoil != nil {
			tt.spoil(r)
		}
		got, err := kds.VCEKFor(r, tt.product)
		wantRequestError(t, tt.name, err, tt.rule)
		if got != (kds.Request{}) {
			t.Errorf("%s: a Request escaped", tt.name)
		}
	}
	_, err := kds.VCEKFor(nil, snpreport.Milan)
	wantRequestError(t, "no report", err, "KDS-01")
}

// Version 2 carries no die; the caller's product counts.
func TestVCEKForVersion2(t *testing.T) {
	r := report(snpreport.Genoa)
	r.Version, r.CPUID = 2, snpreport.CPUID{}
	got, err := kds.VCEKFor(r, snpreport.Genoa)
	if err != nil || got != vcekOf(t, snpreport.Genoa) {
		t.Errorf("got %v, error %v", got.Path(), err)
	}
}

func wantRequestError(t testing.TB, name string, err error, id string) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Requirement() != id {
		t.Errorf("%s: error %v, want rule %s", name, err, id)
		return
	}
	if e.Where == "" || e.Expected == "" || e.Actual == "" || !strings.HasSuffix(e.Error(), " ["+id+"]") {
		t.Errorf("%s: error says too little: %#v", name, e)
	}
}

// anyVCEK draws a report whose VCEK can be asked for.
func anyVCEK(t *rapid.T) kds.Request {
	p := rapid.SampledFrom(snpreport.Products()).Draw(t, "product")
	r := report(p)
	copy(r.ChipID[:], rapid.SliceOfN(rapid.Byte(), p.ChipIDSize(), p.ChipIDSize()).Draw(t, "chip id"))
	r.ChipID[0] |= 1
	for i, b := range r.ReportedTCB {
		if b != 0 || i == 0 || i == 1 {
			r.ReportedTCB[i] = rapid.Byte().Draw(t, "level")
		}
	}
	v, err := kds.VCEKFor(r, p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every spelling that other clients use names the same Request; ParseURL is the
// inverse of URL.
func TestSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyVCEK(t)
		path, query, _ := strings.Cut(want.URL(kds.DefaultBase), "?")
		parameters := rapid.Permutation(strings.Split(query, "&")).Draw(t, "order")
		for i, s := range parameters {
			name, value, _ := strings.Cut(s, "=")
			if len(value) == 1 && rapid.Bool().Draw(t, "padded") {
				parameters[i] = name + "=0" + value
			}
		}
		got, base, err := kds.ParseURL(path + "?" + strings.Join(parameters, "&"))
		if err != nil || got != want || base != kds.DefaultBase {
			t.Fatalf("got %q, base %q, error %v, want %q", got.Path(), base, err, want.Path())
		}
	})
}

// Every captured report names a certificate with the id of its chip in it.
func TestRealReports(t *testing.T) {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no captured reports")
	}
	files, err := filepath.Glob(filepath.Join(dir, "real", "*", "report.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	asked := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := snpreport.Parse(b)
		if err != nil {
			continue // among the captures are some that have to be refused
		}
		die, _ := r.Die()
		p, err := die.Product()
		if err != nil {
			continue
		}
		v, err := kds.VCEKFor(r, p)
		if masked := r.ChipID == [64]byte{}; r.KeyInfo.SigningKey() != snpreport.VCEK || masked {
			if err == nil {
				t.Errorf("%s: AMD would be asked for %s", file, v.Path())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		leaf, err := os.ReadFile(filepath.Join(filepath.Dir(file), "vek.der"))
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(v.Path()[len("/vcek/v1/Milan/"):], "?")
		if raw, err := hex.DecodeString(id); err != nil || !bytes.Contains(leaf, raw) {
			t.Errorf("%s: the certificate is not for chip %s", file, id)
		}
		asked++
	}
	if asked == 0 {
		t.Error("no report with a VCEK")
	}
}

// wantConfigError wants an error that nobody can take for one about evidence.
func wantConfigError(t testing.TB, name string, err error, rule string) {
	t.Helper()
	var e interface{ Rule() string }
	var other interface{ Requirement() string }
	if !errors.As(err, &e) || e.Rule() != rule || errors.As(err, &other) || !strings.HasSuffix(err.Error(), " ["+rule+"]") {
		t.Errorf("%s: %T %v, want rule %s", name, err, err, rule)
	}
}

// Lesson: an address in an error had a password with it.
func TestBaseIsShownWithoutSecrets(t *testing.T) {
	for _, base := range []string{"https://me:s3cr3t@kds.example", "https://s3cr3t@kds.example", "http://me:s3cr3t@kds.example", "https://kds.example/me:s3cr3t@x"} {
		if _, err := kds.NewClient(kds.Config{Base: base}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
	}
}
