package attest_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/document"
	"github.com/tresorhq/attest/policy"
)

// members are those of a JSON object of which the order does not matter.
type members = map[string]any

// with returns a copy of an object with another value of a member, or without
// the member when the value is nil.
func with(o document.Object, name string, value any) document.Object {
	changed := o.Clone()
	if value == nil {
		changed.Drop(name)
	} else {
		changed.Set(name, value)
	}
	return changed
}

// compact signs a document as a compact JWS.
func compact(header string, payload []byte, key ed25519.PrivateKey) []byte {
	return document.Compact([]byte(header), payload, document.EdDSA(key))
}

const edDSA = `{"alg":"EdDSA"}`

// An endpoint is all evidence of one, before it is encoded. Each part can be
// spoiled.
type endpoint struct {
	*document.Endpoint
	hardware *sample
	header   string // of the bundle
	release  ed25519.PrivateKey
	live     [32]byte
}

func newEndpoint(product string, version uint32, kind string) *endpoint {
	s := newSample(product, version, kind)
	p := &endpoint{Endpoint: document.NewEndpoint(s.Set), hardware: s, header: edDSA, release: mint.Ed25519Key("release")}
	p.live = p.SPKI
	p.Envelope.Set("tls_spki_sha256", hex.EncodeToString(p.SPKI[:]))
	p.Bundle.Payload.Set("min_tcb", members{"bootloader": 1, "tee": 0, "snp": 1, "microcode": 1, "fmc": 1})
	s.signed = nil
	return p
}

// evidenceOf encodes and signs everything, innermost first.
func (p *endpoint) evidenceOf(t testing.TB) attest.Evidence {
	t.Helper()
	if bound := p.Spec.ReportData; bound == mint.NewReport(p.Product, p.Spec.Version, p.Kind).ReportData {
		p.Spec.ReportData = [64]byte{}
	} else { // spoilt, or made before
		p.Bind = func(_, _ [32]byte) [32]byte { return [32]byte(bound[:32]) }
	}
	p.Reissue()
	p.Sign()
	if p.hardware.signed != nil {
		p.hardware.signed(p.Report)
	}
	p.Bundle.HeaderText = func([]byte) []byte { return []byte(p.header) }
	p.Bundle.Sign = document.EdDSA(p.release)
	return attest.Evidence{
		Envelope: p.Seal(),
		Bundle:   p.Bundle.Encode(),
		LiveSPKI: p.live,
		CRLs:     p.hardware.evidence().CRLs,
	}
}

// config accepts the endpoint.
func (p *endpoint) config(t testing.TB) attest.Config {
	return attest.Config{
		Policy: policy.Default().Relax(p.hardware.relax), AMDRoots: testRoots(t), Workload: "router", RequireCRL: true,
		Memory: attest.NewBundleMemory(),
	}
}

func (p *endpoint) verifierOf(t testing.TB, c attest.Config) *attest.Verifier {
	t.Helper()
	v, err := attest.NewVerifier([]ed25519.PublicKey{mint.Ed25519Key("release").Public().(ed25519.PublicKey)}, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEndpointAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *sample) {
		p := newEndpoint(s.Product, s.Spec.Version, s.Kind)
		e := p.evidenceOf(t)
		result, err := p.verifierOf(t, p.config(t)).Verify(e, at)
		if err != nil {
			t.Fatal(err)
		}
		if result.TLSSPKISHA256 != p.live || result.Bundle.Version != 17 || result.Workload != "router" || result.Manifest.Version != "v1.42.3" || len(result.Limits) != 3 {
			t.Errorf("%+v", result)
		}
		for _, c := range result.Checks {
			if c.Status != attest.Pass {
				t.Errorf("step %d is %s: %s", c.Step, c.Status, c.Reason)
			}
		}
	})
}

// faults fail one step each, in the order of the steps.
var faults = []struct {
	step  int
	typ   string
	rule  string
	spoil func(p *endpoint)
}{
	{1, "EnvelopeInvalidError", "ENV-02", func(p *endpoint) { p.Envelope.Set("schema", "tresor.attestation/v2") }},
	{2, "EnvelopeStaleError", "ENV-21", func(p *endpoint) { p.Envelope.Set("issued_at", "2026-04-01T11:53:59Z") }},
	{3, "BundleSignatureInvalid", "JWS-10", func(p *endpoint) { p.release = mint.Ed25519Key("somebody") }},
	{4, "BundleInvalidError", "", func(p *endpoint) { p.Bundle.Payload.Set("version", 0) }},
	{5, "BundleExpiredError", "BND-30", func(p *endpoint) { p.Bundle.Payload.Set("valid_until", "2026-04-01T12:00:00Z") }},
	{6, "BundleRollbackError", "BND-40", nil}, // needs a memory, see spoilMemory
	{7, "WorkloadMismatchError", "WKL-01", func(p *endpoint) { p.Envelope.Set("workload", "other") }},
	{8, "ReportInvalidError", "RPT-10", spoiler(8)},
	{9, "CertChainInvalidError", "CHN-52", spoiler(9)},
	{10, "CertRevokedError", "CRL-21", spoiler(10)},
	{11, "ReportSignatureInvalidError", "RPT-23", spoiler(11)},
	{12, "EndorsementMismatchError", "END-04", spoiler(12)},
	{13, "PolicyViolationError", "POL-05", spoiler(13)},
	{14, "MeasurementNotAllowedError", "POL-02", spoiler(14)},
	{15, "IdentityTagNotAllowedError", "IDT-01", func(p *endpoint) {
		p.Bundle.Payload.Set("allowed_workload_identity_tags", []string{strings.Repeat("ab", 32)})
	}},
	{16, "IdentityManifestMismatchError", "IDT-10", func(p *endpoint) {
		p.Envelope.Set("workload_identity_manifest_jws", string(compact(edDSA, []byte("{}"), mint.Ed25519Key("manifest"))))
	}},
	{17, "TCBBelowFloorError", "POL-03", spoiler(17)},
	{18, "ReportDataMismatchError", "BIN-01", spoiler(18)},
	{19, "SPKIMismatchError", "BIN-10", func(p *endpoint) { p.live = sha256.Sum256([]byte("another TLS key")) }},
}

func spoiler(step int) func(p *endpoint) {
	for _, sp := range spoilers {
		if sp.step == step {
			return func(p *endpoint) { sp.spoil(p.hardware) }
		}
	}
	panic("no such step")
}

// spoil applies faults, in any order, and returns the memory that goes with them.
func spoil(p *endpoint, steps ...int) attest.BundleMemory {
	memory := attest.NewBundleMemory()
	for _, step := range steps {
		if f := faults[step-1]; f.spoil != nil {
			f.spoil(p)
		} else {
			memory.Accept("router", attest.BundleVersion{Version: 18})
		}
	}
	return memory
}

// Rules: GEN-05.
func TestEndpointRefused(t *testing.T) {
	for i, f := range faults {
		t.Run(f.typ, func(t *testing.T) {
			if f.step != i+1 {
				t.Fatal("the table is not in order")
			}
			p := newEndpoint("Genoa", 5, "vcek")
			c := p.config(t)
			c.Memory = spoil(p, f.step)
			result, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
			wantError(t, err, f.typ, f.rule)
			if result != nil {
				t.Error("a result next to an error")
			}
		})
	}
}

// TestEndpointOrder: of every two steps that fail together, the earlier one
// decides. The bundle's own steps hide each other: a bundle with another
// signature has no payload.
// Rules: ORD-01.
func TestEndpointOrder(t *testing.T) {
	for i, first := range faults {
		for _, second := range faults[i+1:] {
			t.Run(first.typ+" before "+second.typ, func(t *testing.T) {
				p := newEndpoint("Milan", 3, "vcek")
				c := p.config(t)
				c.Memory = spoil(p, second.step, first.step)
				_, err := p.verifierOf(t, c).Verify(p.evidenceOf(t), at)
				wantError(t, err, first.typ, first.rule)
			})
		}
	}
}

// TestEndpointAudit: every step whose input was verified is run.
// Rules: ORD-02, ORD-03.
func TestEndpointAudit(t *testing.T) {
	all := func(but ...int) map[int]bool {
		m := map[int]bool{}
		for step := 1; step <= 19; step++ {
			m[step] = true
		}
		for _, step := range but {
			delete(m, step)
		}
		return m
	}
	only := func(steps ...int) map[int]bool {
		m := map[int]bool{}
		for _, step := range steps {
			m[step] = true
		}
		return m
	}
	passes := map[int]map[int]bool{
		1: only(3, 4, 5, 6), 2: all(2), 3: only(1, 2, 8, 16, 19), 4: only(1, 2, 3, 8, 16, 19), 5: all(5), 6: all(6), 7: all(7),
		8: all(8, 11, 12, 13, 14, 17, 18), 9: all(9, 10, 11, 12, 13, 14, 17, 18), 10: all(10),
		11: all(11, 12, 13, 14, 17, 18), 12: all(12, 13, 14, 17, 18),
		13: all(13), 14: all(14), 15: all(15), 16: all(16), 17: all(17), 18: all(18), 19: all(19),
	}
	for _, f := range faults {
		t.Run(f.typ, func(t *testing.T) {
			p := newEndpoint("Turin", 5, "vcek")
			c := p.config(t)
			c.Memory = spoil(p, f.step)
			if f.step == 7 { // the manifest is of the envelope's workload
				p.Manifest.Payload.Set("workload", "other")
			}
			a := p.verifierOf(t, c).Audit(p.evidenceOf(t), at)
			wantError(t, a.Err, f.typ, f.rule)
			for _, got := range a.Checks {
				want := attest.NotReached
				if got.Step == f.step {
					want = attest.Fail
				} else if passes[f.step][got.Step] {
					want = attest.Pass
				}
				if got.Status != want {
					t.Errorf("step %d is %s (%s), want %s", got.Step, got.Status, got.Reason, want)
				}
			}
		})
	}
}

// TestVerifierConfiguration: what is missing is refused, and never means "any".
// Rules: GEN-01, GEN-02.
func TestVerifierConfiguration(t *testing.T) {
	good := mint.Ed25519Key("release").Public().(ed25519.PublicKey)
	config := attest.Config{Policy: policy.Default(), AMDRoots: testRoots(t)}
	smallOrder := make(ed25519.PublicKey, 32)
	smallOrder[0] = 1
	for name, make := range map[string]func() (*attest.Verifier, error){
		"no root": func() (*attest.Verifier, error) { return attest.NewVerifier(nil, config) },
		"zero configuration": func() (*attest.Verifier, error) {
			return attest.NewVerifier([]ed25519.PublicKey{good}, attest.Config{})
		},
		"short key":          func() (*attest.Verifier, error) { return attest.NewVerifier([]ed25519.PublicKey{good[:31]}, config) },
		"nil key":            func() (*attest.Verifier, error) { return attest.NewVerifier([]ed25519.PublicKey{nil}, config) },
		"key of small order": func() (*attest.Verifier, error) { return attest.NewVerifier([]ed25519.PublicKey{smallOrder}, config) },
		"key twice":          func() (*attest.Verifier, error) { return attest.NewVerifier([]ed25519.PublicKey{good, good}, config) },
		"one key for two uses": func() (*attest.Verifier, error) {
			c := config
			c.ManifestKeys = []ed25519.PublicKey{good}
			return attest.NewVerifier([]ed25519.PublicKey{good}, c)
		},
	} {
		if v, err := make(); err == nil || v != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := newEndpoint("Milan", 3, "vcek")
	e := p.evidenceOf(t)
	if _, err := p.verifierOf(t, p.config(t)).Verify(e, time.Time{}); err == nil {
		t.Error("a zero time was accepted")
	}
	if _, err := new(attest.Verifier).Verify(e, at); err == nil {
		t.Error("a zero Verifier accepted")
	}
	if _, err := (*attest.Verifier)(nil).Verify(e, at); err == nil {
		t.Error("a nil Verifier accepted")
	}
	_, err := p.verifierOf(t, p.config(t)).Verify(attest.Evidence{}, at)
	wantError(t, err, "EnvelopeInvalidError", "")
	// A key that the caller changes later is not the one that was checked.
	keys := []ed25519.PublicKey{append(ed25519.PublicKey(nil), good...)}
	v, err := attest.NewVerifier(keys, p.config(t))
	if err != nil {
		t.Fatal(err)
	}
	clear(keys[0])
	if _, err := v.Verify(e, at); err != nil {
		t.Errorf("the key was not copied: %v", err)
	}
}
