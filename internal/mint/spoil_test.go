package mint_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"testing"

	"github.com/tresorhq/attest/internal/mint"
)

// TestSpoilCertificate replaces every part of a CertSpec and sees that it
// reaches the bytes. Where crypto/x509 objects, that is asked for too: then the
// part is in the place where a reader looks for it.
func TestSpoilCertificate(t *testing.T) {
	signer := mint.CAKey("SEV-Milan")
	parent := parse(t, mint.CACert("SEV-Milan"))
	good := mint.Evidence("Milan", 3, "vcek").Leaf
	type outcome int
	const (
		unparsable outcome = iota // crypto/x509 does not parse it
		unsigned                  // parses, but the signature does not hold
		other                     // is fine, only not what it was
	)
	tests := []struct {
		name  string
		want  outcome
		spoil func(*mint.CertSpec)
	}{
		{"version", other, func(s *mint.CertSpec) { s.Version = mint.CertVersion(1); s.Extensions = nil }},
		{"no version", other, func(s *mint.CertSpec) { s.Version = nil; s.Extensions = nil }},
		{"version 5", unparsable, func(s *mint.CertSpec) { s.Version = mint.CertVersion(4) }},
		{"serial", other, func(s *mint.CertSpec) { s.Serial = []byte{1} }},
		{"serial not minimal", unparsable, func(s *mint.CertSpec) { s.Serial = []byte{0, 0} }},
		{"serial negative", unparsable, func(s *mint.CertSpec) { s.Serial = []byte{0xFF} }},
		{"inner algorithm", unparsable, func(s *mint.CertSpec) { s.InnerAlgorithm = mint.ExplicitTrailer().Encode() }},
		{"outer algorithm", unparsable, func(s *mint.CertSpec) { s.OuterAlgorithm = mint.ExplicitTrailer().Encode() }},
		{"issuer", other, func(s *mint.CertSpec) { s.Issuer = mint.Name("SEV-Genoa") }},
		{"subject", other, func(s *mint.CertSpec) { s.Subject = mint.Name("SEV-VLEK") }},
		{"validity", other, func(s *mint.CertSpec) { s.SetValidity(mint.NotBefore, mint.NotAfterCA) }},
		{"time text", unparsable, func(s *mint.CertSpec) { s.NotBefore.Text = "240601000000" }},
		{"time tag", unparsable, func(s *mint.CertSpec) { s.NotAfter.Tag = mint.TagGeneralizedTime }},
		{"no notAfter", unparsable, func(s *mint.CertSpec) { s.NotAfter = mint.Time{} }},
		{"key", other, func(s *mint.CertSpec) { s.SPKI = mint.SPKI(mint.P384Key("other").Public()) }},
		{"unique id", other, func(s *mint.CertSpec) { s.UniqueIDs = mint.TLV(0x81, []byte{0, 1}) }},
		{"extension dropped", other, func(s *mint.CertSpec) { s.DropExt(mint.OIDUcodeSPL) }},
		{"extension changed", other, func(s *mint.CertSpec) { s.Ext(mint.OIDUcodeSPL).Value = mint.Integer(256) }},
		{"extension critical", other, func(s *mint.CertSpec) { s.Ext(mint.OIDUcodeSPL).Critical = true }},
		{"extension twice", unparsable, func(s *mint.CertSpec) { s.AddExt(*s.Ext(mint.OIDUcodeSPL)) }},
		{"extension raw", unparsable, func(s *mint.CertSpec) { s.Ext(mint.OIDUcodeSPL).Raw = []byte{5, 0} }},
		{"no extensions", other, func(s *mint.CertSpec) { s.Extensions = nil }},
		{"empty extensions", other, func(s *mint.CertSpec) { s.Extensions = []mint.Extension{} }},
		{"TBS trailer", other, func(s *mint.CertSpec) { s.TBSTrailer = []byte{5, 0} }},
		{"unused bits", other, func(s *mint.CertSpec) { s.UnusedBits = 8 }},
		{"mangled", unsigned, func(s *mint.CertSpec) { s.Mangle = func(b []byte) []byte { b[0] ^= 1; return b } }},
		{"certificate trailer", other, func(s *mint.CertSpec) { s.Trailer = []byte{5, 0} }},
		{"trailing", unparsable, func(s *mint.CertSpec) { s.Trailing = []byte{0} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan"))
			if !bytes.Equal(spec.Encode(signer), good) {
				t.Fatal("the spec starts out different")
			}
			tt.spoil(&spec)
			der := spec.Encode(signer)
			if bytes.Equal(der, good) {
				t.Fatal("nothing changed")
			}
			c, err := x509.ParseCertificate(der)
			if tt.want == unparsable {
				if err == nil {
					t.Error("parses")
				}
				return
			}
			if tt.name == "unused bits" {
				return // whether a reader minds is up to the reader
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := c.CheckSignatureFrom(parent); (err != nil) != (tt.want == unsigned) {
				t.Errorf("signature: %v", err)
			}
		})
	}
}

// TestSpoilAlgorithm: a spec can say and do other algorithms.
func TestSpoilAlgorithm(t *testing.T) {
	key := mint.CAKey(mint.OtherCA)
	sha256 := mint.TLV(mint.TagSequence, mint.OID("2.16.840.1.101.3.4.2.1"), mint.TLV(mint.TagNull))
	tests := []struct {
		name      string
		algorithm []byte
		signer    mint.Signer
		want      x509.SignatureAlgorithm
	}{
		{"PSS SHA-256", mint.PSSParams{Hash: sha256, MGF: mint.MGF1(sha256), Salt: mint.Integer(32)}.Encode(), mint.PSSSigner{key, crypto.SHA256, crypto.SHA256, 32}, x509.SHA256WithRSAPSS},
		{"PSS MGF differs", mint.PSSParams{Hash: mint.SHA384(), MGF: mint.MGF1(sha256), Salt: mint.Integer(48)}.Encode(), key, x509.UnknownSignatureAlgorithm},
		{"PKCS #1", mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), mint.TLV(mint.TagNull)), mint.PKCS1Signer{key}, x509.SHA384WithRSA},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := mint.ARK("Milan")
			root.SPKI = mint.SPKI(key.Public())
			root.SetAlgorithm(tt.algorithm)
			c := parse(t, root.Encode(tt.signer))
			if c.SignatureAlgorithm != tt.want {
				t.Fatalf("read as %v", c.SignatureAlgorithm)
			}
			if err := c.CheckSignatureFrom(c); (err == nil) != (tt.want != x509.UnknownSignatureAlgorithm) {
				t.Error(err)
			}
		})
	}
	ec := mint.P384Key("rogue root")
	root := mint.ARK("Milan")
	root.SPKI = mint.SPKI(ec.Public())
	root.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.10045.4.3.3")))
	c := parse(t, root.Encode(mint.ECDSASigner{ec, crypto.SHA384}))
	if err := c.CheckSignatureFrom(c); err != nil || c.SignatureAlgorithm != x509.ECDSAWithSHA384 {
		t.Errorf("ECDSA: %v, %v", c.SignatureAlgorithm, err)
	}
}

// TestNilAndEmpty: nil leaves a list out, empty writes one without elements.
func TestNilAndEmpty(t *testing.T) {
	empty := []byte{0xA3, 2, 0x30, 0}
	spec := mint.ARK("Milan")
	spec.Extensions = nil
	without := spec.TBS()
	spec.Extensions = []mint.Extension{}
	if bytes.HasSuffix(without, empty) || !bytes.HasSuffix(spec.TBS(), empty) {
		t.Error("the two are not told apart")
	}
}
