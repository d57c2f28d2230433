package snpreport_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tresorhq/attest/snpreport"
)

// A realCase is case.json of a real capture: every field, decoded by others.
type realCase struct {
	Expect  string
	Product string
	Report  struct {
		GuestSVN      uint32         `json:"guest_svn"`
		Policy        string         `json:"policy"`
		PolicyDecoded map[string]any `json:"policy_decoded"`
		FamilyID      string         `json:"family_id"`
		ImageID       string         `json:"image_id"`
		VMPL          uint32         `json:"vmpl"`
		SignatureAlgo uint32         `json:"signature_algo"`
		CurrentTCB    realTCB        `json:"current_tcb"`
		PlatformInfo  string         `json:"platform_info"`
		Flags         string         `json:"flags"`
		AuthorKeyEn   int            `json:"author_key_en"`
		MaskChipKey   int            `json:"mask_chip_key"`
		SigningKey    int            `json:"signing_key_field"`
		ReportData    string         `json:"report_data"`
		Measurement   string         `json:"measurement"`
		HostData      string         `json:"host_data"`
		IDKey         string         `json:"id_key_digest"`
		AuthorKey     string         `json:"author_key_digest"`
		ReportID      string         `json:"report_id"`
		ReportIDMA    string         `json:"report_id_ma"`
		ReportedTCB   realTCB        `json:"reported_tcb"`
		CPUID         *struct{ Family, Model, Stepping string }
		ChipID        string  `json:"chip_id"`
		CommittedTCB  realTCB `json:"committed_tcb"`
		Current       string  `json:"current_version"`
		Committed     string  `json:"committed_version"`
		LaunchTCB     realTCB `json:"launch_tcb"`
		LaunchMit     string  `json:"launch_mit_vector"`
		CurrentMit    string  `json:"current_mit_vector"`
		R             string  `json:"signature_r_le"`
		S             string  `json:"signature_s_le"`
	}
	Version *uint32 `json:"report_version"`
	Signer  string  `json:"signing_key"`
}

type realTCB struct {
	Components map[string]uint8
	Bytes      string
}

// eachReal runs f for every real capture with a report.
func eachReal(t *testing.T, f func(t *testing.T, dir string, c realCase, report []byte)) {
	root := os.Getenv("ATTEST_REAL_VECTORS")
	if root == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures")
	}
	cases, err := filepath.Glob(filepath.Join(root, "real", "*", "case.json"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, name := range cases {
		dir := filepath.Dir(name)
		report, err := os.ReadFile(filepath.Join(dir, "report.bin"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a certificate alone
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c realCase
			text, readErr := os.ReadFile(name)
			if err := errors.Join(err, readErr, json.Unmarshal(text, &c)); err != nil {
				t.Fatal(err)
			}
			f(t, dir, c, report)
		})
	}
}

// TestRealReports compares every field of every capture.
func TestRealReports(t *testing.T) {
	eachReal(t, func(t *testing.T, dir string, c realCase, report []byte) {
		if *c.Version < 2 {
			if got := parseErr(t, report); got.Rule != "RPT-02" || got.Actual != strconv.Itoa(int(*c.Version)) {
				t.Errorf("version %d: %v (%s)", *c.Version, got, got.Rule)
			}
			return
		}
		r := parse(t, report)
		if r.Marshal() != [size]byte(report) {
			t.Error("Marshal differs from the capture")
		}
		checkRealFields(t, c, r)
		checkRealTCBs(t, c, r)
		checkRealBits(t, c, r)
		checkRealSignature(t, dir, r, report)
	})
}

func checkRealFields(t *testing.T, c realCase, r *snpreport.Report) {
	t.Helper()
	w := c.Report
	die := "none"
	if w.CPUID != nil {
		die = w.CPUID.Family + " " + w.CPUID.Model + " " + w.CPUID.Stepping
	}
	gotDie := "none"
	if d, ok := r.Die(); ok {
		gotDie = fmt.Sprintf("0x%02x 0x%02x 0x%02x", d.Family, d.Model, d.Stepping)
		if p, err := d.Product(); err != nil || p.String() != c.Product {
			t.Errorf("product is %v, %v; want %s", p, err, c.Product)
		}
	}
	mit := func(v uint64) string {
		if _, _, ok := r.Mitigations(); !ok {
			return ""
		}
		return fmt.Sprintf("0x%016x", v)
	}
	version := func(f snpreport.Firmware) string { return fmt.Sprintf("%d.%d build %d", f.Major, f.Minor, f.Build) }
	boolean := map[bool]int{true: 1}
	padding := hex.EncodeToString(make([]byte, 24))
	want := []any{
		*c.Version, w.GuestSVN, w.Policy, w.FamilyID, w.ImageID, w.VMPL, w.SignatureAlgo, w.PlatformInfo, w.Flags,
		w.AuthorKeyEn, w.MaskChipKey, w.SigningKey, c.Signer, w.ReportData, w.Measurement, w.HostData, w.IDKey, w.AuthorKey,
		w.ReportID, w.ReportIDMA, die, w.ChipID, w.Current, w.Committed, w.LaunchMit, w.CurrentMit, w.R, w.S,
	}
	got := []any{
		r.Version, r.GuestSVN, fmt.Sprintf("0x%016x", uint64(r.GuestPolicy)), fmt.Sprintf("%x", r.FamilyID), fmt.Sprintf("%x", r.ImageID),
		r.VMPL, r.SignatureAlgo, fmt.Sprintf("0x%016x", uint64(r.PlatformInfo)), fmt.Sprintf("0x%08x", uint32(r.KeyInfo)),
		boolean[r.KeyInfo.AuthorKeyEn()], boolean[r.KeyInfo.MaskChipKey()], int(r.KeyInfo.SigningKey()), r.KeyInfo.SigningKey().String(),
		fmt.Sprintf("%x", r.ReportData), fmt.Sprintf("%x", r.Measurement), fmt.Sprintf("%x", r.HostData), fmt.Sprintf("%x", r.IDKeyDigest),
		fmt.Sprintf("%x", r.AuthorKeyDigest), fmt.Sprintf("%x", r.ReportID), fmt.Sprintf("%x", r.ReportIDMA), gotDie, fmt.Sprintf("%x", r.ChipID),
		version(r.CurrentFirmware), version(r.CommittedFirmware), mit(r.LaunchMitVector), mit(r.CurrentMitVector),
		fmt.Sprintf("%x", r.Signature.R) + padding, fmt.Sprintf("%x", r.Signature.S) + padding,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkRealTCBs(t *testing.T, c realCase, r *snpreport.Report) {
	t.Helper()
	p, ok := snpreport.ParseProduct(c.Product)
	if !ok {
		t.Fatalf("product %q", c.Product)
	}
	for _, tt := range []struct {
		name string
		want realTCB
		got  snpreport.TCBVersion
	}{
		{"CURRENT_TCB", c.Report.CurrentTCB, r.CurrentTCB},
		{"REPORTED_TCB", c.Report.ReportedTCB, r.ReportedTCB},
		{"COMMITTED_TCB", c.Report.CommittedTCB, r.CommittedTCB},
		{"LAUNCH_TCB", c.Report.LaunchTCB, r.LaunchTCB},
	} {
		got := tcb(t, p, tt.got)
		levels := map[string]uint8{}
		for _, component := range got.Components() {
			name := component.String()
			if component == snpreport.BootLoader {
				name = "boot_loader"
			}
			levels[name], _ = got.Level(component)
		}
		if diff := cmp.Diff(tt.want.Components, levels); diff != "" || fmt.Sprintf("%x", tt.got) != tt.want.Bytes || !got.ReservedZero() {
			t.Errorf("%s is %x: %s", tt.name, tt.got, diff)
		}
	}
}

func checkRealBits(t *testing.T, c realCase, r *snpreport.Report) {
	t.Helper()
	got := map[string]any{
		"abi_minor": float64(r.GuestPolicy.ABIMinor()), "abi_major": float64(r.GuestPolicy.ABIMajor()),
		"reserved_must_be_one": r.GuestPolicy.Has(snpreport.PolicyReserved1),
	}
	for _, b := range snpreport.GuestPolicyBits() {
		got[b.Name] = r.GuestPolicy.Has(snpreport.GuestPolicy(b.Mask))
	}
	if diff := cmp.Diff(c.Report.PolicyDecoded, got); diff != "" {
		t.Error(diff)
	}
	if r.GuestPolicy.Unknown() != 0 || r.PlatformInfo.Unknown() != 0 {
		t.Errorf("unknown bits: POLICY %v, PLATFORM_INFO %v", r.GuestPolicy.Unknown(), r.PlatformInfo.Unknown())
	}
}

// checkRealSignature verifies with the leaf's key, and then no more once a
// signed byte is another.
func checkRealSignature(t *testing.T, dir string, r *snpreport.Report, report []byte) {
	t.Helper()
	der, err := os.ReadFile(filepath.Join(dir, "vek.der"))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("the leaf has a %T", leaf.PublicKey)
	}
	wantSignature(t, "as captured", r, key, "")
	wantSignature(t, "another key", r, &testKey().PublicKey, "RPT-23")
	for _, at := range []int{0x000, 0x050, 0x090, 0x180, 0x1A0, 0x29F} {
		b := bytes.Clone(report)
		b[at] ^= 1
		wantSignature(t, "changed", snpreport.Unchecked(b), key, "RPT-23")
	}
}
