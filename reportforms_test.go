package attest_test

import (
	"bytes"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// TestEvidenceForms: certificates in every form, and in several places.
// Rules: CAR-20, CAR-21, CAR-22.
func TestEvidenceForms(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e := s.evidence()
	table := s.Table().Encode()
	pemTable := mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: mint.PEM(s.Leaf)}, {GUID: mint.GUIDASK, Data: mint.PEM(s.Intermediate)}}}.Encode()
	for name, change := range map[string]func(e *attest.ReportEvidence){
		"PEM":                       func(*attest.ReportEvidence) {},
		"DER":                       func(e *attest.ReportEvidence) { e.Certificates = s.Chain() },
		"no root":                   func(e *attest.ReportEvidence) { e.Certificates = [][]byte{s.Intermediate, s.Leaf} },
		"table":                     func(e *attest.ReportEvidence) { e.Certificates = [][]byte{table} },
		"table of PEM":              func(e *attest.ReportEvidence) { e.Certificates = [][]byte{pemTable} },
		"extended report":           func(e *attest.ReportEvidence) { e.Certificates, e.Report = nil, append(e.Report, table...) },
		"extended report, and PEM":  func(e *attest.ReportEvidence) { e.Report = append(e.Report, table...) },
		"hex":                       func(e *attest.ReportEvidence) { e.Report = []byte(hex.EncodeToString(e.Report)) },
		"response of the device":    func(e *attest.ReportEvidence) { e.Report = mint.NewDeviceResponse(e.Report).Encode() },
		"the same twice, two files": func(e *attest.ReportEvidence) { e.Certificates = append(s.Chain(), s.Leaf, mint.PEM(s.Leaf)) },
		"a CRL in the table": func(e *attest.ReportEvidence) {
			withCRL := s.Table()
			withCRL.Entries = append(withCRL.Entries, mint.TableEntry{GUID: mint.GUIDCRL, Data: []byte("anything")})
			e.Certificates = [][]byte{withCRL.Encode()}
		},
		"leaf and chain, two files": func(e *attest.ReportEvidence) { e.Certificates = [][]byte{s.Leaf, mint.PEM(s.Intermediate, s.ARK)} },
	} {
		t.Run(name, func(t *testing.T) {
			e := e
			e.Report = bytes.Clone(e.Report)
			change(&e)
			if _, err := s.verifier(t).Verify(e, at); err != nil {
				t.Error(err)
			}
		})
	}
	for name, certs := range map[string][][]byte{
		"none":                    nil,
		"leaf twice in one file":  {mint.PEM(s.Leaf, s.Leaf, s.Intermediate)},
		"two leaves":              {s.Leaf, mint.Evidence("Milan", 3, "vlek").Leaf, s.Intermediate},
		"malformed PEM":           {[]byte("-----BEGIN CERTIFICATE-----\n")},
		"malformed table":         {table[:30]},
		"malformed PEM in table":  {mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDVCEK, Data: []byte("-----BEGIN NOTHING-----\n")}}}.Encode()},
		"empty":                   {{}},
		"text before the PEM":     {append([]byte("leaf:\n"), mint.PEM(s.Leaf, s.Intermediate)...)},
		"only the root, no leaf":  {s.ARK},
		"table without a leaf":    {mint.Table{Entries: []mint.TableEntry{{GUID: mint.GUIDASK, Data: s.Intermediate}}}.Encode()},
		"another leaf's position": {s.Intermediate, s.ARK},
	} {
		t.Run(name, func(t *testing.T) {
			e := e
			e.Certificates = certs
			_, err := s.verifier(t).Verify(e, at)
			rule := map[string]string{"malformed PEM": "CHN-06", "malformed table": "CAR-11", "malformed PEM in table": "CHN-05", "text before the PEM": "CHN-05", "none": "CHN-02"}[name]
			wantError(t, err, "CertChainInvalidError", rule)
		})
	}
}

// TestInputsAreLeftAlone: evidence is not written to, nor kept.
func TestInputsAreLeftAlone(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	e, same := s.evidence(), s.evidence()
	v := s.verifier(t)
	result, err := v.Verify(e, at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(same, e); diff != "" {
		t.Error(diff)
	}
	raw := result.Report.Raw()
	for i := range e.Report {
		e.Report[i] = 0
	}
	clear(e.Certificates[0])
	if result.Report.Raw() != raw {
		t.Error("the result changed with the evidence")
	}
	if _, err := v.Verify(same, at); err != nil {
		t.Error(err)
	}
}

// TestCacheIsNotTheVerdict: with a cache, every refusal stays one, before and
// after the good evidence was seen.
func TestCacheIsNotTheVerdict(t *testing.T) {
	cache := certchain.NewCache(8)
	with := func(s *sample) *attest.ReportVerifier {
		demands, err := policy.New(s.rules)
		if err != nil {
			t.Fatal(err)
		}
		v, err := attest.NewReportVerifier(attest.ReportConfig{
			Policy: policy.Intersect(policy.Default(), demands), AMDRoots: testRoots(t), RequireCRL: true, Cache: cache,
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range 2 {
		for _, sp := range spoilers {
			s := newSample("Milan", 3, "vcek")
			sp.spoil(s)
			_, err := with(s).Verify(s.evidence(), at)
			wantError(t, err, sp.typ, sp.rule)
		}
		s := newSample("Milan", 3, "vcek")
		if _, err := with(s).Verify(s.evidence(), at); err != nil {
			t.Fatal(err)
		}
		_, err := with(s).Verify(s.evidence(), mint.NotAfterLeaf.Add(time.Second))
		wantError(t, err, "CertChainInvalidError", "")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newSample("Milan", 3, "vcek")
	v, e := s.verifier(t), s.evidence()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 4 {
				if _, err := v.Verify(e, at); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
