package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// actualOf returns what a step says it found.
func actualOf(checks []attest.Check, id string) string {
	i := slices.IndexFunc(checks, func(c attest.Check) bool { return c.ID == id })
	return string(checks[i].Status) + ": " + checks[i].Actual + checks[i].Reason
}

// TestWhatStepsSay: a step that passed says what it found.
func TestWhatStepsSay(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	c := p.config(t)
	v := p.verifierOf(t, c)
	say := func(result *attest.Result, err error, id, want string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if got := actualOf(result.Checks, id); got != want {
			t.Errorf("%s says %q, want %q", id, got, want)
		}
	}
	result, err := v.Verify(e, at)
	say(result, err, "bundle_rollback", "pass: the first bundle for this workload")
	say(result, err, "manifest", "pass: the tag's own; its signature was not checked")
	say(result, err, "report_data", "pass: "+hex.EncodeToString(p.Spec.ReportData[:]))
	p.Bundle.Payload.Set("version", 18)
	e.Bundle = compact(edDSA, p.Bundle.Payload.Text(), p.release)
	result, err = v.Verify(e, at)
	say(result, err, "bundle_rollback", "pass: version 18, before 17")

	c.Memory, c.RequireCRL = attest.NoMemory{}, false
	c.ManifestKeys = []ed25519.PublicKey{mint.Ed25519Key("manifest").Public().(ed25519.PublicKey)}
	e.CRLs = nil
	result, err = p.verifierOf(t, c).Verify(e, at)
	say(result, err, "bundle_rollback", "not_checked: nothing remembers earlier bundles")
	say(result, err, "manifest", "pass: the tag's own, signed")
	say(result, err, "revocation", "not_checked: no CRL was given")
	var names []string
	for _, n := range result.NotChecked {
		names = append(names, n.Name+": "+n.Reason)
	}
	if tail := names[max(0, len(names)-2):]; !slices.Equal(tail, []string{"bundle_rollback: nothing remembers earlier bundles", "revocation: no CRL was given"}) {
		t.Errorf("not checked: %q", names)
	}
	if slices.ContainsFunc(result.NotChecked, func(n policy.Unchecked) bool { return n.Name == "report_data" }) {
		t.Error("REPORT_DATA, which binds the key, is not checked")
	}
	result, err = v.Verify(p.evidenceOf(t), at)
	if err != nil || slices.ContainsFunc(result.NotChecked, func(n policy.Unchecked) bool { return n.Name == "revocation" || n.Name == "bundle_rollback" }) {
		t.Errorf("%v, %v", result, err)
	}
}

// TestTailOfEndpoint: step 18 looks at the first half of REPORT_DATA alone.
func TestTailOfEndpoint(t *testing.T) {
	p := newEndpoint("Genoa", 3, "vcek")
	const note = "REPORT_DATA[32:64] is not zero, and was not judged"
	for _, want := range []bool{false, true} {
		result, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
		if err != nil || slices.Contains(result.Notes, note) != want {
			t.Errorf("%q, %v", result.Notes, err)
		}
		p.Spec.ReportData[63] = 1
		p.Envelope.Set("snp_report_b64", "") // it is made anew
	}
}

// TestAuditOfTwoFaults: the first decides; a step whose input was not verified says
// which.
func TestAuditOfTwoFaults(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	e.LiveSPKI[0] ^= 1
	e.CRLs = [][]byte{{0x30}}
	p.Envelope.Set("vcek_chain_pem", "-----BEGIN")
	e.Envelope = p.Envelope.Text()
	audit := p.verifierOf(t, p.config(t)).Audit(e, at)
	wantError(t, audit.Err, "CertChainInvalidError", "CHN-05")
	if got := actualOf(audit.Checks, "revocation"); got != "not_reached: needs step chain" {
		t.Error(got)
	}
	if got := actualOf(audit.Checks, "live_key"); !strings.HasPrefix(got, "fail: ") {
		t.Error(got)
	}
}

// A Verifier that nobody made, and a time that nobody set, are mistakes of the
// caller and no refusals.
func TestMistakesAreNoRefusals(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	for name, verify := range map[string]func() (*attest.Result, error){
		"no verifier":   func() (*attest.Result, error) { return (*attest.Verifier)(nil).Verify(e, at) },
		"zero verifier": func() (*attest.Result, error) { return new(attest.Verifier).Verify(e, at) },
		"zero time":     func() (*attest.Result, error) { return p.verifierOf(t, p.config(t)).Verify(e, time.Time{}) },
		"zero report verifier": func() (*attest.Result, error) {
			return new(attest.ReportVerifier).Verify(attest.ReportEvidence{}, at)
		},
		"report, zero time": func() (*attest.Result, error) {
			s := newSample("Milan", 3, "vcek")
			return s.verifier(t).Verify(s.evidence(), time.Time{})
		},
	} {
		result, err := verify()
		var refusal attest.AttestationError
		if result != nil || err == nil || errors.As(err, &refusal) {
			t.Errorf("%s: %v, %v", name, result, err)
		}
	}
}

// RPT-01, CAR-01: a carrier that can not be opened is refused by its own rule.
func TestMalformedCarrier(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	e.Report = []byte(hex.EncodeToString(e.Report))
	e.Report[100] = 'g'
	_, err := s.verifier(t).Verify(e, at)
	wantError(t, err, "ReportInvalidError", "CAR-01")
}

// TestRefusalsCostLittle: what a step refuses keeps the later ones from being
// carried out; what was verified before is not verified again.
func TestRefusalsCostLittle(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	c := p.config(t)
	allocs := func(v *attest.Verifier, list ...attest.Evidence) float64 {
		return testing.AllocsPerRun(4, func() {
			for range 4 {
				for _, e := range list {
					v.Verify(e, at)
				}
			}
		}) / float64(4*len(list))
	}
	stale := e
	p.Envelope.Set("issued_at", "2020-01-01T00:00:00Z")
	stale.Envelope = p.Envelope.Text()
	v := p.verifierOf(t, c)
	audit := testing.AllocsPerRun(4, func() { v.Audit(stale, at) })
	if n := allocs(v, stale); n > audit/2 {
		t.Errorf("a stale envelope costs %v allocations, all steps %v", n, audit)
	}

	c.Cache, c.Memory = certchain.NewCache(4), attest.NoMemory{}
	other := e
	other.Bundle = compact(`{"alg":"EdDSA","kid":"other"}`, p.Bundle.Payload.Text(), p.release)
	if bytes.Equal(other.Bundle, e.Bundle) {
		t.Fatal("the same bundle")
	}
	v = p.verifierOf(t, c)
	if one, two := allocs(v, e), allocs(v, e, other); one > two-50 {
		t.Errorf("the same bundle again costs %v allocations, another each time %v", one, two)
	}
}

// A TCB is decoded in the layout of the verified product, and by nobody's result
// not at all.
func TestTCBOfResult(t *testing.T) {
	s := newSample("Turin", 5, "vcek")
	result, err := s.verifier(t).Verify(s.evidence(), at)
	if err != nil {
		t.Fatal(err)
	}
	if got := result.TCB(result.Report.ReportedTCB).String(); got != result.Chain.TCB.String() || !strings.HasPrefix(got, "fmc=1 ") {
		t.Error(got)
	}
	if f := result.Facts(); f.Product != result.Chain.Product || f.Report == nil || f.LeafKeySHA256 != result.Chain.LeafKeySHA256 {
		t.Errorf("%+v", f)
	}
	if f := new(attest.Result).Facts(); f.Report != nil || f.Product != 0 { // no verification made it
		t.Errorf("%+v", f)
	}
	if got := new(attest.Result).TCB(result.Report.ReportedTCB).String(); got != "" {
		t.Error(got)
	}
}

// TestNotes: what is not judged is said, and only when there is something to say.
// Rules: END-06, WRN-01.
func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		name, product, kind string
		change              func(s *sample)
		want                string // part of the only note; "": none
	}{
		{"nothing", "Genoa", "vcek", func(s *sample) {}, ""},
		{"platform bit", "Genoa", "vcek", func(s *sample) { s.Spec.PlatformInfo |= 1 << 40 }, "bits without a name: 0x10000000000"},
		{"VLEK", "Genoa", "vlek", func(s *sample) {}, mint.DefaultCSPID},
		{"firmware", "Genoa", "vcek", func(s *sample) { s.Spec.Current.Build++ }, "is not committed"},
		{"reported above committed", "Genoa", "vcek", func(s *sample) { s.Spec.CommittedTCB.SNP-- }, "REPORTED_TCB ("},
		{"committed above current", "Genoa", "vcek", func(s *sample) { s.Spec.CommittedTCB.SNP++ }, "COMMITTED_TCB ("},
		{"a tail that is zero", "Genoa", "vcek", func(s *sample) { s.rules.ReportData = nil }, ""},
		{"tail of REPORT_DATA", "Genoa", "vcek", func(s *sample) { s.Spec.ReportData[63] = 1; s.rules.ReportData = nil }, "REPORT_DATA[32:64]"},
		{"tail behind a prefix", "Genoa", "vcek", func(s *sample) {
			s.Spec.ReportData[63] = 1
			s.rules.ReportDataPrefix, s.rules.ReportData = new((*s.rules.ReportData)[:64]), nil
		}, "REPORT_DATA[32:64]"},
		{"build without a version", "Genoa", "vcek", func(s *sample) { s.rules.Firmware.MinBuild = new(uint8(1)) }, "add firmware.min_version"},
		{"tail that was judged", "Genoa", "vcek", func(s *sample) {
			s.Spec.ReportData[63] = 1
			s.rules.ReportData = new((*s.rules.ReportData)[:126] + "01")
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSample(tt.product, 5, tt.kind)
			s.Spec.ReportData[63] = 0
			clear(s.Spec.ReportData[32:])
			s.rules.ReportData = new((*s.rules.ReportData)[:64] + strings.Repeat("0", 64))
			tt.change(s)
			result, err := s.verifier(t).Verify(s.evidence(), at)
			if err != nil {
				t.Fatal(err)
			}
			if (tt.want == "") != (len(result.Notes) == 0) || tt.want != "" && !strings.Contains(result.Notes[0], tt.want) {
				t.Errorf("notes %q, want %q", result.Notes, tt.want)
			}
			if len(result.Warnings) != 0 || len(result.Limits) == 0 {
				t.Errorf("warnings %v, limits %v", result.Warnings, result.Limits)
			}
		})
	}
	s := newSample("Genoa", 3, "vcek")
	s.Spec.CurrentTCB.SNP--
	result, err := s.verifier(t).Verify(s.evidence(), at)
	if err != nil || len(result.Notes) != 2 || !strings.HasPrefix(result.Notes[1], "REPORTED_TCB (") || !strings.Contains(result.Notes[1], "above CURRENT_TCB") {
		t.Errorf("%+v %v", result, err)
	}
	s = newSample("Milan", 3, "vcek")
	result, err = s.verifier(t).Verify(s.evidence(), at)
	if err == nil && (len(result.Limits) != 2 || !strings.Contains(result.Limits[0], "no connection") || !strings.Contains(result.Limits[1], "no time")) {
		t.Errorf("limits of a report: %q", result.Limits)
	}
	if err != nil || len(result.Warnings) != 1 || result.Warnings[0].Source != "arXiv 2605.12990" {
		t.Errorf("%+v %v", result, err)
	}
}

// TestManyCRLs: each is checked, and so their number is bounded.
func TestManyCRLs(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	for len(e.CRLs) < 4 {
		e.CRLs = append(e.CRLs, e.CRLs[0])
	}
	if _, err := s.verifier(t).Verify(e, at); err != nil {
		t.Error(err)
	}
	e.CRLs = append(e.CRLs, e.CRLs[0])
	_, err := s.verifier(t).Verify(e, at)
	wantError(t, err, "CRLInvalidError", "CRL-22")
}

// TestOneBadCRL: a CRL that revokes, or is not valid, counts among good ones
// wherever it stands, and so does each pair of bad ones in their order.
// Rules: CRL-22.
func TestOneBadCRL(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	good := e.CRLs[0]
	stale := mint.CRL("Milan")
	stale.NextUpdate = mint.At(at.AddDate(0, 0, -1))
	s.crl.Revoke(serials["Milanvcek"]...)
	bad := map[string][]byte{
		"CRL-21": s.evidence().CRLs[0],
		"CRL-20": stale.Encode(mint.CAKey("ARK-Milan")),
		"CRL-02": {0x30, 0},
	}
	v := s.verifier(t)
	for first, crl := range bad {
		for _, list := range [][][]byte{{crl}, {crl, good}, {good, crl}, {good, crl, good}, {crl, good, good, good}, {good, good, good, crl}} {
			e.CRLs = list
			_, err := v.Verify(e, at)
			wantError(t, err, map[bool]string{true: "CertRevokedError", false: "CRLInvalidError"}[first == "CRL-21"], first)
		}
		for second, other := range bad {
			e.CRLs = [][]byte{crl, other}
			if _, err := v.Verify(e, at); err == nil || err.(attest.AttestationError).Requirement() != first {
				t.Errorf("%s before %s: %v", first, second, err)
			}
		}
	}
}
