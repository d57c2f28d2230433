package azure_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/azure"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/internal/mint/paravisor"
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
func vm() *paravisor.VM { return paravisor.Evidence("Milan", nonce, userData) }

func pcrsOf(a *paravisor.VM) azure.PCRs { return must(azure.SHA256PCRs(a.PCRs)) }

// evidence is what a VM gives out.
func evidence(a *paravisor.VM) azure.Evidence {
	message, signature := a.SignedQuote()
	return azure.Evidence{HCL: a.HCL.Encode(), Certificates: [][]byte{a.PEM()}, Quote: &azure.QuoteEvidence{Message: message, Signature: signature, PCRs: pcrsOf(a)}}
}

// trust makes a configuration of a policy.
func trust(r policy.Rules) attest.ReportConfig {
	return attest.ReportConfig{Policy: must(policy.New(r)), AMDRoots: milan(), Cache: cache}
}

var milan = sync.OnceValue(func() *certchain.Roots { return must(certchain.NewRoots(mint.CACert("ARK-Milan"))) })

var cache = certchain.NewCache(4)

// measured demands the measurement of the VM, and something of Azure.
func measured(a policy.AzureRules) policy.Rules {
	m := vm().Spec.Measurement
	return policy.Rules{Measurements: []string{hex.EncodeToString(m[:])}, Azure: a}
}

// keyedRules demands its ID key.
func keyedRules(a policy.AzureRules) policy.Rules {
	k := vm().Spec.IDKeyDigest
	return policy.Rules{IDBlock: policy.IDBlockRules{IDKeys: []string{hex.EncodeToString(k[:])}}, Azure: a}
}

func hexOf(b []byte) *string { return new(hex.EncodeToString(b)) }

// pcr demands values of one register.
func pcr(bank, index string, values ...[]byte) policy.AzureRules {
	list := []string{}
	for _, v := range values {
		list = append(list, hex.EncodeToString(v))
	}
	return policy.AzureRules{PCRs: policy.AzureRegisters{bank: {index: list}}}
}

// all are demands that vm meets.
func all() policy.AzureRules {
	pcrs := vm().PCRs
	return policy.AzureRules{
		QualifyingData: hexOf(nonce), UserData: hexOf(userData), SecureBoot: true,
		PCRs: policy.AzureRegisters{"sha256": {"4": {hex.EncodeToString(make([]byte, 32)), hex.EncodeToString(pcrs[4])}, "7": {hex.EncodeToString(pcrs[7])}}},
	}
}

func verifier(t testing.TB, demands ...policy.AzureRules) *azure.Verifier {
	t.Helper()
	config := trust(measured(policy.AzureRules{}))
	for _, d := range demands {
		config.Policy = policy.Intersect(config.Policy, must(policy.New(policy.Rules{Azure: d})))
	}
	v, err := azure.NewVerifier(azure.Config{ReportConfig: config})
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
