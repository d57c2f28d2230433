package attest_test

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/jws"
	"github.com/tresorhq/attest/policy"
)

// TestConfigurationIsNoRefusal: who makes a mistake in the configuration is not
// told that an endpoint was refused. The rule is named all the same. The tables
// of packages kds, receipt, releaseroot and transport hold theirs against it.
func TestConfigurationIsNoRefusal(t *testing.T) {
	good := mint.Ed25519Key("release").Public().(ed25519.PublicKey)
	smallOrder := make(ed25519.PublicKey, 32)
	smallOrder[0] = 1
	verifier := func(c attest.Config, roots ...ed25519.PublicKey) error {
		if c.Policy.IsZero() {
			c.Policy = policy.Default()
		}
		_, err := attest.NewVerifier(roots, c)
		return err
	}
	parsed := func(members string) error {
		_, err := policy.Parse([]byte(`{"schema": "attest.policy/v1"` + members))
		return err
	}
	for _, tt := range []struct {
		name, rule string // rule may be empty
		err        error
	}{
		{"no release root", "", verifier(attest.Config{})},
		{"a release root of 31 bytes", "JWK-01", verifier(attest.Config{}, good[:31])},
		{"a release root of small order", "JWK-03", verifier(attest.Config{}, good, smallOrder)},
		{"a release root twice", "", verifier(attest.Config{}, good, good)},
		{"a manifest key of small order", "JWK-03", verifier(attest.Config{ManifestKeys: []ed25519.PublicKey{smallOrder}}, good)},
		{"a manifest key that is a release root", "", verifier(attest.Config{ManifestKeys: []ed25519.PublicKey{good}}, good)},
		{"no policy", "POL-01", second(attest.NewVerifier([]ed25519.PublicKey{good}, attest.Config{}))},
		{"a memory that is a nil pointer", "", verifier(attest.Config{Memory: (*pointerMemory)(nil)}, good)},
		{"empty roots", "", verifier(attest.Config{AMDRoots: new(certchain.Roots)}, good)},
		{"no policy for a report", "POL-01", second(attest.NewReportVerifier(attest.ReportConfig{}))},
		{"empty roots for a report", "", second(attest.NewReportVerifier(attest.ReportConfig{Policy: policy.Default(), AMDRoots: new(certchain.Roots)}))},
		{"a policy file that ends early", "JSN-06", parsed(``)},
		{"a policy file with an unknown member", "JSN-11", parsed(`, "x": 1}`)},
		{"a policy file with a short measurement", "POL-62", parsed(`, "measurements": ["00"]}`)},
		{"rules with a short measurement", "POL-62", second(policy.New(policy.Rules{Measurements: []string{"00"}}))},
		{"a narrower policy with VMPL 4", "POL-72", second(policy.Default().Narrow(policy.Rules{VMPL: new(uint32(4))}))},
		{"no roots", "CHN-60", second(certchain.NewRoots())},
		{"roots of nonsense", "CHN-10", second(certchain.NewRoots([]byte("nonsense")))},
		{"a root that is an ASK", "CHN-61", second(certchain.NewRoots(mint.CACert("SEV-Milan")))},
		{"a root by another's key", "CHN-64", second(certchain.NewRoots(mint.ARK("Milan").Encode(mint.CAKey(mint.OtherCA))))},
		{"a key that is no point", "JWK-04", second(jws.NewEd25519Key(append([]byte{2}, make([]byte, 31)...)))},
		{"a bundle's release root of 31 bytes", "JWK-01", second(attest.OpenBundle(nil, []ed25519.PublicKey{good[:31]}, at))},
	} {
		var refusal attest.AttestationError
		switch {
		case tt.err == nil:
			t.Errorf("%s: accepted", tt.name)
		case errors.As(tt.err, &refusal):
			t.Errorf("%s: %v is an AttestationError, %T", tt.name, tt.err, refusal)
		case configuredRule(tt.err) != tt.rule:
			t.Errorf("%s: %v names %q, want %q", tt.name, tt.err, configuredRule(tt.err), tt.rule)
		}
	}
}

// pointerMemory is a memory whose methods want a pointer.
type pointerMemory struct{ attest.BundleMemory }

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

// configuredRule returns the rule that an error about a configuration names, or "".
func configuredRule(err error) string {
	var named interface{ Rule() string }
	if errors.As(err, &named) {
		return named.Rule()
	}
	return ""
}
