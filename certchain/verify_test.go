package certchain_test

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

func TestVerify(t *testing.T) {
	for _, product := range mint.Products {
		roots := rootsOf(t, product)
		for _, kind := range []string{"vcek", "vlek"} {
			e := mint.Evidence(product, 3, kind)
			chain, err := certchain.Verify(e.Chain(), roots, now)
			if err != nil {
				t.Fatal(err)
			}
			// Without the root, in every order, as PEM: always the same.
			orders := [][][]byte{
				{e.Leaf, e.Intermediate}, {e.Intermediate, e.Leaf}, {e.ARK, e.Intermediate, e.Leaf},
				{e.Intermediate, e.ARK, e.Leaf}, {e.Leaf, e.ARK, e.Intermediate}, {e.ARK, e.Leaf, e.Intermediate},
			}
			for _, certs := range orders {
				for _, verify := range []func() (*certchain.Chain, error){
					func() (*certchain.Chain, error) { return certchain.Verify(certs, roots, now) },
					func() (*certchain.Chain, error) { return certchain.VerifyPEM(mint.PEM(certs...), roots, now) },
				} {
					other, err := verify()
					if err != nil {
						t.Fatal(err)
					}
					if !certchain.SameFacts(chain, other) {
						t.Errorf("%s %s: order changes the facts", product, kind)
					}
				}
			}
			checkChain(t, e, chain)
		}
	}
}

func checkChain(t *testing.T, e *mint.Set, c *certchain.Chain) {
	t.Helper()
	report, err := snpreport.Parse(e.Report)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.VerifyReport(report); err != nil {
		t.Error(err)
	}
	tcb, _ := report.ReportedTCB.For(c.Product)
	if c.Product.String() != e.Product || c.SigningKey.String() != e.Kind || c.TCB != tcb {
		t.Errorf("%v, %v, %v", c.Product, c.SigningKey, c.TCB)
	}
	role, wantHWID, size, csp := certchain.ASK, mint.DefaultChipID(e.Product), len(mint.DefaultHWID(e.Product)), ""
	if e.Kind == "vlek" {
		role, wantHWID, size, csp = certchain.ASVK, [64]byte{}, 0, mint.DefaultCSPID
	}
	if c.HWID != wantHWID || c.HWIDSize != size || c.CSPID != csp {
		t.Errorf("hwID %x (%d), cspID %q", c.HWID, c.HWIDSize, c.CSPID)
	}
	serial := hex.EncodeToString(spec(role, e.Product).Serial)
	if c.IntermediateRole != role || c.IntermediateSerial != serial || c.IntermediateBuiltin {
		t.Errorf("intermediate %v %s, builtin %t", c.IntermediateRole, c.IntermediateSerial, c.IntermediateBuiltin)
	}
	if c.LeafSHA256 != sum(e.Leaf) || c.LeafKeySHA256 != sum(e.LeafSpec.SPKI) || c.IntermediateSHA256 != sum(e.Intermediate) || c.RootSHA256 != sum(e.ARK) {
		t.Error("a hash differs")
	}
	if !c.NotBefore.Equal(mint.NotBefore) || !c.NotAfter.Equal(mint.NotAfterLeaf) {
		t.Errorf("%v to %v", c.NotBefore, c.NotAfter)
	}
}

// A set is a chain to spoil: the specs of its certificates and who signs them.
type set struct {
	leaf, mid, ark        mint.CertSpec
	leafSigner, midSigner mint.Signer
	at                    time.Time
	certs                 func(leaf, mid, ark []byte) [][]byte
	roots                 *certchain.Roots
}

// TestVerifySpoilt spoils one thing of a Milan VCEK's chain.
func TestVerifySpoilt(t *testing.T) {
	other, milan := mint.CAKey(mint.OtherCA), rootsOf(t, "Milan")
	ask, ark := mint.CAKey("SEV-Milan"), mint.CAKey("ARK-Milan")
	caExt := func(oid string, v []byte) func(*set) { return func(s *set) { s.mid.Ext(oid).Value = v } }
	only := func(pick func(leaf, mid, ark []byte) [][]byte) func(*set) { return func(s *set) { s.certs = pick } }
	pss := func(h, mgf crypto.Hash, salt int) mint.Signer {
		return mint.PSSSigner{Key: ask, Hash: h, MGF: mgf, SaltLength: salt}
	}
	genoa := func(role certchain.Role) func(*set) {
		return func(s *set) {
			s.mid, s.midSigner = spec(role, "Genoa"), mint.CAKey("ARK-Genoa")
			s.ark = mint.ARK("Milan")
		}
	}
	rows := []struct {
		name, rule string
		spoil      func(*set)
	}{
		{"as it is", "", func(*set) {}},
		{"no time", "CHN-01", func(s *set) { s.at = time.Time{} }},
		{"nothing sent", "CHN-02", only(func(l, m, a []byte) [][]byte { return nil })},
		{"four certificates", "CHN-02", only(func(l, m, a []byte) [][]byte { return [][]byte{l, m, a, a} })},
		{"ten thousand", "CHN-02", only(func(l, m, a []byte) [][]byte { return make([][]byte, 10000) })},
		{"a certificate that does not parse", "CHN-10", only(func(l, m, a []byte) [][]byte { return [][]byte{l, m[1:], a} })},
		{"an empty certificate", "CHN-09", only(func(l, m, a []byte) [][]byte { return [][]byte{l, nil, a} })},
		// The root or the intermediate in place of the leaf.
		{"no leaf", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{m, a} })},
		{"two ASKs and no leaf", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{m, m} })},
		{"an ASK and two leaves", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{m, l, l} })},
		{"only the root", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{a} })},
		{"the leaf twice", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{l, l, m} })},
		{"VCEK and VLEK", "CHN-40", only(func(l, m, a []byte) [][]byte { return [][]byte{l, mint.Evidence("Milan", 3, "vlek").Leaf, m} })},
		{"the intermediate twice", "CHN-41", only(func(l, m, a []byte) [][]byte { return [][]byte{l, m, m} })},
		{"ASK and ASVK", "CHN-41", only(func(l, m, a []byte) [][]byte { return [][]byte{l, m, mint.CACert("SEV-VLEK-Milan")} })},
		{"the root twice", "CHN-41", only(func(l, m, a []byte) [][]byte { return [][]byte{l, a, a} })},

		// Lesson: the anchor fell back to any product's.
		{"no anchor of the product", "CHN-42", func(s *set) { s.roots = rootsOf(t, "Genoa", "Turin") }},
		{"no roots", "CHN-42", func(s *set) { s.roots = nil }},
		{"zero roots", "CHN-42", func(s *set) { s.roots = new(certchain.Roots) }},
		{"empty selection", "CHN-42", func(s *set) { s.roots = milan.Restrict() }},
		{"other certificates selected", "CHN-42", func(s *set) { s.roots = milan.Restrict(mint.CACert("ARK-Genoa"), mint.CACert("SEV-Milan")) }},
		{"selected", "", func(s *set) { s.roots = milan.Restrict(mint.CACert("ARK-Genoa"), mint.CACert("ARK-Milan")) }},
		// Lesson: a root in the evidence was an anchor because it signs itself.
		{"self-made root", "CHN-43", func(s *set) {
			s.ark.SPKI = mint.SPKI(other.Public())
			s.mid.SPKI, s.midSigner, s.leafSigner = s.ark.SPKI, other, other
		}},
		{"built-in roots, made-up evidence", "CHN-43", func(s *set) { s.roots = certchain.Builtin() }},
		// Lesson: a sent root with the anchor's name and key brought its own dates.
		{"the anchor's key in another root", "CHN-43", func(s *set) { s.ark.NotAfter = mint.At(mint.NotAfterCA.AddDate(0, 0, 1)) }},
		{"the root of another product", "CHN-43", only(func(l, m, a []byte) [][]byte { return [][]byte{l, m, mint.CACert("ARK-Genoa")} })},
		{"no intermediate", "CHN-44", only(func(l, m, a []byte) [][]byte { return [][]byte{l, a} })},

		{"ASVK in place of the ASK", "CHN-45", func(s *set) { s.mid = mint.ASVK("Milan") }},
		{"ASK of another product", "CHN-45", genoa(certchain.ASK)},
		{"issuer of the intermediate", "CHN-46", func(s *set) { s.mid.Issuer = mint.Name("ARK-Genoa") }},
		{"all of another product but the leaf's content", "CHN-31", func(s *set) { s.leaf.Issuer = mint.Name("SEV-Genoa") }},

		{"first second of the leaf", "", func(s *set) { s.leaf.SetValidity(now, mint.NotAfterLeaf) }},
		{"last second of the leaf", "", func(s *set) { s.leaf.SetValidity(mint.NotBefore, now) }},
		{"leaf not yet valid", "CHN-47", func(s *set) { s.leaf.SetValidity(now.Add(time.Second), mint.NotAfterLeaf) }},
		// Lesson: an expired leaf was accepted, only signatures were checked.
		{"leaf expired", "CHN-47", func(s *set) { s.leaf.SetValidity(mint.NotBefore, now.Add(-time.Second)) }},
		{"leaf expired by a nanosecond", "CHN-47", func(s *set) { s.at = mint.NotAfterLeaf.Add(1) }},
		{"first second of the intermediate", "", func(s *set) { s.mid.SetValidity(now, mint.NotAfterCA) }},
		{"last second of the intermediate", "", func(s *set) { s.mid.SetValidity(mint.NotBefore, now) }},
		{"intermediate not yet valid", "CHN-47", func(s *set) { s.mid.SetValidity(now.Add(time.Second), mint.NotAfterCA) }},
		{"intermediate expired", "CHN-47", func(s *set) { s.mid.SetValidity(mint.NotBefore, now.Add(-time.Second)) }},
		{"anchor expired", "CHN-47", func(s *set) { s.changeAnchor(mint.NotBefore, now.Add(-time.Second)) }},
		{"anchor not yet valid", "CHN-47", func(s *set) { s.changeAnchor(now.Add(time.Second), mint.NotAfterCA) }},
		{"last second of the anchor", "", func(s *set) { s.changeAnchor(mint.NotBefore, now) }},

		{"intermediate without CA bit", "CHN-48", caExt(mint.OIDBasicConstraints, mint.BasicConstraints(false, -1))},
		{"intermediate without pathLen", "CHN-49", caExt(mint.OIDBasicConstraints, mint.BasicConstraints(true, -1))},
		{"intermediate with pathLen 1", "CHN-49", caExt(mint.OIDBasicConstraints, mint.BasicConstraints(true, 1))},
		{"intermediate without keyCertSign", "CHN-50", caExt(mint.OIDKeyUsage, mint.KeyUsage(0))},
		{"intermediate for CRLs", "CHN-50", caExt(mint.OIDKeyUsage, mint.KeyUsage(0x02))},
		{"intermediate for CRLs too", "CHN-50", caExt(mint.OIDKeyUsage, mint.KeyUsage(0x06))},
		{"intermediate for signatures too", "CHN-50", caExt(mint.OIDKeyUsage, mint.KeyUsage(0x84))},

		{"intermediate by another key", "CHN-51", func(s *set) { s.midSigner = other }},
		{"intermediate by itself", "CHN-51", func(s *set) { s.midSigner = ask }},
		{"intermediate by another product's root", "CHN-51", func(s *set) { s.midSigner = mint.CAKey("ARK-Genoa") }},
		{"intermediate with another key, the rest AMD's", "CHN-51", func(s *set) {
			s.mid.Mangle = func([]byte) []byte { return ark.Sign(mint.ASK("Milan").TBS()) }
			s.mid.SPKI = mint.SPKI(other.Public())
		}},
		{"leaf by another key", "CHN-52", func(s *set) { s.leafSigner = other }},
		{"leaf by the root", "CHN-52", func(s *set) { s.leafSigner = ark }},
		{"leaf by the ASVK", "CHN-52", func(s *set) { s.leafSigner = mint.CAKey("SEV-VLEK-Milan") }},
		{"leaf by PKCS #1 v1.5", "CHN-52", func(s *set) { s.leafSigner = mint.PKCS1Signer{Key: ask} }},
		{"leaf by PSS with SHA-256", "CHN-52", func(s *set) { s.leafSigner = pss(crypto.SHA256, crypto.SHA256, 48) }},
		{"leaf by PSS, MGF1 with SHA-256", "CHN-52", func(s *set) { s.leafSigner = pss(crypto.SHA384, crypto.SHA256, 48) }},
		// The parameters say 48: a signature with another salt is not AMD's.
		{"leaf by PSS with a salt of 32", "CHN-52", func(s *set) { s.leafSigner = pss(crypto.SHA384, crypto.SHA384, 32) }},
		{"leaf by PSS with a salt of 0", "CHN-52", func(s *set) { s.leafSigner = pss(crypto.SHA384, crypto.SHA384, 0) }},
		{"signature of zeros", "CHN-52", func(s *set) { s.leafSigner = unsigned{} }},
		{"leaf's point off the curve", "CHN-53", func(s *set) { s.leaf.SPKI = offCurve(s.leaf.SPKI) }},
		{"old encoding in a leaf", "", func(s *set) { s.leaf.SetAlgorithm(mint.ExplicitTrailer().Encode()) }},
		{"new encoding in an intermediate", "", func(s *set) { s.mid.SetAlgorithm(mint.OmittedTrailer().Encode()) }},
		{"another ASK that the anchor signed", "", func(s *set) {
			s.mid.Serial, s.mid.SPKI, s.leafSigner = []byte{1, 0, 9}, mint.SPKI(other.Public()), other
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := &set{
				leaf: spec(certchain.VCEK, "Milan"), mid: mint.ASK("Milan"), ark: mint.ARK("Milan"),
				leafSigner: ask, midSigner: ark, at: now, roots: milan,
				certs: func(l, m, a []byte) [][]byte { return [][]byte{l, m, a} },
			}
			row.spoil(s)
			certs := s.certs(encode(s.leaf, s.leafSigner), encode(s.mid, s.midSigner), encode(s.ark, ark))
			chain, err := certchain.Verify(certs, s.roots, s.at)
			wantRule(t, row.rule, err)
			if err == nil {
				return
			}
			var e *rule.Error
			if chain != nil || !errors.As(err, &e) || e.Where == "" {
				t.Errorf("chain %v, error %v", chain, err)
			}
			if _, err := certchain.NewCache(4).Verify(certs, s.roots, s.at); err == nil {
				t.Error("accepted with a memory")
			}
		})
	}
}

func (s *set) changeAnchor(notBefore, notAfter time.Time) {
	s.ark.SetValidity(notBefore, notAfter)
	s.roots, _ = certchain.NewRoots(s.ark.Encode(mint.CAKey("ARK-Milan")))
}

// offCurve changes the last byte of the point.
func offCurve(spki []byte) []byte {
	spki = bytes.Clone(spki)
	spki[len(spki)-1] ^= 1
	return spki
}

// TestErrorOrder: of two faults the one that SPEC.md section 5 names first is
// reported.
func TestErrorOrder(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	milan, ark := rootsOf(t, "Milan"), mint.CAKey("ARK-Milan")
	badMid := mint.ASK("Milan")
	badMid.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 3)
	badMid.Issuer = mint.Name("ARK-Genoa")
	otherRoot := mint.ARK("Milan")
	otherRoot.Serial = []byte{9}
	late := mint.NotAfterCA.AddDate(1, 0, 0)
	for _, row := range []struct {
		rule  string
		certs [][]byte
		roots *certchain.Roots
		at    time.Time
	}{
		{"CHN-01", nil, nil, time.Time{}},
		{"CHN-02", make([][]byte, 4), nil, now},
		{"CHN-09", [][]byte{nil, {0x30}}, nil, now},
		{"CHN-10", [][]byte{{0x30}, nil}, nil, now},
		{"CHN-40", [][]byte{e.ARK}, nil, now},
		{"CHN-42", [][]byte{e.Leaf, otherRoot.Encode(unsigned{})}, rootsOf(t, "Genoa"), now},
		{"CHN-43", [][]byte{e.Leaf, otherRoot.Encode(unsigned{})}, milan, now},
		{"CHN-44", [][]byte{e.Leaf, e.ARK}, milan, late},
		{"CHN-45", [][]byte{e.Leaf, mint.ASVK("Genoa").Encode(unsigned{})}, milan, late},
		{"CHN-46", [][]byte{e.Leaf, badMid.Encode(unsigned{})}, milan, late},
		{"CHN-47", [][]byte{e.LeafSpec.Encode(unsigned{}), e.Intermediate}, milan, late},
		{"CHN-51", [][]byte{e.LeafSpec.Encode(unsigned{}), mint.ASK("Milan").Encode(unsigned{})}, milan, now},
		{"CHN-52", [][]byte{e.LeafSpec.Encode(unsigned{}), mint.ASK("Milan").Encode(ark)}, milan, now},
	} {
		wantRule(t, row.rule, second(certchain.Verify(row.certs, row.roots, row.at)))
	}
	// Of the three dates, the leaf's comes first.
	for role, at := range map[string]time.Time{"VCEK": late, "ASK": now} {
		mid := mint.ASK("Milan")
		mid.SetValidity(mint.NotBefore, now.Add(-time.Second))
		_, err := certchain.Verify([][]byte{e.Leaf, mid.Encode(ark)}, milan, at)
		var c *rule.Error
		if !errors.As(err, &c) || c.Rule != "CHN-47" || c.Where != role+": validity" {
			t.Errorf("at %v: %v, want %s", at, err, role)
		}
	}
}

// TestChainZero: only a verified chain verifies reports.
func TestChainZero(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	report, err := snpreport.Parse(e.Report)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := certchain.Verify(e.Chain(), rootsOf(t, "Milan"), now)
	if err != nil {
		t.Fatal(err)
	}
	made := certchain.Chain{Product: chain.Product, SigningKey: chain.SigningKey, TCB: chain.TCB, LeafSHA256: chain.LeafSHA256}
	wantRule(t, "RPT-20", made.VerifyReport(report))
	wantRule(t, "RPT-20", (*certchain.Chain)(nil).VerifyReport(report))
	wantRule(t, "RPT-21", chain.VerifyReport(nil))
	other, err := snpreport.Parse(mint.Evidence("Milan", 3, "vlek").Report)
	if err != nil {
		t.Fatal(err)
	}
	wantRule(t, "RPT-23", chain.VerifyReport(other))
	changed := *chain
	changed.Product, changed.HWID = snpreport.Turin, [64]byte{1}
	wantRule(t, "", changed.VerifyReport(report)) // the key is what counts, and nobody can set it
}

// TestInputUnchanged: Verify reads what it is given, and keeps none of it.
func TestInputUnchanged(t *testing.T) {
	e := mint.Evidence("Turin", 5, "vcek")
	certs := e.Chain()
	before := [][]byte{bytes.Clone(certs[0]), bytes.Clone(certs[1]), bytes.Clone(certs[2])}
	chain, err := certchain.Verify(certs, rootsOf(t, "Turin"), now)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(certs, before, bytes.Equal) {
		t.Error("the input was written to")
	}
	facts := *chain
	for _, der := range certs {
		clear(der)
	}
	checkChain(t, mint.Evidence("Turin", 5, "vcek"), &facts)
}
