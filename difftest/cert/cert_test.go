package cert

import (
	"bytes"
	"crypto"
	"slices"
	"testing"
	"time"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Error(err)
	}
	if err := ChainDifferences.Check(CompareChain); err != nil {
		t.Error(err)
	}
}

func explain(t *testing.T, der []byte) {
	t.Helper()
	if _, err := Differences.Explain(der, Compare(der)); err != nil {
		t.Fatal(err)
	}
}

// certificates are those of every role and product, and of the real captures.
func certificates(t testing.TB) (all [][]byte) {
	for _, cn := range mint.CANames {
		all = append(all, mint.CACert(cn))
	}
	evidence, err := difftest.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range evidence {
		if !slices.ContainsFunc(all, func(der []byte) bool { return bytes.Equal(der, e.Leaf) }) {
			all = append(all, e.Leaf)
		}
	}
	return all
}

// TestMutations changes every byte of certificates of every kind.
func TestMutations(t *testing.T) {
	for _, der := range certificates(t) {
		if o := Compare(der); o.Ours != difftest.Accepts || !o.Agree() {
			t.Fatalf("%+v", o)
		}
		for i := range len(der) - 512 {
			for _, change := range []byte{0x01, 0x80, 0xff} {
				b := bytes.Clone(der)
				b[i] ^= change
				explain(t, b)
			}
		}
	}
}

// broken are certificates that both refuse, by our rule.
var broken = map[string]func() []byte{
	"CHN-10": vcek(func(s *mint.CertSpec) { s.Trailing = []byte{0} }),
	"CHN-12": vcek(func(s *mint.CertSpec) { s.Serial = []byte{0x80} }),
	"CHN-14": vcek(func(s *mint.CertSpec) { s.OuterAlgorithm = mint.ExplicitTrailer().Encode() }),
	"CHN-18": vcek(func(s *mint.CertSpec) { s.NotAfter.Text = "310230000000Z" }),
	"CHN-24": vcek(func(s *mint.CertSpec) { s.AddExt(*s.Ext(mint.OIDBlSPL)) }),
}

func TestBroken(t *testing.T) {
	for rule, example := range broken {
		if o := Compare(example()); o.Ours != rule || !o.Agree() {
			t.Errorf("%s: ours %s, theirs %s", rule, o.Ours, o.Theirs)
		}
	}
}

// TestChains: both accept a good chain, and refuse what is wrong between two
// certificates or in a signature.
func TestChains(t *testing.T) {
	good := chain(nil, nil)()
	if o := CompareChain(good); o.Ours != difftest.Accepts || !o.Agree() {
		t.Fatalf("%+v", o)
	}
	leaf, intermediate := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan")), mint.ASK("Milan")
	signer := mint.CAKey("SEV-Milan")
	for name, change := range map[string]func(*Chain){
		"a leaf signed by another":   func(c *Chain) { c.Leaf = leaf.Encode(mint.CAKey(mint.OtherCA)) },
		"a leaf signed by the root":  func(c *Chain) { c.Leaf = leaf.Encode(mint.CAKey("ARK-Milan")) },
		"an intermediate of another": func(c *Chain) { c.Intermediate = intermediate.Encode(mint.CAKey(mint.OtherCA)) },
		"another product":            func(c *Chain) { c.Intermediate = mint.CACert("SEV-Genoa") },
		"the authority of VLEKs":     func(c *Chain) { c.Intermediate = mint.CACert("SEV-VLEK-Milan") },
		"another salt": func(c *Chain) {
			c.Leaf = leaf.Encode(mint.PSSSigner{Key: signer, Hash: crypto.SHA384, MGF: crypto.SHA384, SaltLength: 32})
		},
		"another hash": func(c *Chain) {
			c.Leaf = leaf.Encode(mint.PSSSigner{Key: signer, Hash: crypto.SHA256, MGF: crypto.SHA256, SaltLength: 32})
		},
		"another scheme":              func(c *Chain) { c.Leaf = leaf.Encode(mint.PKCS1Signer{Key: signer}) },
		"a second before it is valid": func(c *Chain) { c.At = mint.NotBefore.Add(-time.Second) },
		"a second after it was valid": func(c *Chain) { c.At = mint.NotAfterLeaf.Add(time.Second) },
		"an intermediate that is none": func(c *Chain) {
			*c = chain(nil, func(s *mint.CertSpec) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(false, -1) })()
		},
		"a point off the curve": func(c *Chain) { *c = chain(func(s *mint.CertSpec) { s.SPKI[len(s.SPKI)-1] ^= 1 }, nil)() },
	} {
		c := good
		change(&c)
		if o := CompareChain(c); o.Ours == difftest.Accepts || o.Theirs == difftest.Accepts {
			t.Errorf("%s: %+v", name, o)
		}
	}
	for _, at := range []time.Time{mint.NotBefore, mint.NotAfterLeaf} {
		c := good
		c.At = at
		if o := CompareChain(c); o.Ours != difftest.Accepts || !o.Agree() {
			t.Errorf("the last second at an end: %+v", o)
		}
	}
}

// FuzzCertificate: whatever the bytes, both say the same or the table says why not.
func FuzzCertificate(f *testing.F) {
	for _, der := range certificates(f) {
		f.Add(der)
	}
	for _, example := range broken {
		f.Add(example())
	}
	for _, d := range Differences {
		f.Add(d.Example())
	}
	f.Fuzz(explain)
}
