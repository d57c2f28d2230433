package certchain_test

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// A certRow spoils one thing of a valid certificate. An empty rule: it is still
// accepted.
type certRow struct {
	name  string
	rule  string
	spoil func(*mint.CertSpec)
}

func runRows(t *testing.T, role certchain.Role, product string, rows []certRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := spec(role, product)
			row.spoil(&s)
			c, err := certchain.ParseCertificate(s.Encode(unsigned{}))
			wantRule(t, row.rule, err)
			if err == nil {
				return
			}
			var e *rule.Error
			if c != nil || !errors.As(err, &e) || e.Where == "" || e.Expected == "" || e.Actual == "" {
				t.Errorf("certificate %v, error %+v", c, err)
			}
			if len(err.Error()) > 400 {
				t.Errorf("message of %d bytes", len(err.Error()))
			}
		})
	}
}

// TestCertificateStructure spoils what is not an extension.
func TestCertificateStructure(t *testing.T) {
	type S = *mint.CertSpec
	null := mint.TLV(0x05)
	pss := mint.ExplicitTrailer
	set := func(change func(p *mint.PSSParams)) func(S) {
		return func(s S) { p := pss(); change(&p); s.SetAlgorithm(p.Encode()) }
	}
	subject := func(change func(rdns []mint.RDN) []mint.RDN) func(S) {
		return func(s S) { s.Subject = mint.EncodeName(change(mint.AMDName("SEV-VCEK"))) }
	}
	issuer := func(cn string) func(S) { return func(s S) { s.Issuer = mint.Name(cn) } }
	dates := func(tag byte, text string) func(S) { return func(s S) { s.NotAfter = mint.Time{Tag: tag, Text: text} } }
	sha256 := mint.TLV(mint.TagSequence, mint.OID("2.16.840.1.101.3.4.2.1"), null)
	rows := []certRow{
		{"as it is", "", func(S) {}},
		{"trailing byte", "CHN-10", func(s S) { s.Trailing = []byte{0} }},
		{"element after the signature", "CHN-10", func(s S) { s.Trailer = null }},
		{"element after the extensions", "CHN-10", func(s S) { s.TBSTrailer = null }},
		{"element after the list of extensions", "CHN-10", func(s S) { s.TBSTrailer, s.Extensions = wrapExtensions(0xa3, s.Extensions, null), nil }},
		{"unique identifier", "CHN-10", func(s S) { s.UniqueIDs = mint.TLV(0x81, []byte{0, 1}) }},
		{"no extensions", "CHN-10", func(s S) { s.Extensions = nil }},
		{"no serial number", "CHN-12", func(s S) { s.Serial = nil }},
		{"no subject", "CHN-10", func(s S) { s.Subject = nil }},
		{"no date", "CHN-10", func(s S) { s.NotAfter = mint.Time{} }},
		{"BER length", "CHN-10", func(s S) { s.SPKI = append([]byte{0x30, 0x81}, s.SPKI[1:]...) }},

		// Lesson: a library let a version 1 certificate sign others.
		{"version 1, absent", "CHN-11", func(s S) { s.Version = nil }},
		{"version 1, written", "CHN-11", func(s S) { s.Version = mint.CertVersion(0) }},
		{"version 2", "CHN-11", func(s S) { s.Version = mint.CertVersion(1) }},
		{"version 4", "CHN-11", func(s S) { s.Version = mint.CertVersion(3) }},

		{"serial number 0", "", func(s S) { s.Serial = []byte{0} }},
		{"serial number of 20 bytes", "", func(s S) { s.Serial = bytes.Repeat([]byte{0x7f}, 20) }},
		{"serial number of 21 bytes", "CHN-12", func(s S) { s.Serial = bytes.Repeat([]byte{0x7f}, 21) }},
		{"negative serial number", "CHN-12", func(s S) { s.Serial = []byte{0x80} }},
		{"serial number with a zero", "CHN-12", func(s S) { s.Serial = []byte{0, 1} }},
		{"serial number 128", "", func(s S) { s.Serial = []byte{0, 0x80} }},

		{"PSS, explicit trailer", "", func(s S) { s.SetAlgorithm(mint.ExplicitTrailer().Encode()) }},
		{"PSS, omitted trailer", "", func(s S) { s.SetAlgorithm(mint.OmittedTrailer().Encode()) }},
		{"PSS without parameters", "CHN-13", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.10"))) }},
		{"PSS with empty parameters", "CHN-13", func(s S) { s.SetAlgorithm(mint.PSSParams{}.Encode()) }},
		{"PSS with NULL", "CHN-13", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.10"), null)) }},
		{"PSS with SHA-256", "CHN-13", set(func(p *mint.PSSParams) { p.Hash = sha256 })},
		{"PSS without hash", "CHN-13", set(func(p *mint.PSSParams) { p.Hash = nil })},
		{"PSS, hash without NULL", "CHN-13", set(func(p *mint.PSSParams) { p.Hash = mint.TLV(mint.TagSequence, mint.OID("2.16.840.1.101.3.4.2.2")) })},
		{"MGF1 with SHA-256", "CHN-13", set(func(p *mint.PSSParams) { p.MGF = mint.MGF1(sha256) })},
		{"no MGF", "CHN-13", set(func(p *mint.PSSParams) { p.MGF = nil })},
		{"salt of 0", "CHN-13", set(func(p *mint.PSSParams) { p.Salt = mint.Integer(0) })},
		{"salt of 32", "CHN-13", set(func(p *mint.PSSParams) { p.Salt = mint.Integer(32) })},
		{"salt of 47", "CHN-13", set(func(p *mint.PSSParams) { p.Salt = mint.Integer(47) })},
		{"salt of 64", "CHN-13", set(func(p *mint.PSSParams) { p.Salt = mint.Integer(64) })},
		{"no salt", "CHN-13", set(func(p *mint.PSSParams) { p.Salt = nil })},
		{"trailer 2", "CHN-13", set(func(p *mint.PSSParams) { p.Trailer = mint.Integer(2) })},
		{"trailer twice", "CHN-13", set(func(p *mint.PSSParams) { p.Trailer = append(mint.Integer(1), mint.Integer(1)...) })},
		{"PKCS #1 v1.5", "CHN-13", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), null)) }},
		{"PKCS #1 v1.5 with SHA-1", "CHN-13", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.5"), null)) }},
		{"ECDSA", "CHN-13", func(s S) { s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.10045.4.3.3"))) }},
		{"outer is the other encoding", "CHN-14", func(s S) { s.OuterAlgorithm = mint.ExplicitTrailer().Encode() }},
		{"outer is another algorithm", "CHN-14", func(s S) { s.OuterAlgorithm = mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), null) }},
		{"inner is another algorithm", "CHN-13", func(s S) { s.InnerAlgorithm = mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), null) }},

		{"subject of another country", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[1].Value = "DE"; return r })},
		{"subject in another case", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[4].Value = "ADVANCED MICRO DEVICES"; return r })},
		{"subject in another string type", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[0].Tag = mint.TagPrintableString; return r })},
		{"common name in another string type", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[5].Tag = mint.TagPrintableString; return r })},
		{"subject in another order", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[0], r[1] = r[1], r[0]; return r })},
		{"subject with one more attribute", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { return append(r, r[5]) })},
		{"subject with only a common name", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { return r[5:] })},
		{"subject without common name", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { return r[:5] })},
		{"empty common name", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[5].Value = ""; return r })},
		{"long common name", "CHN-15", subject(func(r []mint.RDN) []mint.RDN { r[5].Value = strings.Repeat("x", 65); return r })},
		{"issuer of another organisation", "CHN-15", func(s S) {
			r := mint.AMDName("SEV-Milan")
			r[4].Value = "Advanced Micro Device"
			s.Issuer = mint.EncodeName(r)
		}},
		{"unknown subject", "CHN-16", func(s S) { s.Subject = mint.Name("SEV-XCEK") }},
		{"subject in lower case", "CHN-16", func(s S) { s.Subject = mint.Name("sev-vcek") }},
		// Lesson: "contains SEV" ran before the test for a VCEK.
		{"subject with a suffix", "CHN-16", func(s S) { s.Subject = mint.Name("SEV-VCEK ") }},
		{"ARK-Venice", "CHN-16", func(s S) { s.Subject = mint.Name("ARK-Venice") }},
		{"SEV-Venice", "CHN-16", func(s S) { s.Subject = mint.Name("SEV-Venice") }},
		{"SEV-VLEK-Venice", "CHN-16", func(s S) { s.Subject = mint.Name("SEV-VLEK-Venice") }},
		{"issued by an ARK", "CHN-17", issuer("ARK-Milan")},
		{"issued by an ASVK", "CHN-17", issuer("SEV-VLEK-Milan")},
		{"issued by a VCEK", "CHN-17", issuer("SEV-VCEK")},
		{"issued by nobody known", "CHN-17", issuer("SEV-Rome")},
		{"issued for Venice", "CHN-17", issuer("SEV-Venice")},
		{"issued for another product", "CHN-31", issuer("SEV-Genoa")},
		{"CA issued by an ASK", "CHN-17", func(s S) { *s = mint.ASK("Milan"); s.Issuer = mint.Name("SEV-Milan") }},

		{"UTCTime of 2049", "", dates(mint.TagUTCTime, "491231235959Z")},
		{"UTCTime of 1950", "", dates(mint.TagUTCTime, "500101000000Z")},
		{"GeneralizedTime of 2050", "", dates(mint.TagGeneralizedTime, "20500101000000Z")},
		{"GeneralizedTime of 2049", "CHN-18", dates(mint.TagGeneralizedTime, "20491231235959Z")},
		{"UTCTime with four digits, 2050", "CHN-18", dates(mint.TagUTCTime, "20500101000000Z")},
		{"GeneralizedTime, not a digit", "CHN-18", dates(mint.TagGeneralizedTime, "205x0101000000Z")},
		{"UTCTime, not a digit", "CHN-18", dates(mint.TagUTCTime, "5x0101000000Z")},
		{"UTCTime without seconds", "CHN-18", dates(mint.TagUTCTime, "4912312359Z")},
		{"UTCTime with offset", "CHN-18", dates(mint.TagUTCTime, "491231235959+0000")},
		{"UTCTime without Z", "CHN-18", dates(mint.TagUTCTime, "491231235959z")},
		{"UTCTime with four digits", "CHN-18", dates(mint.TagUTCTime, "20491231235959Z")},
		{"GeneralizedTime with two digits", "CHN-18", dates(mint.TagGeneralizedTime, "501231235959Z")},
		{"GeneralizedTime with fraction", "CHN-18", dates(mint.TagGeneralizedTime, "20500101000000.5Z")},
		{"month 0", "CHN-18", dates(mint.TagUTCTime, "310001000000Z")},
		{"month 13", "CHN-18", dates(mint.TagUTCTime, "311301000000Z")},
		{"day 0", "CHN-18", dates(mint.TagUTCTime, "310100000000Z")},
		{"February 29", "CHN-18", dates(mint.TagUTCTime, "310229000000Z")},
		{"February 29 of a leap year", "", dates(mint.TagUTCTime, "320229000000Z")},
		{"hour 24", "CHN-18", dates(mint.TagUTCTime, "310101240000Z")},
		{"minute 60", "CHN-18", dates(mint.TagUTCTime, "310101006000Z")},
		{"second 60", "CHN-18", dates(mint.TagUTCTime, "310101000060Z")},
		{"not a digit", "CHN-18", dates(mint.TagUTCTime, "3101010000 1Z")},
		{"empty time", "CHN-18", dates(mint.TagUTCTime, "")},
		{"spoilt notBefore", "CHN-18", func(s S) { s.NotBefore.Text = "240601000060Z" }},

		{"RSA key", "CHN-20", func(s S) { s.SPKI = mint.SPKI(mint.CAKey("SEV-Milan").Public()) }},
		{"P-256 key", "CHN-20", func(s S) { s.SPKI = mint.SPKI(mint.P256Key("x").Public()) }},
		{"Ed25519 key", "CHN-20", func(s S) { s.SPKI = mint.SPKI(mint.Ed25519Key("x").Public()) }},
		{"compressed point", "CHN-20", func(s S) { s.SPKI = compressed() }},
		{"one byte more in the key", "CHN-10", func(s S) { s.SPKI = append(bytes.Clone(s.SPKI), 0) }},
		{"hybrid point", "CHN-20", func(s S) { s.SPKI = bytes.Clone(s.SPKI); s.SPKI[23] = 0x06 }},
		{"long key", "CHN-20", func(s S) { s.SPKI = mint.TLV(mint.TagSequence, s.SPKI[2:], null) }},

		{"signature of 511 bytes", "CHN-21", func(s S) { s.Mangle = func(b []byte) []byte { return b[1:] } }},
		{"signature of 513 bytes", "CHN-21", func(s S) { s.Mangle = func(b []byte) []byte { return append(b, 0) } }},
		{"no signature", "CHN-21", func(s S) { s.Mangle = func(b []byte) []byte { return nil } }},
		{"unused bits", "CHN-21", func(s S) { s.UnusedBits = 1 }},
	}
	runRows(t, certchain.VCEK, "Milan", rows)
}

// compressed encodes a P-384 key with a compressed point.
func compressed() []byte {
	spki := mint.SPKI(mint.P384Key("x").Public())
	x, y := spki[len(spki)-96:len(spki)-48], spki[len(spki)-48:]
	point := append([]byte{2 + y[47]&1}, x...)
	algorithm := mint.TLV(mint.TagSequence, mint.OID("1.2.840.10045.2.1"), mint.OID("1.3.132.0.34"))
	return mint.TLV(mint.TagSequence, algorithm, mint.TLV(mint.TagBitString, append([]byte{0}, point...)))
}

// TestCAKey is about the key of an ARK, ASK or ASVK. It is judged before any RSA
// operation.
func TestCAKey(t *testing.T) {
	type S = *mint.CertSpec
	good := mint.CAKey("SEV-Milan").Public()
	key := func(change func(k *rsa.PublicKey)) func(S) {
		return func(s S) {
			k := rsa.PublicKey{N: new(big.Int).Set(good.N), E: good.E}
			change(&k)
			s.SPKI = mint.SPKI(&k)
		}
	}
	runRows(t, certchain.ASK, "Milan", []certRow{
		{"as it is", "", key(func(k *rsa.PublicKey) {})},
		{"4095 bits", "CHN-19", key(func(k *rsa.PublicKey) { k.N.SetBit(k.N, 4095, 0) })},
		{"4097 bits", "CHN-19", key(func(k *rsa.PublicKey) { k.N.SetBit(k.N, 4096, 1) })},
		{"2048 bits", "CHN-19", key(func(k *rsa.PublicKey) { k.N.Rsh(k.N, 2048) })},
		{"16384 bits", "CHN-19", key(func(k *rsa.PublicKey) { k.N.Lsh(k.N, 12288) })},
		{"exponent 1", "CHN-19", key(func(k *rsa.PublicKey) { k.E = 1 })},
		{"exponent 3", "CHN-19", key(func(k *rsa.PublicKey) { k.E = 3 })},
		{"exponent 65536", "CHN-19", key(func(k *rsa.PublicKey) { k.E = 65536 })},
		{"exponent 2^31-1", "CHN-19", key(func(k *rsa.PublicKey) { k.E = math.MaxInt32 })},
		{"negative modulus", "CHN-19", func(s S) {
			s.SPKI = bytes.Replace(s.SPKI, []byte{0x02, 0x82, 0x02, 0x01, 0x00}, []byte{0x02, 0x82, 0x02, 0x01, 0x80}, 1)
		}},
		{"EC key", "CHN-19", func(s S) { s.SPKI = mint.SPKI(mint.P384Key("x").Public()) }},
		{"RSASSA-PSS key", "CHN-19", func(s S) {
			s.SPKI = bytes.Replace(s.SPKI, mint.OID("1.2.840.113549.1.1.1"), mint.OID("1.2.840.113549.1.1.10"), 1)
		}},
	})
}

// TestCertificateFacts compares what is parsed with what was minted.
func TestCertificateFacts(t *testing.T) {
	for _, product := range mint.Products {
		for role := certchain.ARK; role <= certchain.VLEK; role++ {
			s := spec(role, product)
			der := s.Encode(unsigned{})
			c, err := certchain.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(c.Raw, der) || !bytes.Equal(c.RawTBS, s.TBS()) || !bytes.Equal(c.RawIssuer, s.Issuer) ||
				!bytes.Equal(c.RawSubject, s.Subject) || !bytes.Equal(c.RawSPKI, s.SPKI) || !bytes.Equal(c.Serial, s.Serial) {
				t.Errorf("%v of %s: a part differs", role, product)
			}
			if c.Role != role || c.Product.String() != product || !c.NotBefore.Equal(mint.NotBefore) {
				t.Errorf("%v of %s: %v of %v, %v", role, product, c.Role, c.Product, c.NotBefore)
			}
			der[20] ^= 0xff
			if bytes.Equal(c.Raw, der) {
				t.Error("the certificate is not a copy")
			}
			if role < certchain.VCEK {
				continue
			}
			checkLeafFacts(t, c, product)
		}
	}
}

func checkLeafFacts(t *testing.T, c *certchain.Certificate, product string) {
	tcb := mint.DefaultTCB(product)
	want, ok := snpreport.TCBVersion(tcb.Encode(product)).For(c.Product)
	if !ok || !c.TCB.Equal(want) || c.TCB != want {
		t.Errorf("%v of %s: TCB %v, want %v", c.Role, product, c.TCB, want)
	}
	level, ok := c.TCB.Level(snpreport.Microcode)
	if !ok || level != tcb.Microcode {
		t.Errorf("microcode %d", level)
	}
	line, _, _ := strings.Cut(string(c.ProductName), "-")
	if line != product {
		t.Errorf("productName %q", c.ProductName)
	}
	if c.Role == certchain.VCEK && (!bytes.Equal(c.HWID, mint.DefaultHWID(product)) || c.CSPID != nil) {
		t.Errorf("VCEK: hwID %x, cspID %q", c.HWID, c.CSPID)
	}
	if c.Role == certchain.VLEK && (string(c.CSPID) != mint.DefaultCSPID || c.HWID != nil) {
		t.Errorf("VLEK: hwID %x, cspID %q", c.HWID, c.CSPID)
	}
}

// TestCertificateSize: CHN-09, and nothing panics below it.
func TestCertificateSize(t *testing.T) {
	der := mint.Evidence("Turin", 5, "vcek").Leaf
	for n := range der {
		if _, err := certchain.ParseCertificate(der[:n]); err == nil {
			t.Fatalf("accepted the first %d bytes", n)
		}
	}
	wantRule(t, "CHN-09", second(certchain.ParseCertificate(nil)))
	wantRule(t, "CHN-09", second(certchain.ParseCertificate(make([]byte, 8193))))
	wantRule(t, "CHN-10", second(certchain.ParseCertificate(make([]byte, 8192))))
	wantRule(t, "CHN-09", second(certchain.Verify([][]byte{make([]byte, 8193)}, certchain.Builtin(), now)))
	// A third element in validity, which mint does not write.
	s, null := spec(certchain.VCEK, "Milan"), mint.TLV(0x05)
	dates := func(more, last []byte) []byte {
		date := mint.TLV(mint.TagUTCTime, []byte("260101000000Z"))
		tbs := mint.TLV(mint.TagSequence, s.Version, mint.TLV(mint.TagInteger, s.Serial), s.InnerAlgorithm, s.Issuer,
			mint.TLV(mint.TagSequence, date, date, more), s.Subject, s.SPKI, wrapExtensions(0xa3, s.Extensions, nil), last)
		return mint.TLV(mint.TagSequence, tbs, s.OuterAlgorithm, mint.TLV(mint.TagBitString, make([]byte, 513)))
	}
	wantRule(t, "", second(certchain.ParseCertificate(dates(nil, nil))))
	wantRule(t, "CHN-10", second(certchain.ParseCertificate(dates(null, nil))))
	// Of two faults the first is reported.
	var e *rule.Error
	if _, err := certchain.ParseCertificate(dates(null, null)); !errors.As(err, &e) || e.Where != "certificate: validity" {
		t.Error(err)
	}
}

// wrapExtensions writes the explicit tag, the list, and something behind it.
func wrapExtensions(tag byte, list []mint.Extension, more []byte) []byte {
	var all []byte
	for _, e := range list {
		all = append(all, e.Encode()...)
	}
	return mint.TLV(tag, mint.TLV(mint.TagSequence, all), more)
}
