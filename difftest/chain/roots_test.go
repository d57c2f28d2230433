package chain

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// TestBuiltinRoots holds every number in our table of AMD's keys, as it stands in
// the source, against the certificates that go-sev-guest embeds.
func TestBuiltinRoots(t *testing.T) {
	rows := builtinTable(t)
	if len(rows) != len(mint.CANames) {
		t.Fatalf("%d rows", len(rows))
	}
	for name := range Embedded {
		product, kind, _ := strings.Cut(name, " ")
		intermediate, ark, err := embedded(product, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, der := range [][]byte{intermediate, ark} {
			x, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(der)
			stamp := func(at time.Time) string { return at.UTC().Format("060102150405Z") }
			key := x.PublicKey.(*rsa.PublicKey)
			want := [6]string{
				x.Subject.CommonName, "0" + x.SerialNumber.Text(16), stamp(x.NotBefore), stamp(x.NotAfter),
				hex.EncodeToString(sum[:]), key.N.Text(16),
			}
			if got := rows[x.Subject.CommonName]; got != want || key.E != 65537 {
				t.Errorf("%s: our table has %v, the certificate %v, e %d", name, got, want, key.E)
			}
			if c, err := certchain.ParseCertificate(der); err != nil || c.KeyUsage != usage(x) || c.PathLen != pathLen(x) {
				t.Errorf("%s: %v", x.Subject.CommonName, err)
			}
		}
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

// builtinTable reads the string constants of the rows of amdKeys, by common name.
func builtinTable(t *testing.T) map[string][6]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../certchain/amdkeys.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][6]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		row, ok := n.(*ast.CompositeLit)
		if !ok || row.Type != nil {
			return true
		}
		var values [6]string
		for i, e := range row.Elts {
			values[i] = text(t, e)
		}
		rows[values[0]] = values
		return false
	})
	return rows
}

// text evaluates a string literal, or a sum of them.
func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.BinaryExpr:
		return strings.Join([]string{text(t, e.X), text(t, e.Y)}, "")
	}
	t.Fatalf("%T in the table", e)
	return ""
}
