package crl

import (
	"bytes"
	"testing"
	"time"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

func TestDifferences(t *testing.T) {
	if err := Differences.Check(Compare); err != nil {
		t.Error(err)
	}
}

func explain(t *testing.T, der []byte) {
	t.Helper()
	if _, err := Differences.Explain(der, Compare(der)); err != nil {
		t.Fatal(err)
	}
}

// lists are AMD's forms, with and without entries.
func lists() (all [][]byte) {
	for _, product := range mint.Products {
		s := mint.CRL(product)
		all = append(all, s.Encode(unsigned{}))
		s.Revoke(1, 0, 0)
		s.Revoke(0)
		s.Entries[0].Extensions = []mint.Extension{{OID: mint.OIDReasonCode, Value: []byte{0x0a, 1, 4}}}
		s.AddExt(mint.Extension{OID: "1.2.3.4", Value: []byte{5, 0}})
		s.SetAlgorithm(mint.OmittedTrailer().Encode())
		all = append(all, s.Encode(unsigned{}))
	}
	return all
}

// TestMutations changes every byte of lists.
func TestMutations(t *testing.T) {
	for _, der := range lists() {
		if o := Compare(der); o.Ours != difftest.Accepts || !o.Agree() {
			t.Fatalf("%+v", o)
		}
		for i := range len(der) - 512 {
			for _, change := range []byte{0x01, 0x02, 0x80, 0xff} {
				b := bytes.Clone(der)
				b[i] ^= change
				explain(t, b)
			}
		}
	}
}

// TestVerdicts: both use a good list, find what it revokes, and refuse a bad one.
func TestVerdicts(t *testing.T) {
	signer := mint.CAKey("ARK-Milan")
	signed := func(change func(*mint.CRLSpec)) []byte {
		s := mint.CRL("Milan")
		change(&s)
		return s.Encode(signer)
	}
	for name, c := range map[string]struct {
		der []byte
		at  time.Time
		ok  bool
	}{
		"nothing revoked":         {signed(func(*mint.CRLSpec) {}), difftest.At, true},
		"another serial revoked":  {signed(func(s *mint.CRLSpec) { s.Revoke(1, 0, 7) }), difftest.At, true},
		"the serial of leaves":    {signed(func(s *mint.CRLSpec) { s.Revoke(0) }), difftest.At, true},
		"the intermediate":        {signed(func(s *mint.CRLSpec) { s.Revoke(1, 0, 1) }), difftest.At, false},
		"the root":                {signed(func(s *mint.CRLSpec) { s.Revoke(9); s.Revoke(1, 0, 0) }), difftest.At, false},
		"its first second":        {signed(func(*mint.CRLSpec) {}), mint.NotBefore, true},
		"its last second":         {signed(func(*mint.CRLSpec) {}), mint.NotAfterLeaf, true},
		"a second before it":      {signed(func(*mint.CRLSpec) {}), mint.NotBefore.Add(-time.Second), false},
		"a second behind it":      {signed(func(*mint.CRLSpec) {}), mint.NotAfterLeaf.Add(time.Second), false},
		"signed by another":       {mint.CRL("Milan").Encode(mint.CAKey(mint.OtherCA)), difftest.At, false},
		"signed by the ASK":       {mint.CRL("Milan").Encode(mint.CAKey("SEV-Milan")), difftest.At, false},
		"of another product":      {mint.CRL("Genoa").Encode(mint.CAKey("ARK-Genoa")), difftest.At, false},
		"changed after signature": {signed(func(s *mint.CRLSpec) { s.Mangle = func(b []byte) []byte { b[9] ^= 1; return b } }), difftest.At, false},
	} {
		ours, theirs := verdict(c.der, c.at)
		if (ours == nil) != c.ok || (theirs == nil) != c.ok {
			t.Errorf("%s: ours %v, theirs %v", name, ours, theirs)
		}
	}
}

// FuzzCRL: whatever the bytes, both say the same or the table says why not.
func FuzzCRL(f *testing.F) {
	for _, der := range lists() {
		f.Add(der)
	}
	for _, d := range Differences {
		f.Add(d.Example())
	}
	f.Fuzz(explain)
}
