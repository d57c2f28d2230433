package certchain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// realVectors returns the folder of real captures, which are not in this
// repository.
func realVectors(t testing.TB) string {
	dir := os.Getenv("ATTEST_REAL_VECTORS")
	if dir == "" {
		t.Skip("ATTEST_REAL_VECTORS is not set: no real captures to test with")
	}
	return dir
}

type realCase struct {
	name      string
	Product   string    `json:"product"`
	Expect    string    `json:"expect"`
	At        time.Time `json:"verify_at"`
	Kind      string    `json:"signing_key"`
	leaf, pem []byte
	report    []byte // nil: none was captured
}

func realCases(t testing.TB) []realCase {
	dirs, err := filepath.Glob(filepath.Join(realVectors(t), "real", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var cases []realCase
	for _, dir := range dirs {
		c := realCase{name: filepath.Base(dir)}
		text, err := os.ReadFile(filepath.Join(dir, "case.json"))
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if err == nil {
			c.leaf, err = os.ReadFile(filepath.Join(dir, "vek.der"))
		}
		if err == nil {
			c.pem, err = os.ReadFile(filepath.Join(dir, "chain.pem"))
		}
		if err != nil {
			t.Fatal(err)
		}
		c.report, _ = os.ReadFile(filepath.Join(dir, "report.bin"))
		cases = append(cases, c)
	}
	return cases
}

// TestRealChains verifies every captured chain, with AMD's certificates and
// without them, and the reports by the leaf.
func TestRealChains(t *testing.T) {
	for _, c := range realCases(t) {
		t.Run(c.name, func(t *testing.T) {
			sent, err := certchain.SplitPEM(c.pem)
			if err != nil {
				t.Fatal(err)
			}
			alone, err := certchain.Verify([][]byte{c.leaf}, certchain.Builtin(), c.At)
			if err != nil {
				t.Fatal(err)
			}
			chain, err := certchain.Verify(append(sent, c.leaf), certchain.Builtin(), c.At)
			if err != nil {
				t.Fatal(err)
			}
			block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf})
			fromPEM, err := certchain.VerifyPEM(append(block, c.pem...), certchain.Builtin(), c.At)
			if err != nil {
				t.Fatal(err)
			}
			if !certchain.SameFacts(chain, alone) || !certchain.SameFacts(chain, fromPEM) {
				t.Errorf("the same chain in other forms says something else")
			}
			if got := chain.Product.String(); got != c.Product {
				t.Errorf("product %s", got)
			}
			if got := chain.SigningKey.String(); got != c.Kind {
				t.Errorf("signing key %s", got)
			}
			if !chain.IntermediateBuiltin || chain.LeafSHA256 != sha256.Sum256(c.leaf) {
				t.Errorf("chain %+v", chain)
			}
			for _, at := range []time.Time{chain.NotBefore.Add(-time.Second), chain.NotAfter.Add(time.Second)} {
				wantRule(t, "CHN-47", second(certchain.Verify([][]byte{c.leaf}, certchain.Builtin(), at)))
			}
			verifyRealReport(t, c, chain)
		})
	}
}

func verifyRealReport(t *testing.T, c realCase, chain *certchain.Chain) {
	if c.report == nil || c.Expect != "accept" {
		return
	}
	report, err := snpreport.Parse(c.report)
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.VerifyReport(report); err != nil {
		t.Error(err)
	}
	tcb, ok := report.ReportedTCB.For(chain.Product)
	if !ok || !tcb.Equal(chain.TCB) {
		t.Errorf("TCB %v, report %v", chain.TCB, tcb)
	}
	if chain.SigningKey == snpreport.VCEK && chain.HWID != report.ChipID {
		t.Errorf("chip %x, report %x", chain.HWID, report.ChipID)
	}
	if (chain.SigningKey == snpreport.VLEK) != strings.HasPrefix(chain.CSPID, "CN=cc-") {
		t.Errorf("cspID %q", chain.CSPID)
	}
	c.report[0x50] ^= 1
	report, err = snpreport.Parse(c.report)
	if err != nil {
		t.Fatal(err)
	}
	var s *rule.Error
	if err := chain.VerifyReport(report); !errors.As(err, &s) {
		t.Errorf("changed report: %v", err)
	}
}

// TestBuiltinAgainstAMD compares the built-in roots with AMD's certificates.
func TestBuiltinAgainstAMD(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(realVectors(t), "amd", "*.pem"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ders, err := certchain.SplitPEM(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, der := range ders {
			c, err := certchain.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			want, got := certchain.AuthorityOf(c), certchain.BuiltinAuthority(c.Role, c.Product)
			if want != got {
				t.Errorf("%v of %v: built in %+v, certificate %+v", c.Role, c.Product, got, want)
			}
			seen[got.SHA256] = true
			if c.Role == certchain.ARK {
				testRealAnchor(t, c)
			}
		}
	}
	if len(seen) != 9 {
		t.Errorf("saw %d of AMD's certificates", len(seen))
	}
}

// testRealAnchor uses AMD's ARK as a custom root, and as a selection of the
// built-in ones.
func testRealAnchor(t *testing.T, c *certchain.Certificate) {
	custom, err := certchain.NewRoots(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	only := certchain.Builtin().Restrict(c.Raw)
	for _, other := range realCases(t) {
		same := other.Product == c.Product.String()
		sent, _ := certchain.SplitPEM(other.pem)
		if _, err := certchain.Verify(append(sent, other.leaf), custom, other.At); (err == nil) != same {
			t.Errorf("custom %v, %s: %v", c.Product, other.name, err)
		}
		if _, err := certchain.Verify([][]byte{other.leaf}, custom, other.At); err == nil {
			t.Errorf("custom roots used the built-in ASK for %s", other.name)
		}
		if _, err := certchain.Verify([][]byte{other.leaf}, only, other.At); (err == nil) != same {
			t.Errorf("only %v, %s: %v", c.Product, other.name, err)
		}
	}
}

// TestRealMangled changes every byte of a real leaf: nothing may survive.
func TestRealMangled(t *testing.T) {
	for _, c := range realCases(t) {
		if !strings.HasPrefix(c.name, "turin-v5") {
			continue
		}
		for i := range c.leaf {
			der := bytes.Clone(c.leaf)
			der[i] ^= 0x01
			if _, err := certchain.Verify([][]byte{der}, certchain.Builtin(), c.At); err == nil {
				t.Fatalf("accepted with byte %d changed: %s", i, hex.EncodeToString(der))
			}
		}
	}
}
