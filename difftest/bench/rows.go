package main

import (
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"time"

	"github.com/google/go-sev-guest/abi"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/difftest/chain"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/snpreport"
)

const (
	goSevGuest = "go-sev-guest"
	x509Name   = "crypto/x509"
	goJose     = "go-jose"
	netHTTP    = "net/http"
)

// allRows sets everything up. done takes it down.
func allRows() (rows []row, done func(), err error) {
	for _, set := range []func() ([]row, error){parseRows, verifyRows, endpointRows, jwsRows, launchRows, azureRows} {
		more, err := set()
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, more...)
	}
	request, done, err := requestRow()
	if err != nil {
		return nil, nil, err
	}
	return append(rows, request), done, nil
}

// parseRows use the sample that go-sev-guest carries.
func parseRows() ([]row, error) {
	e := difftest.Sample()
	var report snpreport.Report
	return []row{
		{
			name: "parse report",
			ours: contender{run: func() error { return report.UnmarshalBinary(e.Report) }},
			peer: contender{goSevGuest, func() error {
				if _, err := abi.ReportToProto(e.Report); err != nil {
					return err
				}
				return abi.ValidateReportFormat(e.Report)
			}},
		},
		{
			name: "parse certificate",
			ours: contender{run: func() error { _, err := certchain.ParseCertificate(e.Leaf); return err }},
			peer: contender{x509Name, func() error { _, err := x509.ParseCertificate(e.Leaf); return err }},
		},
	}, nil
}

// verifyRows: a report, its leaf and AMD's intermediate, under the roots that are
// built into both. They verify the intermediate each time, we know its digest.
func verifyRows() ([]row, error) {
	e := difftest.Sample()
	intermediate, err := chain.Intermediate(e)
	if err != nil {
		return nil, err
	}
	twin := twinOf(e.Report)
	ours := func(cache *certchain.Cache, certs ...[]byte) func() error {
		v, err := attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default().Relax(policy.Relax{Debug: true}), Cache: cache})
		evidence, next := attest.ReportEvidence{Report: e.Report, Certificates: certs}, twin
		return func() error {
			if err != nil {
				return err
			}
			_, err := v.Verify(evidence, e.At)
			evidence.Report, next = next, evidence.Report
			return err
		}
	}
	p, err := newPrimitives(e, intermediate)
	if err != nil {
		return nil, err
	}
	theirs := contender{goSevGuest, func() error { return chain.TheirsUnder(nil, e) }}
	return []row{
		{
			name: "verify cold",
			ours: contender{run: ours(nil, e.Leaf, intermediate)},
			peer: theirs,
			bare: contender{run: func() error { return first(p.pss(), p.report()) }},
		},
		{
			name: "verify warm",
			ours: contender{run: ours(certchain.NewCache(1), e.Leaf, intermediate)},
			peer: theirs,
			bare: contender{run: func() error { return p.report() }},
		},
	}, nil
}

// twinOf gives a report that differs by the other signature that holds too, (r, n-s).
// A cache of one, which is asked for both in turn, always knows the chain, and never
// the signature.
func twinOf(report []byte) []byte {
	twin := slices.Clone(report)
	s := littleEndian(twin[0x2E8:0x318])
	s.Sub(elliptic.P384().Params().N, s).FillBytes(twin[0x2E8:0x318])
	slices.Reverse(twin[0x2E8:0x318])
	return twin
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// at is the time of the synthetic evidence.
var at = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
