package chain

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// TestBuiltinRoots holds our files against the certificates that go-sev-guest
// embeds, and what we read from them against crypto/x509.
func TestBuiltinRoots(t *testing.T) {
	ours := map[[32]byte]bool{}
	files, err := filepath.Glob("../../certchain/amd/*.der")
	if err != nil || len(files) != len(mint.CANames) {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ours[sha256.Sum256(der)] = true
	}
	theirs := map[[32]byte]bool{}
	for name := range Embedded {
		product, kind, _ := strings.Cut(name, " ")
		intermediate, ark, err := embedded(product, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, der := range [][]byte{intermediate, ark} {
			sum := sha256.Sum256(der)
			theirs[sum] = true
			x, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if !ours[sum] {
				t.Errorf("%s: %s has SHA-256 %x, and no file of ours does", name, x.Subject.CommonName, sum)
			}
			if c, err := certchain.ParseCertificate(der); err != nil || c.KeyUsage != usage(x) || c.PathLen != pathLen(x) {
				t.Errorf("%s: %v", x.Subject.CommonName, err)
			}
		}
	}
	if len(theirs) != len(ours) {
		t.Errorf("%d certificates of theirs, %d of ours", len(theirs), len(ours))
	}
}

func usage(x *x509.Certificate) (u certchain.KeyUsage) {
	if x.KeyUsage&x509.KeyUsageCertSign != 0 {
		u |= certchain.KeyCertSign
	}
	if x.KeyUsage&x509.KeyUsageCRLSign != 0 {
		u |= certchain.CRLSign
	}
	return u
}

func pathLen(x *x509.Certificate) int {
	if x.MaxPathLen == 0 && !x.MaxPathLenZero {
		return -1
	}
	return x.MaxPathLen
}

// TestBuiltinRootsInUse: the built-in ARK of each product is theirs, and so are
// ASK and ASVK. A leaf that nobody signed is refused for its own signature, which
// is checked only after that of an intermediate.
func TestBuiltinRootsInUse(t *testing.T) {
	for _, product := range snpreport.Products() {
		for kind, cn := range map[string]string{"vcek": "SEV-", "vlek": "SEV-VLEK-"} {
			intermediate, ark, err := embedded(product.String(), kind)
			if err != nil {
				t.Fatal(err)
			}
			roots := certchain.Builtin().Restrict(ark)
			own, err := certchain.NewRoots(ark)
			if err != nil || roots.Empty() {
				t.Fatalf("%v: %v", product, err)
			}
			rogue := mint.Evidence(product.String(), 3, kind).Leaf
			for _, certs := range [][][]byte{{rogue, intermediate, ark}, {rogue}} {
				_, err := certchain.Verify(certs, roots, difftest.At)
				wantRule(t, err, "CHN-52", cn)
			}
			_, err = certchain.Verify([][]byte{rogue, intermediate}, own, difftest.At)
			wantRule(t, err, "CHN-52", cn)
			broken := xor(intermediate, len(intermediate)-1, []byte{1})
			_, err = certchain.Verify([][]byte{rogue, broken}, roots, difftest.At)
			wantRule(t, err, "CHN-51", cn)
		}
	}
}

func wantRule(t *testing.T, err error, id, cn string) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Rule != id {
		t.Errorf("%s: %v, want %s", cn, err, id)
	}
}
