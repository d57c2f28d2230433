package azure_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/policy"
	"github.com/tresorhq/attest/rule"
)

var (
	at       = mint.NotBefore.Add(24 * time.Hour)
	nonce    = []byte("challenge")
	userData = []byte("what the guest put in")
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// vm is an Azure VM in which nothing is wrong.
func vm() *mint.AzureSet { return mint.Azure("Milan", nonce, userData) }

func pcrsOf(a *mint.AzureSet) azure.PCRs { return must(azure.SHA256PCRs(a.PCRs)) }

// evidence is what a VM gives out.
func evidence(a *mint.AzureSet) azure.Evidence {
	message, signature := a.SignedQuote()
	return azure.Evidence{HCL: a.HCL.Encode(), Certificates: [][]byte{a.PEM()}, Quote: &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: pcrsOf(a)}}
}

// trust demands the measurement of the VM.
func trust(r policy.Rules) attest.ReportConfig {
	return attest.ReportConfig{Policy: must(policy.New(r)), AMDRoots: must(certchain.NewRoots(mint.CACert("ARK-Milan"))), Cache: cache}
}

var cache = certchain.NewCache(4)

func measured() policy.Rules {
	m := vm().Spec.Measurement
	return policy.Rules{Measurements: []string{hex.EncodeToString(m[:])}}
}

// all are demands that vm meets.
func all() azure.Demands {
	pcrs := pcrsOf(vm())
	four, seven := azure.Register{Bank: azure.SHA256, Index: 4}, azure.Register{Bank: azure.SHA256, Index: 7}
	return azure.Demands{
		QualifyingData: nonce, UserData: userData, SecureBoot: true, Quote: true,
		PCRs: map[azure.Register][][]byte{four: {make([]byte, 32), pcrs[four]}, seven: {pcrs[seven]}},
	}
}

func verifier(t testing.TB, demands ...azure.Demands) *azure.Verifier {
	t.Helper()
	v, err := azure.NewVerifier(azure.Config{ReportConfig: trust(measured()), Demands: demands})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ruleOf(err error) string {
	var d rule.Detailed
	if errors.As(err, &d) {
		return d.Details().Rule
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// checkError holds an error against the type and the rule that must come.
func checkError(t *testing.T, name string, err error, wantType, wantRule string) {
	t.Helper()
	if attest.ErrorType(err) != wantType || ruleOf(err) != wantRule {
		t.Errorf("%s: got %s %s, want %s %s: %v", name, attest.ErrorType(err), ruleOf(err), wantType, wantRule, err)
	}
}

func flipped(b []byte, bit int) []byte {
	b = bytes.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// configRule returns the rule that a configuration breaks.
func configRule(err error) string {
	var c *rule.ConfigError
	if errors.As(err, &c) {
		return c.Rule()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
