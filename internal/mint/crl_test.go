package mint_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

func TestCRL(t *testing.T) {
	for _, product := range mint.Products {
		spec := mint.CRL(product)
		spec.Ext(mint.OIDCRLNumber).Value = mint.Integer(300)
		spec.Revoke(3, 0, 1)
		spec.Revoke(0)
		spec.Entries[0].Extensions = []mint.Extension{{OID: mint.OIDReasonCode, Value: []byte{0x0A, 1, 2}}}
		crl, err := x509.ParseRevocationList(spec.Encode(mint.CAKey("ARK-" + product)))
		if err != nil {
			t.Fatal(err)
		}
		ark := parse(t, mint.CACert("ARK-"+product))
		if err := crl.CheckSignatureFrom(ark); err != nil {
			t.Error(err)
		}
		checkSigned(t, ark, crl.RawTBSRevocationList, crl.Signature)
		if !bytes.Equal(crl.RawIssuer, ark.RawSubject) || !bytes.Equal(crl.AuthorityKeyId, ark.SubjectKeyId) || crl.Number.Int64() != 300 {
			t.Errorf("issuer %v, key id %x, number %v", crl.Issuer, crl.AuthorityKeyId, crl.Number)
		}
		if !crl.ThisUpdate.Equal(mint.NotBefore) || !crl.NextUpdate.Equal(mint.NotAfterLeaf) {
			t.Errorf("in force from %v to %v", crl.ThisUpdate, crl.NextUpdate)
		}
		entries := crl.RevokedCertificateEntries
		if len(entries) != 2 || entries[0].SerialNumber.Text(16) != "30001" || entries[0].ReasonCode != 2 || entries[1].SerialNumber.Sign() != 0 ||
			!entries[0].RevocationTime.Equal(mint.NotBefore) {
			t.Errorf("entries %+v", entries)
		}
	}
}

// TestSpoilCRL replaces every part of a CRLSpec and sees that it reaches the
// bytes, in a place where crypto/x509 looks for it if it does at all.
func TestSpoilCRL(t *testing.T) {
	signer := mint.CAKey("ARK-Milan")
	good := mint.CRL("Milan").Encode(signer)
	ark := parse(t, mint.CACert("ARK-Milan"))
	tests := []struct {
		name             string
		parses, verifies bool
		spoil            func(*mint.CRLSpec)
	}{
		{"version 1", false, false, func(s *mint.CRLSpec) { s.Version = mint.Integer(0) }},
		{"no version", false, false, func(s *mint.CRLSpec) { s.Version = nil }},
		{"inner algorithm", false, false, func(s *mint.CRLSpec) { s.InnerAlgorithm = mint.OmittedTrailer().Encode() }},
		{"outer algorithm", false, false, func(s *mint.CRLSpec) { s.OuterAlgorithm = mint.OmittedTrailer().Encode() }},
		{"both algorithms", true, true, func(s *mint.CRLSpec) { s.SetAlgorithm(mint.OmittedTrailer().Encode()) }},
		{"issuer", true, true, func(s *mint.CRLSpec) { s.Issuer = mint.Name("SEV-Milan") }},
		{"thisUpdate", true, true, func(s *mint.CRLSpec) { s.ThisUpdate = mint.At(mint.NotAfterLeaf) }},
		{"thisUpdate missing", true, true, func(s *mint.CRLSpec) { s.ThisUpdate = mint.Time{} }}, // nextUpdate is taken for it
		{"nextUpdate missing", true, true, func(s *mint.CRLSpec) { s.NextUpdate = mint.Time{} }},
		{"GeneralizedTime", true, true, func(s *mint.CRLSpec) {
			s.NextUpdate = mint.GeneralizedTime(time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC))
		}},
		{"empty list", true, true, func(s *mint.CRLSpec) { s.Entries = []mint.CRLEntry{} }},
		{"entry", true, true, func(s *mint.CRLSpec) { s.Revoke(1, 0, 1) }},
		{"entry serial", false, false, func(s *mint.CRLSpec) { s.Revoke() }},
		{"extensions missing", true, true, func(s *mint.CRLSpec) { s.Extensions = nil }},
		{"extension dropped", true, true, func(s *mint.CRLSpec) { s.DropExt(mint.OIDCRLNumber) }},
		{"extension added", true, true, func(s *mint.CRLSpec) {
			s.AddExt(mint.Extension{OID: mint.OIDDeltaCRLIndicator, Critical: true, Value: mint.Integer(1)})
		}},
		{"TBS trailer", true, true, func(s *mint.CRLSpec) { s.TBSTrailer = []byte{5, 0} }},
		{"mangled", true, false, func(s *mint.CRLSpec) { s.Mangle = func(b []byte) []byte { b[9] ^= 1; return b } }},
		{"cut signature", true, false, func(s *mint.CRLSpec) { s.Mangle = func(b []byte) []byte { return b[1:] } }},
		{"CRL trailer", true, true, func(s *mint.CRLSpec) { s.Trailer = []byte{5, 0} }},
		{"trailing", true, true, func(s *mint.CRLSpec) { s.Trailing = []byte{0} }}, // crypto/x509 does not look
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := mint.CRL("Milan")
			tt.spoil(&spec)
			der := spec.Encode(signer)
			if bytes.Equal(der, good) {
				t.Fatal("nothing changed")
			}
			crl, err := x509.ParseRevocationList(der)
			if (err == nil) != tt.parses {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			if err := crl.CheckSignatureFrom(ark); (err == nil) != tt.verifies {
				t.Error(err)
			}
		})
	}
	spec := mint.CRL("Milan")
	spec.UnusedBits = 1
	if bytes.Equal(spec.Encode(signer), good) {
		t.Error("unused bits are not written")
	}
}
