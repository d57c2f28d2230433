package certchain_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/snpreport"
)

func sum(b []byte) [32]byte { return sha256.Sum256(b) }

// TestBuiltinFiles: the files are the nine certificates of SPEC.md section 5.5, and
// the built-in roots hold all of them.
func TestBuiltinFiles(t *testing.T) {
	spec, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(amd/[a-z-]+\\.der)` \\| ([A-Za-z-]+) \\| .* \\| `([0-9a-f]{64})` \\|$").FindAllStringSubmatch(string(spec), -1)
	files, err := filepath.Glob("amd/*")
	if err != nil || len(rows) != 9 || len(files) != 9 {
		t.Fatalf("%d rows, %d files: %v", len(rows), len(files), err)
	}
	for _, row := range rows {
		der, err := os.ReadFile(row[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sum(der)); got != row[3] {
			t.Errorf("%s: SHA-256 %s, SPEC.md says %s", row[1], got, row[3])
		}
		c, err := certchain.ParseCertificate(der)
		if err != nil {
			t.Fatalf("%s: %v", row[1], err)
		}
		if !bytes.Equal(c.RawSubject, mint.Name(row[2])) || certchain.BuiltinAuthority(c.Role, c.Product) != certchain.AuthorityOf(c) {
			t.Errorf("%s: the built-in roots hold another", row[1])
		}
	}
}

// TestBuiltin holds the files against figures that were written down apart from
// them, from AMD's published certificates. AMD 57230.
func TestBuiltin(t *testing.T) {
	type row struct {
		role                    certchain.Role
		product                 snpreport.Product
		der, spki, serial, from string
	}
	for _, want := range []row{
		{certchain.ARK, snpreport.Milan, "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd", "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9", "010000", "2020-10-22"},
		{certchain.ASK, snpreport.Milan, "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b", "42491669ccb851d627ea9846cd24eccbeb7de7c2a62740120fff88001d38ebb6", "010001", "2020-10-22"},
		{certchain.ASVK, snpreport.Milan, "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5", "66450a123ea5876206df67f2514a4fea224c0f63b18313423078b0edc4535e33", "010101", "2022-11-16"},
		{certchain.ARK, snpreport.Genoa, "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1", "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831", "020000", "2022-01-26"},
		{certchain.ASK, snpreport.Genoa, "5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521", "0324d55bcd48ba877a8fd87c0e1b4934dec8448e3807a24384a34dc6a6c9ebb8", "020002", "2022-10-31"},
		{certchain.ASVK, snpreport.Genoa, "197e610743a917d6b9bb982a5a9226ccc0a15b611be0619e626aca9151457372", "7d1633252ebbadaa75f96e9b4e6f7d43a90ceb3f843937482630f8da2459264e", "020101", "2022-11-18"},
		{certchain.ARK, snpreport.Turin, "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a", "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08", "030000", "2023-05-15"},
		{certchain.ASK, snpreport.Turin, "5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185", "0000ead352025f208bf55297c4192c34cd1b878002107366d8f2065a9ae7d3a9", "030001", "2023-05-15"},
		{certchain.ASVK, snpreport.Turin, "104e10a8bd060a3c20a434261a57d0588fd65a88915b4f65b08bdecaf8df1a3c", "bfc441408b2f806c5dbf180bd8920e6e60dd404d82141780d85dbf962954d386", "030101", "2023-05-15"},
	} {
		got := certchain.BuiltinAuthority(want.role, want.product)
		if have := (row{got.Role, got.Product, got.SHA256, got.SPKISHA256, got.Serial, got.Dates[:10]}); have != want {
			t.Errorf("%v of %v: %+v, want %+v", want.role, want.product, have, want)
		}
		pathLen, usage := 0, certchain.KeyCertSign
		if want.role == certchain.ARK {
			pathLen, usage = -1, certchain.KeyCertSign|certchain.CRLSign
		}
		if !got.IsCA || got.PathLen != pathLen || got.KeyUsage != usage {
			t.Errorf("%v of %v: %+v", want.role, want.product, got)
		}
		// mint writes names on its own.
		prefix := map[certchain.Role]string{certchain.ARK: "ARK-", certchain.ASK: "SEV-", certchain.ASVK: "SEV-VLEK-"}[want.role]
		if got.Subject != string(mint.Name(prefix+want.product.String())) || got.Issuer != string(mint.Name("ARK-"+want.product.String())) {
			t.Errorf("%v of %v: names differ", want.role, want.product)
		}
	}
	if certchain.Builtin().Custom() || certchain.Builtin().Empty() {
		t.Error("the built-in roots are custom or empty")
	}
}

func TestNewRoots(t *testing.T) {
	ark := mint.CAKey("ARK-Milan")
	changed := func(change func(*mint.CertSpec)) []byte {
		s := mint.ARK("Milan")
		change(&s)
		return s.Encode(ark)
	}
	milan := mint.CACert("ARK-Milan")
	for _, row := range []struct {
		name, rule string
		arks       [][]byte
	}{
		{"three", "", [][]byte{mint.CACert("ARK-Turin"), milan, mint.CACert("ARK-Genoa")}},
		{"none", "CHN-60", nil},
		{"one is empty", "CHN-09", [][]byte{milan, {}}},
		{"an ASK", "CHN-61", [][]byte{mint.CACert("SEV-Milan")}},
		{"a leaf", "CHN-61", [][]byte{mint.Evidence("Milan", 3, "vcek").Leaf}},
		{"the same twice", "CHN-62", [][]byte{milan, milan}},
		{"issued by another ARK", "CHN-63", [][]byte{changed(func(s *mint.CertSpec) { s.Issuer = mint.Name("ARK-Genoa") })}},
		{"no CA", "CHN-48", [][]byte{changed(func(s *mint.CertSpec) {
			s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(false, -1)
		})}},
		{"with pathLen", "CHN-49", [][]byte{changed(func(s *mint.CertSpec) {
			s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1)
		})}},
		{"only for CRLs", "CHN-50", [][]byte{changed(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(2) })}},
		{"for more", "CHN-50", [][]byte{changed(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x86) })}},
		{"not for CRLs", "", [][]byte{changed(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(4) })}},
		{"signed by another", "CHN-64", [][]byte{mint.ARK("Milan").Encode(mint.CAKey(mint.OtherCA))}},
		{"even modulus", "CHN-64", [][]byte{changed(func(s *mint.CertSpec) {
			s.SPKI = bytes.Clone(s.SPKI)
			s.SPKI[len(s.SPKI)-6] &^= 1
		})}},
		{"expired", "", [][]byte{changed(func(s *mint.CertSpec) { s.SetValidity(mint.NotBefore, mint.NotBefore) })}},
	} {
		roots, err := certchain.NewRoots(row.arks...)
		var named interface{ Rule() string }
		var refusal interface{ Requirement() string }
		switch {
		case (err == nil) != (row.rule == ""):
			t.Errorf("%s: %v, want %q", row.name, err, row.rule)
		case err != nil && (!errors.As(err, &named) || named.Rule() != row.rule || !strings.HasSuffix(err.Error(), " ["+row.rule+"]") || roots != nil):
			t.Errorf("%s: %v, want %s and no roots", row.name, err, row.rule)
		case errors.As(err, &refusal):
			t.Errorf("%s: %T, which is for evidence", row.name, refusal)
		}
		if err == nil && (!roots.Custom() || roots.Empty()) {
			t.Errorf("%s: not custom, or empty", row.name)
		}
	}
}

// TestCustomRootsReplace: custom roots have no ASK and none of AMD's anchors.
func TestCustomRootsReplace(t *testing.T) {
	e := mint.Evidence("Milan", 3, "vcek")
	wantRule(t, "CHN-44", second(certchain.Verify([][]byte{e.Leaf}, rootsOf(t, "Milan"), now)))
	wantRule(t, "CHN-52", second(certchain.Verify([][]byte{e.Leaf}, certchain.Builtin(), now)))
	wantRule(t, "CHN-51", second(certchain.Verify([][]byte{e.Leaf, e.Intermediate}, certchain.Builtin(), now)))
}

// TestRootsAreCopied: what NewRoots was given may change afterwards.
func TestRootsAreCopied(t *testing.T) {
	ark := mint.CACert("ARK-Milan")
	roots, err := certchain.NewRoots(ark)
	if err != nil {
		t.Fatal(err)
	}
	clear(ark)
	wantRule(t, "", second(certchain.Verify(mint.Evidence("Milan", 3, "vcek").Chain(), roots, now)))
}

// Rules: CHN-65.
func TestRestrictAndFingerprint(t *testing.T) {
	milan, genoa := mint.CACert("ARK-Milan"), mint.CACert("ARK-Genoa")
	both := rootsOf(t, "Milan", "Genoa")
	if rootsOf(t, "Genoa", "Milan").Fingerprint() != both.Fingerprint() {
		t.Error("the fingerprint depends on the order")
	}
	if both.Restrict(genoa).Fingerprint() != rootsOf(t, "Genoa").Fingerprint() {
		t.Error("the same set, another fingerprint")
	}
	var none *certchain.Roots
	sets := []*certchain.Roots{
		none, both, rootsOf(t, "Milan"), both.Restrict(genoa), both.Restrict(), certchain.Builtin(), certchain.Builtin().Restrict(milan),
	}
	seen := map[[32]byte]int{}
	for i, r := range sets {
		if j, ok := seen[r.Fingerprint()]; ok {
			t.Errorf("sets %d and %d have one fingerprint", i, j)
		}
		seen[r.Fingerprint()] = i
	}
	if new(certchain.Roots).Fingerprint() != none.Fingerprint() || !none.Restrict(milan).Empty() || !none.Empty() || none.Custom() || !both.Restrict().Custom() {
		t.Error("the empty sets")
	}
	before := both.Fingerprint()
	both.Restrict(milan)
	if both.Fingerprint() != before {
		t.Error("Restrict changed its receiver")
	}
}
