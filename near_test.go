package attest_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/launch"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/receipt"
)

// BIN-01, BIN-10: each byte of the binding and of the TLS key's hash counts, the first
// and the last too.
func TestNearBindings(t *testing.T) {
	for _, i := range []int{0, 31} {
		p := newEndpoint("Milan", 3, "vcek")
		e := p.evidenceOf(t)
		e.LiveSPKI[i] ^= 1
		_, err := p.verifierOf(t, p.config(t)).Verify(e, at)
		wantError(t, err, "SPKIMismatchError", "BIN-10")

		p = newEndpoint("Milan", 3, "vcek")
		p.Bind = func(spki, tag [32]byte) [32]byte {
			sum := sha256.Sum256(slices.Concat(spki[:], tag[:]))
			sum[i] ^= 1
			return sum
		}
		_, err = p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
		wantError(t, err, "ReportDataMismatchError", "BIN-01")
	}
}

// Whatever stands before or behind the key of a certificate has to be there.
func TestSPKIOfIncompleteCertificates(t *testing.T) {
	null, key := mint.TLV(0x05), mint.TLV(mint.TagSequence, mint.TLV(0x05))
	serial, sequence := mint.Integer(1), mint.TLV(mint.TagSequence)
	certificate := func(parts ...[]byte) []byte { return mint.TLV(mint.TagSequence, mint.TLV(mint.TagSequence, parts...)) }
	if got, err := attest.SPKISHA256(certificate(serial, sequence, sequence, sequence, sequence, key)); err != nil || got != sha256.Sum256(key) {
		t.Errorf("%x, %v", got, err)
	}
	for name, der := range map[string][]byte{
		"no serial number": certificate(sequence, sequence, sequence, sequence, key),
		"another one":      certificate(null, sequence, sequence, sequence, sequence, key),
		"no signature":     certificate(serial, null, sequence, sequence, sequence, key),
		"no issuer":        certificate(serial, sequence, null, sequence, sequence, key),
		"no validity":      certificate(serial, sequence, sequence, null, sequence, key),
		"no subject":       certificate(serial, sequence, sequence, sequence, null, key),
		"a part less":      certificate(serial, sequence, sequence, sequence, key),
		"a SET":            mint.TLV(0x31, mint.TLV(mint.TagSequence, serial, sequence, sequence, sequence, sequence, key)),
		"a SET in it":      mint.TLV(mint.TagSequence, mint.TLV(0x31, serial, sequence, sequence, sequence, sequence, key)),
		"no key":           certificate(serial, sequence, sequence, sequence, sequence),
		"another key":      certificate(serial, sequence, sequence, sequence, sequence, null),
		"no list":          mint.TLV(mint.TagSequence, null),
		"nothing":          nil,
	} {
		if got, err := attest.SPKISHA256(der); err == nil || got != [32]byte{} {
			t.Errorf("%s: %x", name, got)
		}
	}
}

// Each step of an accepted endpoint says what it found, where there is a value to show.
func TestStepsShowValues(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	result, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Checks {
		none := slices.Contains([]string{"envelope", "report_signature", "policy"}, c.ID)
		if (c.Actual == "") != none {
			t.Errorf("%s shows %q", c.ID, c.Actual)
		}
	}
}

// ENV-02, WKL-01, WKL-02: a name that differs in its first or its last letter alone is
// another one.
func TestNearNames(t *testing.T) {
	for _, name := range []string{"xouter", "routex"} {
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Workload = name
		_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
		wantError(t, err, "WorkloadMismatchError", "WKL-02")

		p.Bundle.Payload.Set("workload", name)
		_, err = p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
		wantError(t, err, "WorkloadMismatchError", "WKL-01")
	}
	for _, schema := range []string{"Tresor.attestation/v1", "tresor.attestation/v2"} {
		p := newEndpoint("Milan", 3, "vcek")
		p.Envelope.Set("schema", schema)
		_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
		wantError(t, err, "EnvelopeInvalidError", "ENV-02")
	}
}

// BND-44: the lists of a result are copies, also that of roots that were passed over;
// all roots of the bundle are there.
func TestRootsOfResult(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	arks := [][]byte{mint.CACert("ARK-Genoa"), mint.CACert("ARK-Milan")}
	p.Bundle.Payload.Set("amd_root_ca_pem", string(mint.PEM(append(arks, coming("ARK-Venice"))...)))
	c := p.config(t)
	c.Cache = certchain.NewCache(1)
	v, e := p.verifierOf(t, c), p.evidenceOf(t)
	for range 2 {
		result, err := v.Verify(e, at)
		if err != nil {
			t.Fatal(err)
		}
		if b := result.Bundle; !slices.Equal(b.IgnoredRoots, []string{"ARK-Venice"}) || !slices.EqualFunc(b.AMDRoots(), arks, bytes.Equal) {
			t.Fatalf("ignored %v, %d roots", b.IgnoredRoots, len(b.AMDRoots()))
		}
		result.Bundle.IgnoredRoots[0] = "ARK-Milan"
	}
}

// A cause that can time out and did not is no timeout.
func TestNoTimeout(t *testing.T) {
	for cause, want := range map[error]bool{os.ErrDeadlineExceeded: true, &os.PathError{Err: os.ErrNotExist}: false, os.ErrExist: false} {
		if e := (&attest.EvidenceUnavailableError{Failure: attest.Failure{Cause: cause}}); e.Timeout() != want {
			t.Errorf("%v: %v", cause, e.Timeout())
		}
	}
	if (*attest.EvidenceUnavailableError)(nil).Timeout() {
		t.Error("nil has timed out")
	}
}

// The errors of the packages above have types too.
func TestErrorTypesAbove(t *testing.T) {
	for name, err := range map[string]error{
		"ReceiptInvalidError": new(receipt.ReceiptInvalidError),
		"IDBlockInvalidError": new(launch.IDBlockInvalidError),
		"QuoteInvalidError":   new(azure.QuoteInvalidError),
	} {
		if got := attest.ErrorType(err); got != name {
			t.Errorf("%T: %q", err, got)
		}
	}
}

// CRL-23: an intermediate that AMD is known to have revoked is refused without a CRL.
func TestKnownRevoked(t *testing.T) {
	s := mint.Evidence("Genoa", 3, "vcek")
	ask := mint.ASK("Genoa")
	ask.Serial = []byte{2, 0, 1}
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(attest.ReportEvidence{Report: s.Report, Certificates: [][]byte{s.Leaf, ask.Encode(mint.CAKey("ARK-Genoa"))}}, at)
	wantError(t, err, "CertRevokedError", "CRL-23")
}

// A member that the policy leaves open is not checked, by each of the steps that look at it.
func TestStepsNotDemanded(t *testing.T) {
	s := mint.Evidence("Milan", 3, "vcek")
	v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t)})
	if err != nil {
		t.Fatal(err)
	}
	a := v.Audit(attest.ReportEvidence{Report: s.Report, Certificates: [][]byte{s.PEM()}}, at)
	for id, reason := range map[string]string{"measurement": "any MEASUREMENT", "min_tcb": "any REPORTED_TCB and COMMITTED_TCB", "report_data": "any REPORT_DATA", "revocation": "no CRL was given"} {
		if !slices.ContainsFunc(a.Checks, func(c attest.Check) bool {
			return c.ID == id && c.Status == attest.NotChecked && c.Reason == reason
		}) {
			t.Errorf("%s: %+v", id, a.Checks)
		}
	}
}

// LCH-70, LCH-71: measurements that differ in their first or last byte alone are others.
func TestNearLaunchMeasurements(t *testing.T) {
	s := mint.Evidence("Milan", 3, "vcek")
	first, last := s.Spec.Measurement, s.Spec.Measurement
	first[0] ^= 1
	last[47] ^= 1
	list := []attest.LaunchMeasurement{
		{Measurement: first, Label: "first"}, {Measurement: last, Label: "last"}, {Measurement: s.Spec.Measurement, Label: "ours"},
	}
	for range list {
		v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: testRoots(t), Launch: list})
		if err != nil {
			t.Fatal(err)
		}
		result, err := v.Verify(attest.ReportEvidence{Report: s.Report, Certificates: [][]byte{s.PEM()}}, at)
		if err != nil || result.Launch != "ours" {
			t.Errorf("%+v, %v", result, err)
		}
		list = append(list[1:], list[0])
	}
}

// IDT-10: each byte of the tag counts.
func TestNearTags(t *testing.T) {
	manifest := []byte("e30.e30.AA")
	for _, i := range []int{0, 31} {
		tag := sha256.Sum256(manifest)
		tag[i] ^= 1
		_, err := attest.OpenManifest(manifest, tag, "router")
		wantError(t, err, "IdentityManifestMismatchError", "IDT-10")
	}
}

// A lyingMemory fails, and says besides that it knows a version that no bundle has.
type lyingMemory struct{ attest.NoMemory }

var errLying = errors.New("the disk is gone")

func (*lyingMemory) Highest(string) (v attest.BundleVersion, ok bool, err error) {
	return v, true, errLying
}

// A fullMemory fails when it is to record.
type fullMemory struct{ attest.NoMemory }

func (*fullMemory) Accept(string, attest.BundleVersion) (v attest.BundleVersion, err error) {
	return v, errLying
}

// BND-42: the error of a memory is the one that is passed on.
func TestErrorOfMemory(t *testing.T) {
	for _, memory := range []attest.BundleMemory{new(lyingMemory), new(fullMemory)} {
		p := newEndpoint("Milan", 3, "vcek")
		c := p.config(t)
		c.Memory = memory
		_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
		wantError(t, err, "EvidenceUnavailableError", "BND-42")
		if !errors.Is(err, errLying) {
			t.Errorf("%T: %v", memory, err)
		}
	}
}

// IDT-01: the error has all tags that the bundle allows.
func TestAllowedTags(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	one, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	p.Bundle.Payload.Set("allowed_workload_identity_tags", []string{one, other})
	_, err := p.verifierOf(t, p.config(t)).Verify(p.evidenceOf(t), at)
	if e, ok := errors.AsType[*attest.IdentityTagNotAllowedError](err); !ok || !slices.Equal(e.Allowed, []string{one, other}) {
		t.Errorf("%v", err)
	}
}

// An audit with an error did not pass, whatever else it has.
func TestAuditWithError(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	a := p.verifierOf(t, p.config(t)).Audit(p.evidenceOf(t), at)
	if !a.Passed() {
		t.Fatal(a.Err)
	}
	if a.Err = errLying; a.Passed() {
		t.Error("passed")
	}
}

// ORD-02: a step names the first step that it needs.
func TestNeedsOfReportData(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	e.Envelope = nil
	for _, c := range p.verifierOf(t, p.config(t)).Audit(e, at).Checks {
		if c.ID == "report_data" && c.Reason != "needs step envelope" {
			t.Errorf("%+v", c)
		}
	}
}

// A result is its caller's: writing to it changes no other. It has all ignored members.
func TestResultsShareNothing(t *testing.T) {
	p := newEndpoint("Milan", 3, "vcek")
	p.Bundle.Payload.Set("one", 1)
	p.Bundle.Payload.Set("two", 2)
	v, e := p.verifierOf(t, p.config(t)), p.evidenceOf(t)
	for range 2 {
		result, err := v.Verify(e, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Warnings) != 1 || result.Warnings[0].Text == "" || result.Limits[0] == "" || !slices.Equal(result.Bundle.IgnoredMembers, []string{"one", "two"}) {
			t.Errorf("%v, %v, %v", result.Warnings, result.Limits, result.Bundle.IgnoredMembers)
		}
		result.Warnings[0].Text, result.Limits[0] = "", ""
	}
}
