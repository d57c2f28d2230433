package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"

	"github.com/tresorhq/attest/difftest"
	"github.com/tresorhq/attest/internal/mint"
)

// Differences are all from crypto/x509 of the Go that compiles this. It reads
// every certificate of the web, we read AMD's profile.
var Differences = difftest.Table[[]byte]{
	refused("above 8192 bytes", "CHN-09", "input is refused by its size before it is parsed; AMD's have less than 1800 bytes",
		ask(func(s *mint.CertSpec) {
			s.Ext(mint.OIDSubjectKeyID).Value = mint.TLV(mint.TagOctetString, make([]byte, 9000))
		})),
	refused("an element that AMD does not use", "CHN-10", "unique identifiers, and certificates without extensions",
		vcek(func(s *mint.CertSpec) { s.Extensions = nil })),
	refused("a serial number above 20 bytes", "CHN-12", "RFC 5280 section 4.1.2.2 allows 20",
		vcek(func(s *mint.CertSpec) { s.Serial = bytes.Repeat([]byte{1}, 21) })),
	refused("another signature algorithm", "CHN-13", "AMD signs with RSASSA-PSS, SHA-384 and a salt of 48 bytes only",
		vcek(func(s *mint.CertSpec) {
			s.SetAlgorithm(mint.TLV(mint.TagSequence, mint.OID("1.2.840.113549.1.1.12"), mint.TLV(mint.TagNull)))
		})),
	refused("another name than AMD's, or in another encoding", "CHN-15", "names are compared byte for byte",
		vcek(func(s *mint.CertSpec) {
			name := mint.AMDName("SEV-VCEK")
			name[4].Value = "Another Company"
			s.Subject = mint.EncodeName(name)
		})),
	refused("a common name that is none of AMD's", "CHN-16", "it gives the role",
		vcek(func(s *mint.CertSpec) { s.Subject = mint.Name("SEV-VCEX") })),
	refused("an issuer that does not issue such certificates", "CHN-17", "an ARK issues no leaf",
		vcek(func(s *mint.CertSpec) { s.Issuer = mint.Name("ARK-Milan") })),
	refused("GeneralizedTime before 2050", "CHN-18", "RFC 5280 section 4.1.2.5 demands UTCTime through 2049",
		vcek(func(s *mint.CertSpec) { s.NotAfter = mint.GeneralizedTime(mint.NotAfterLeaf) })),
	refused("an authority with another key than RSA-4096", "CHN-19", "AMD's have no other; a shorter one is weaker, a longer one costs time",
		ask(func(s *mint.CertSpec) { s.SPKI = mint.SPKI(shortRSA()) })),
	refused("a leaf with another key than P-384", "CHN-20", "no other key signs reports",
		vcek(func(s *mint.CertSpec) { s.SPKI = mint.SPKI(p256()) })),
	refused("a signature that is not 512 bytes long", "CHN-21", "those of RSA-4096 are",
		vcek(func(s *mint.CertSpec) { s.Mangle = func(b []byte) []byte { return b[1:] } })),
	refused("an extension that AMD's profile lacks", "CHN-23", "critical or not: whoever wrote it meant something",
		vcek(func(s *mint.CertSpec) { s.AddExt(mint.Extension{OID: "1.2.3.4", Value: []byte{5, 0}}) })),
	refused("an extension that is critical, or is not, unlike AMD's", "CHN-25", "keyUsage and basicConstraints must be critical (RFC 5280 section 4.2.1), the others must not be",
		ask(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Critical = false })),
	refused("an extension of the profile is missing", "CHN-26", "a leaf without a level or hwID certifies less than it seems to",
		vcek(func(s *mint.CertSpec) { s.DropExt(mint.OIDSnpSPL) })),
	refused("another form of keyUsage", "CHN-27", "one byte has room for all of its bits that matter here",
		ask(func(s *mint.CertSpec) {
			s.Ext(mint.OIDKeyUsage).Value = mint.TLV(mint.TagBitString, []byte{7, 0x04, 0x80})
		})),
	refused("pathLenConstraint above 255", "CHN-28", "AMD's is 0",
		ask(func(s *mint.CertSpec) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 256) })),
	refused("other forms of identifiers and distribution points", "CHN-29", "AMD's have one; nothing is fetched from there",
		ask(func(s *mint.CertSpec) { s.Ext(mint.OIDSubjectKeyID).Value = mint.TLV(mint.TagOctetString) })),
	refused("another structVersion", "CHN-30", amd, vcek(func(s *mint.CertSpec) { s.Ext(mint.OIDStructVersion).Value = mint.Integer(9) })),
	refused("productName of another product", "CHN-31", amd,
		vcek(func(s *mint.CertSpec) {
			s.Ext(mint.OIDProductName).Value = mint.TLV(mint.TagIA5String, []byte("Genoa"))
		})),
	refused("a level above 255", "CHN-32", amd, vcek(func(s *mint.CertSpec) { s.Ext(mint.OIDSnpSPL).Value = mint.Integer(256) })),
	refused("a level in spl_4 to spl_7", "CHN-33", amd, vcek(func(s *mint.CertSpec) { s.Ext(mint.OIDSPL5).Value = mint.Integer(1) })),
	refused("hwID of another length", "CHN-34", amd, vcek(func(s *mint.CertSpec) { s.Ext(mint.OIDHWID).Value = make([]byte, 63) })),
	refused("cspID that is no printable text", "CHN-35", amd, func() []byte {
		s := mint.VLEK("Milan", mint.DefaultTCB("Milan"), "CN=\x00")
		return s.Encode(unsigned{})
	}),
	{
		Input: "a leaf whose point is not on the curve", Ours: difftest.Accepts, Theirs: difftest.Refuses, Right: difftest.Both,
		Reason:  "we refuse it when the chain is verified (CHN-53); to parse is not to compute",
		Fits:    offCurve,
		Example: vcek(func(s *mint.CertSpec) { s.SPKI[len(s.SPKI)-1] ^= 1 }),
	},
}

const amd = "an extension of AMD's, which crypto/x509 hands on unread"

// refused is a row of what our profile excludes.
func refused(input, rule, reason string, example func() []byte) difftest.Difference[[]byte] {
	return difftest.Difference[[]byte]{
		Input: input, Ours: rule, Theirs: difftest.Accepts, Reason: reason, Right: difftest.Both, Example: example,
	}
}

func vcek(change func(*mint.CertSpec)) func() []byte {
	return func() []byte {
		s := mint.VCEK("Milan", mint.DefaultTCB("Milan"), mint.DefaultHWID("Milan"))
		change(&s)
		return s.Encode(unsigned{})
	}
}

func ask(change func(*mint.CertSpec)) func() []byte {
	return func() []byte {
		s := mint.ASK("Milan")
		change(&s)
		return s.Encode(unsigned{})
	}
}

// unsigned is a signer for what is only parsed: it fills in zeros.
type unsigned struct{}

func (unsigned) Sign([]byte) []byte { return make([]byte, 512) }

func shortRSA() *rsa.PublicKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return &key.PublicKey
}

func p256() *ecdsa.PublicKey { return &mint.P256Key("difftest").PublicKey }

// offCurve looks for a P-384 key and computes y² = x³ - 3x + b.
func offCurve(der []byte) bool {
	prefix := append(mint.OID("1.3.132.0.34"), mint.TagBitString, 0x62, 0, 4)
	_, point, found := bytes.Cut(der, prefix)
	if !found || len(point) < 96 {
		return false
	}
	p := elliptic.P384().Params()
	x, y := new(big.Int).SetBytes(point[:48]), new(big.Int).SetBytes(point[48:96])
	if x.Cmp(p.P) >= 0 || y.Cmp(p.P) >= 0 {
		return true
	}
	right := new(big.Int).Exp(x, big.NewInt(3), p.P)
	right.Sub(right, new(big.Int).Mul(x, big.NewInt(3))).Add(right, p.B).Mod(right, p.P)
	return new(big.Int).Exp(y, big.NewInt(2), p.P).Cmp(right) != 0
}
