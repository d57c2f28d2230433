package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

// roots are the synthetic ARKs.
var roots = func() map[snpreport.Product][]byte {
	m := map[snpreport.Product][]byte{}
	for i, p := range snpreport.Products() {
		m[p] = must(certchain.SplitPEM([]byte(fixtures()[i].envelope["vcek_chain_pem"].(string))))[2]
	}
	return m
}()

// FuzzReport: a report in any carrier, certificates in any form and a CRL, to the
// verdict. Accepted are only the reports that a chip signed.
func FuzzReport(f *testing.F) {
	var arks [][]byte
	signed := map[string]bool{}
	s := &seeded{F: f}
	for _, product := range mint.Products {
		e := mint.Evidence(product, 5, "vcek")
		arks = append(arks, e.ARK)
		crl := mint.CRL(product)
		der := crl.Encode(mint.CAKey("ARK-" + product))
		for version := uint32(2); version <= 5; version++ {
			for _, kind := range []string{"vcek", "vlek"} {
				e := mint.Evidence(product, version, kind)
				signed[string(e.Report[:mint.SignedSize])] = true
				s.add(e.Report, e.PEM(), der)
			}
		}
		s.add([]byte(hex.EncodeToString(e.Report)), slices.Concat(e.PEM(), mint.PEM(e.ARK)), []byte{})
		s.addSpliced(e.PEM(), func(b []byte) []any { return []any{e.Report, b, der} })
		s.addSpliced(e.Leaf, func(b []byte) []any { return []any{e.Report, mint.PEM(b, e.Intermediate), der} })
		s.addSpliced(der, func(b []byte) []any { return []any{e.Report, e.PEM(), b} })
	}
	s.enough(500)
	verifier := must(attest.NewReportVerifier(attest.ReportConfig{
		Policy: policy.Default().Relax(policy.Relax{VLEK: true}), AMDRoots: must(certchain.NewRoots(arks...)), Cache: certchain.NewCache(32),
	}))
	f.Fuzz(func(t *testing.T, report, certs, crl []byte) {
		e := attest.ReportEvidence{Report: report, Certificates: [][]byte{certs}}
		if len(crl) > 0 {
			e.CRLs = [][]byte{crl}
		}
		result, err := verifier.Verify(e, now)
		checkOutcome(t, result, err)
		if err == nil {
			if raw := result.Report.Raw(); !signed[string(raw[:mint.SignedSize])] {
				t.Fatal("accepted a report that nobody signed")
			}
		}
	})
}

// FuzzPolicy: a policy file to the verdict on good facts. A policy only ever
// narrows what the default one accepts, save for what it names as relaxed; and
// what it lists is what it accepts.
func FuzzPolicy(f *testing.F) {
	s := &seeded{F: f}
	for i, x := range fixtures() {
		file := policyFile(facts(x.result))
		s.add(byte(i), file)
		s.addSpliced(file, func(b []byte) []any { return []any{byte(i), b} })
	}
	s.enough(200)
	f.Fuzz(func(t *testing.T, which byte, file []byte) {
		p, err := policy.Parse(file)
		if err != nil {
			if !p.IsZero() {
				t.Fatal("a policy with an error")
			}
			return
		}
		x := fixtures()[int(which)%3]
		narrow := policy.Intersect(policy.Default(), p)
		for _, change := range []func(*snpreport.Report){
			func(*snpreport.Report) {},
			func(r *snpreport.Report) { r.GuestPolicy |= snpreport.PolicyDebug },
			func(r *snpreport.Report) { r.VMPL = 1 },
			func(r *snpreport.Report) { r.Measurement[0] ^= 1 },
			func(r *snpreport.Report) { r.ReportedTCB[0]-- },
		} {
			report := x.result.Report
			change(&report)
			given := facts(x.result)
			given.Report = &report
			if !narrow.Evaluate(given).Accepts() {
				continue
			}
			if !policy.Default().Evaluate(given).Accepts() && len(narrow.Relaxed()) == 0 {
				t.Fatal("a policy accepts what the default one does not")
			}
			var other struct {
				Measurements, Products []string
				VMPL                   *uint32
			}
			if err := json.NewDecoder(bytes.NewReader(file)).Decode(&other); err != nil {
				t.Fatalf("accepted, but encoding/json does not read it: %v", err)
			}
			if other.Measurements != nil && !slices.Contains(other.Measurements, hex.EncodeToString(report.Measurement[:])) ||
				other.Products != nil && !slices.Contains(other.Products, given.Product.String()) || other.VMPL != nil && *other.VMPL != report.VMPL {
				t.Fatalf("accepted, but encoding/json reads %+v", other)
			}
		}
	})
}

// policyFile returns a policy file that facts just meet.
func policyFile(f policy.Facts) []byte {
	rules, _ := policy.FromFacts(f)
	text, err := json.Marshal(policy.File{Schema: policy.Schema, Rules: rules})
	if err != nil {
		panic(err)
	}
	return text
}
