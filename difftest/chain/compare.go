// Package chain compares the verdict on a report with its certificates: ours up
// to step 12 of SPEC.md, and that of verify and validate of go-sev-guest.
package chain

import (
	"encoding/pem"
	"fmt"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/validate"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
)

// Compare asks both whether evidence is genuine. Neither gets a policy: of
// theirs everything is permitted that can be, of ours the steps behind the
// endorsement are left out.
func Compare(e difftest.Evidence) difftest.Outcome {
	rule, err := Ours(e)
	o := difftest.Outcome{Ours: rule}
	var theirs error
	o.Theirs, theirs = difftest.Call(func() error { return Theirs(e) })
	o.Detail = fmt.Sprintf("%s\nours: %v\ntheirs: %v\nreport: %x\nleaf: %x\nintermediate: %x", e.Name, err, theirs, e.Report, e.Leaf, e.Intermediate)
	return o
}

// endorsement is the last step that is about being genuine.
const endorsement = 12

// Ours verifies with our code. It returns Accepts, or the rule that is broken.
func Ours(e difftest.Evidence) (rule string, err error) {
	c := attest.ReportConfig{Policy: policy.Default()}
	if e.Synthetic {
		if c.AMDRoots, err = certchain.NewRoots(mint.CACert("ARK-" + e.Product)); err != nil {
			return "no roots", err
		}
	}
	v, err := attest.NewReportVerifier(c)
	if err != nil {
		return "no verifier", err
	}
	certs := [][]byte{e.Leaf}
	if len(e.Intermediate) > 0 {
		certs = append(certs, e.Intermediate)
	}
	audit := v.Audit(attest.ReportEvidence{Report: e.Report, Certificates: certs}, e.At)
	for _, check := range audit.Checks[:endorsement] {
		if check.Status == attest.Fail {
			return check.Requirement, audit.Err
		}
	}
	return difftest.Accepts, nil
}

// Theirs verifies with go-sev-guest, without a network.
func Theirs(e difftest.Evidence) error {
	roots, err := theirRoots(e)
	if err != nil {
		return err
	}
	return TheirsUnder(roots, e)
}

// TheirsUnder is Theirs with roots that are parsed already; nil: those that they
// embed.
func TheirsUnder(roots map[string][]*trust.AMDRootCerts, e difftest.Evidence) error {
	attestation, err := Attestation(e)
	if err != nil {
		return err
	}
	if err := verify.SnpAttestation(attestation, &verify.Options{DisableCertFetching: true, Now: e.At, TrustedRoots: roots}); err != nil {
		return err
	}
	return validate.SnpAttestation(attestation, Permissive())
}

// Attestation is evidence in the form that they take.
func Attestation(e difftest.Evidence) (*sevsnp.Attestation, error) {
	report, err := abi.ReportToProto(e.Report)
	if err != nil {
		return nil, err
	}
	chain := &sevsnp.CertificateChain{AskCert: e.Intermediate}
	if e.Kind == "vlek" {
		chain.VlekCert = e.Leaf
	} else {
		chain.VcekCert = e.Leaf
	}
	return &sevsnp.Attestation{Report: report, CertificateChain: chain}, nil
}

// Permissive are options that permit all that can be. What validate still checks
// is not a matter of choice.
func Permissive() *validate.Options {
	return &validate.Options{
		GuestPolicy:               abi.SnpPolicy{SMT: true, MigrateMA: true, Debug: true, CXLAllowed: true},
		PermitProvisionalFirmware: true,
	}
}

// theirRoots trust the intermediate that was sent only as far as the root signed
// it: they know no other way to use one.
func theirRoots(e difftest.Evidence) (map[string][]*trust.AMDRootCerts, error) {
	ask, ark, err := authorities(e)
	if err != nil {
		return nil, err
	}
	root := trust.AMDRootCertsProduct(e.Product)
	if err := root.Decode(ask, ark); err != nil {
		return nil, err
	}
	return map[string][]*trust.AMDRootCerts{e.Product: {root}}, nil
}

// authorities returns the intermediate and the root for their verification: the
// embedded ones for real evidence.
func authorities(e difftest.Evidence) (ask, ark []byte, err error) {
	if e.Synthetic {
		return e.Intermediate, mint.CACert("ARK-" + e.Product), nil
	}
	ask, ark, err = embedded(e.Product, e.Kind)
	if len(e.Intermediate) > 0 {
		ask = e.Intermediate
	}
	return ask, ark, err
}

// embedded returns the DER of the certificates that go-sev-guest carries. Its own
// ParseProductCertChain stumbles over the line break behind some of them.
func embedded(product, kind string) (intermediate, ark []byte, err error) {
	first, rest := pem.Decode(Embedded[product+" "+kind])
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, nil, fmt.Errorf("no embedded roots for %s %s", product, kind)
	}
	return first.Bytes, second.Bytes, nil
}

// Embedded are the certificates that go-sev-guest carries, by product and kind of
// leaf: AS(V)K and ARK in PEM.
var Embedded = map[string][]byte{
	"Milan vcek": trust.AskArkMilanVcekBytes,
	"Milan vlek": trust.AskArkMilanVlekBytes,
	"Genoa vcek": trust.AskArkGenoaVcekBytes,
	"Genoa vlek": trust.AskArkGenoaVlekBytes,
	"Turin vcek": trust.AskArkTurinVcekBytes,
	"Turin vlek": trust.AskArkTurinVlekBytes,
}

// Intermediate returns the certificate between the leaf and the root of real
// evidence.
func Intermediate(e difftest.Evidence) ([]byte, error) {
	intermediate, _, err := embedded(e.Product, e.Kind)
	return intermediate, err
}
