package certchain_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

// TestCRLCheck is about a chain of Milan and its CRL.
func TestCRLCheck(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	milan, ark := rootsOf(t, "Milan"), mint.CAKey("ARK-Milan")
	vcek, err := certchain.Verify(e.Chain(), milan, now)
	if err != nil {
		t.Fatal(err)
	}
	vlek, err := certchain.Verify(mint.Evidence("Milan", 3, "vlek").Chain(), milan, now)
	if err != nil {
		t.Fatal(err)
	}
	noCRLSign := mint.ARK("Milan")
	noCRLSign.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x04)
	weakDER := noCRLSign.Encode(ark)
	weak, err := certchain.NewRoots(weakDER)
	if err != nil {
		t.Fatal(err)
	}
	weakChain, err := certchain.Verify([][]byte{e.Leaf, e.Intermediate}, weak, now)
	if err != nil {
		t.Fatal(err)
	}
	// The fields are a caller's to write, and no method reads them.
	written := *vcek
	written.IntermediateSerial, written.IntermediateRole = "00", certchain.ASVK
	written.Product, written.RootSHA256 = snpreport.Genoa, [32]byte{1}
	ask, asvk, root := mint.ASK("Milan").Serial, mint.ASVK("Milan").Serial, mint.ARK("Milan").Serial

	for _, row := range []struct {
		name, rule string
		spoil      func(*mint.CRLSpec)
		signer     mint.Signer
		chain      *certchain.Chain
		roots      *certchain.Roots
		at         time.Time
	}{
		{name: "nothing revoked"},
		{name: "others revoked", spoil: func(s *mint.CRLSpec) { s.Revoke(7); s.Revoke(asvk...) }},
		{name: "the chain is a VLEK's", chain: vlek, spoil: func(s *mint.CRLSpec) { s.Revoke(ask...) }},
		{name: "old encoding", spoil: func(s *mint.CRLSpec) { s.SetAlgorithm(mint.ExplicitTrailer().Encode()) }},
		{name: "new encoding", spoil: func(s *mint.CRLSpec) { s.SetAlgorithm(mint.OmittedTrailer().Encode()) }},
		// Every leaf has serial 0: a list that names it says nothing about this one.
		{name: "serial number 0", spoil: func(s *mint.CRLSpec) { s.Revoke(0) }},
		{name: "first second", at: mint.NotBefore}, {name: "last second", at: mint.NotAfterLeaf},
		{name: "no time", rule: "CRL-15", at: time.Unix(0, 0)},
		{name: "chain not verified", rule: "CRL-16", chain: &certchain.Chain{Product: vcek.Product, RootSHA256: vcek.RootSHA256}},
		{name: "other roots", rule: "CRL-16", roots: rootsOf(t, "Genoa")},
		{name: "another root of the product", rule: "CRL-16", roots: weak},
		{name: "fields written", chain: &written},
		{name: "fields written, ASK revoked", rule: "CRL-21", chain: &written, spoil: func(s *mint.CRLSpec) { s.Revoke(ask...) }},
		{name: "of another product", rule: "CRL-17", spoil: func(s *mint.CRLSpec) { *s = mint.CRL("Genoa") }, signer: mint.CAKey("ARK-Genoa")},
		// Lesson: the list was checked with the key of the ASK.
		{name: "signed by the ASK", rule: "CRL-18", signer: mint.CAKey("SEV-Milan")},
		{name: "signed by another product's root", rule: "CRL-18", signer: mint.CAKey("ARK-Genoa")},
		{name: "signed by nobody", rule: "CRL-18", signer: unsigned{}},
		{name: "signed with a salt of 32", rule: "CRL-18", signer: mint.PSSSigner{Key: ark, Hash: 6, MGF: 6, SaltLength: 32}},
		{name: "anchor without cRLSign", rule: "CRL-19", chain: weakChain, roots: weak},
		{name: "not yet", rule: "CRL-20", at: mint.NotBefore.Add(-1)},
		// Lesson: a stale list was accepted after it had been fetched.
		{name: "no longer", rule: "CRL-20", at: mint.NotAfterLeaf.Add(1)},
		{name: "ASK revoked", rule: "CRL-21", spoil: func(s *mint.CRLSpec) { s.Revoke(7); s.Revoke(ask...); s.Revoke(8) }},
		{name: "ARK revoked", rule: "CRL-21", spoil: func(s *mint.CRLSpec) { s.Revoke(7); s.Revoke(root...) }},
		// Lesson: the serial number of an ASVK was never looked up.
		{name: "ASVK revoked", rule: "CRL-21", chain: vlek, spoil: func(s *mint.CRLSpec) { s.Revoke(asvk...) }},
		{name: "ASK removed from the list", rule: "CRL-21", spoil: func(s *mint.CRLSpec) {
			s.Revoke(ask...)
			s.Entries[0].Extensions = []mint.Extension{{OID: mint.OIDReasonCode, Value: []byte{0x0a, 1, 8}}}
		}},
		{name: "revoked and stale", rule: "CRL-20", at: mint.NotAfterLeaf.Add(1), spoil: func(s *mint.CRLSpec) { s.Revoke(ask...) }},
		{name: "revoked and forged", rule: "CRL-18", signer: unsigned{}, spoil: func(s *mint.CRLSpec) { s.Revoke(ask...) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, signer, chain, roots, at := mint.CRL("Milan"), row.signer, row.chain, row.roots, row.at
			if row.spoil != nil {
				row.spoil(&s)
			}
			if signer == nil {
				signer = ark
			}
			if chain == nil {
				chain = vcek
			}
			if roots == nil {
				roots = milan
			}
			switch {
			case at.IsZero():
				at = now
			case at.Unix() == 0:
				at = time.Time{}
			}
			der := s.Encode(signer)
			crl, err := certchain.ParseCRL(der)
			if err != nil {
				t.Fatal(err)
			}
			// What is left to the caller changes nothing.
			clear(der)
			crl.NextUpdate, crl.ThisUpdate, crl.Product = now.AddDate(100, 0, 0), time.Time{}, 0
			err = crl.Check(chain, roots, at)
			wantRule(t, row.rule, err)
			var r *certchain.RevokedError
			if errors.As(err, &r) != (row.rule == "CRL-21") {
				t.Errorf("%T", err)
			}
			if row.rule == "CRL-20" && !strings.Contains(err.Error(), "got "+at.Format(time.RFC3339Nano)+" [") {
				t.Errorf("%v does not tell a nanosecond", err)
			}
			if r != nil && (r.Role == 0 || r.Serial == "" || !strings.Contains(err.Error(), r.Serial)) {
				t.Errorf("%+v", r)
			}
		})
	}
	wantRule(t, "CRL-16", (*certchain.CRL)(nil).Check(vcek, milan, now))
	wantRule(t, "CRL-16", new(certchain.CRL).Check(nil, milan, now))
	wantRule(t, "CRL-16", new(certchain.CRL).Check(vcek, nil, now))
	wantRule(t, "CRL-17", new(certchain.CRL).Check(vcek, milan, now))
}

// TestRevokedSerialOfTable: an intermediate that was not sent is looked up by
// the serial number of the table.
func TestRevokedSerialOfTable(t *testing.T) {
	for _, c := range realCases(t) {
		chain, err := certchain.Verify([][]byte{c.leaf}, certchain.Builtin(), c.At)
		if err != nil {
			t.Fatal(err)
		}
		s := mint.CRL(c.Product)
		crl, err := certchain.ParseCRL(s.Encode(unsigned{}))
		if err != nil {
			t.Fatal(err)
		}
		wantRule(t, "CRL-18", crl.Check(chain, certchain.Builtin(), c.At))
		if want := spec(chain.IntermediateRole, c.Product).Serial; chain.IntermediateSerial != hex.EncodeToString(want) {
			t.Errorf("%s: serial %s", c.name, chain.IntermediateSerial)
		}
	}
}

// TestRevokedRoles: under each kind of leaf, exactly its own intermediate and the
// anchor count.
// Rules: CRL-21.
func TestRevokedRoles(t *testing.T) {
	serials := map[certchain.Role][]byte{
		certchain.ARK: mint.ARK("Milan").Serial, certchain.ASK: mint.ASK("Milan").Serial, certchain.ASVK: mint.ASVK("Milan").Serial,
	}
	roots := rootsOf(t, "Milan")
	for kind, intermediate := range map[string]certchain.Role{"vcek": certchain.ASK, "vlek": certchain.ASVK} {
		chain, err := certchain.Verify(mint.Evidence("Milan", 3, kind).Chain(), roots, now)
		if err != nil {
			t.Fatal(err)
		}
		for role, serial := range serials {
			s := mint.CRL("Milan")
			s.Revoke(serial...)
			crl, err := certchain.ParseCRL(s.Encode(mint.CAKey("ARK-Milan")))
			if err != nil {
				t.Fatal(err)
			}
			err = crl.Check(chain, roots, now)
			if role != intermediate && role != certchain.ARK {
				wantRule(t, "", err)
				continue
			}
			var revoked *certchain.RevokedError
			if !errors.As(err, &revoked) || revoked.Role != role || revoked.Serial != hex.EncodeToString(serial) || revoked.Requirement() != "CRL-21" {
				t.Errorf("%s, %v revoked: %v", kind, role, err)
			}
		}
	}
}

// TestRevokedNearMiss: a serial number is another one when it only begins or ends
// like that of the chain, or has a byte more.
// Rules: CRL-21.
func TestRevokedNearMiss(t *testing.T) {
	roots := rootsOf(t, "Milan")
	for _, own := range [][]byte{mint.ASK("Milan").Serial, mint.ARK("Milan").Serial} {
		near := [][]byte{
			own[:len(own)-1], own[len(own)-1:], own[1:], // begins, ends like it
			append(bytes.Clone(own), 0), append([]byte{1}, own...), append([]byte{1, 0}, own...),
			{own[0], own[1], own[2] ^ 0x80}, {own[0] ^ 0x40, own[1], own[2]}, {own[2], own[1], own[0]},
		}
		chain, err := certchain.Verify(mint.Evidence("Milan", 3, "vcek").Chain(), roots, now)
		if err != nil {
			t.Fatal(err)
		}
		s := mint.CRL("Milan")
		for _, serial := range near {
			serial = bytes.TrimLeft(serial, "\x00")
			if len(serial) > 0 && !bytes.Equal(serial, mint.ASK("Milan").Serial) && !bytes.Equal(serial, mint.ARK("Milan").Serial) {
				s.Revoke(serial...)
			}
		}
		if len(s.Entries) < 6 {
			t.Fatalf("%d entries", len(s.Entries))
		}
		check := func(s mint.CRLSpec) error {
			crl, err := certchain.ParseCRL(s.Encode(mint.CAKey("ARK-Milan")))
			if err != nil {
				t.Fatal(err)
			}
			return crl.Check(chain, roots, now)
		}
		wantRule(t, "", check(s))
		s.Revoke(own...) // behind all of them
		wantRule(t, "CRL-21", check(s))
	}
}

// TestRealCRLs reads AMD's own lists: good for chains of their product within their
// time, with what is known to be revoked. CRL-20 names the nanosecond behind it.
func TestRealCRLs(t *testing.T) {
	folder := filepath.Join(realVectors(t), "crl")
	for name, want := range map[string]struct {
		product snpreport.Product
		number  string
		from    string
		serials []string
	}{
		"milan-crl-6.der": {snpreport.Milan, "6", "2025-05-06", nil},
		"genoa-crl-4.der": {snpreport.Genoa, "4", "2024-10-23", []string{"020001"}},
	} {
		der, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		crl, err := certchain.ParseCRL(der)
		if err != nil {
			t.Fatal(err)
		}
		if crl.Product != want.product || crl.Number != want.number || crl.ThisUpdate.Format(time.DateOnly) != want.from || !slices.Equal(crl.Serials(), want.serials) {
			t.Errorf("%s: %v number %s from %v, %v", name, crl.Product, crl.Number, crl.ThisUpdate, crl.Serials())
		}
		chains := 0
		for _, c := range realCases(t) {
			for _, row := range []struct {
				at   time.Time
				rule string
			}{
				{crl.ThisUpdate, ""}, {crl.NextUpdate, ""}, {crl.ThisUpdate.Add(-1), "CRL-20"}, {crl.NextUpdate.Add(1), "CRL-20"},
			} {
				chain, err := certchain.Verify([][]byte{c.leaf}, certchain.Builtin(), row.at)
				if err != nil { // its leaf is younger
					continue
				}
				if c.Product != want.product.String() {
					row.rule = "CRL-17"
				}
				err = crl.Check(chain, certchain.Builtin(), row.at)
				wantRule(t, row.rule, err)
				if row.rule == "CRL-20" && !strings.Contains(err.Error(), row.at.Format(time.RFC3339Nano)) {
					t.Errorf("%s: %v", name, err)
				}
				chains++
			}
		}
		if chains == 0 {
			t.Errorf("%s: no chain of its time", name)
		}
	}
}

// TestKnownRevoked: what AMD is known to have revoked is refused without any list, by
// the product and the serial number that were verified.
// Rules: CRL-23.
func TestKnownRevoked(t *testing.T) {
	for _, row := range []struct {
		product, kind, rule string
		serial              []byte
	}{
		{"Genoa", "vcek", "CRL-23", []byte{2, 0, 1}},
		{"Genoa", "vlek", "CRL-23", []byte{2, 0, 1}},
		{"Genoa", "vcek", "", []byte{2, 0, 2}},
		{"Genoa", "vcek", "", []byte{2, 0}},
		{"Genoa", "vcek", "", []byte{1, 2, 0, 1}},
		{"Milan", "vcek", "", []byte{2, 0, 1}},
		{"Turin", "vcek", "", []byte{2, 0, 1}},
	} {
		mid := spec(map[string]certchain.Role{"vcek": certchain.ASK, "vlek": certchain.ASVK}[row.kind], row.product)
		mid.Serial = row.serial
		leaf := mint.Evidence(row.product, 3, row.kind).Leaf
		chain, err := certchain.Verify([][]byte{leaf, mid.Encode(mint.CAKey("ARK-" + row.product))}, rootsOf(t, row.product), now)
		if err != nil {
			t.Fatal(err)
		}
		chain.Product, chain.IntermediateSerial = snpreport.Genoa, "00"
		err = chain.CheckKnownRevoked()
		wantRule(t, row.rule, err)
		var revoked *certchain.RevokedError
		if err != nil && (!errors.As(err, &revoked) || revoked.Serial != "020001" || !strings.Contains(err.Error(), "AMD revoked the AS")) {
			t.Errorf("%v", err)
		}
	}
	wantRule(t, "CRL-16", new(certchain.Chain).CheckKnownRevoked())
	wantRule(t, "CRL-16", (*certchain.Chain)(nil).CheckKnownRevoked())
}
