package certchain_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tresorhq/attest/certchain"
	"github.com/tresorhq/attest/internal/mint"
	"github.com/tresorhq/attest/rule"
	"github.com/tresorhq/attest/snpreport"
)

// What is compared is compared from its first byte to its last: here it differs in one.

// firstAndLast calls try with a function that changes the first byte, and with one that
// changes the last.
func firstAndLast(t *testing.T, try func(t *testing.T, change func(b []byte))) {
	t.Run("first", func(t *testing.T) { try(t, func(b []byte) { b[0] ^= 1 }) })
	t.Run("last", func(t *testing.T) { try(t, func(b []byte) { b[len(b)-1] ^= 1 }) })
}

// CHN-43, CHN-45, CHN-46, CRL-16, CRL-17.
func TestNearNamesAndDigests(t *testing.T) {
	e, milan := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	ask, err := certchain.ParseCertificate(e.Intermediate)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := certchain.Verify(e.Chain(), milan, now)
	if err != nil {
		t.Fatal(err)
	}
	list := mint.CRL("Milan")
	crl, err := certchain.ParseCRL(list.Encode(mint.CAKey("ARK-Milan")))
	if err != nil {
		t.Fatal(err)
	}
	firstAndLast(t, func(t *testing.T, change func([]byte)) {
		name := func(subject []byte, _ *[32]byte) { change(subject) }
		sum := func(_ []byte, sum *[32]byte) { change(sum[:]) }
		knowing := milan.Knowing(ask)
		wantRule(t, "CHN-43", second(certchain.Verify(e.Chain(), milan.Changed(certchain.ARK, sum), now)))
		wantRule(t, "CHN-45", second(certchain.Verify([][]byte{e.Leaf}, knowing.Changed(certchain.ASK, name), now)))
		wantRule(t, "CHN-46", second(certchain.Verify([][]byte{e.Leaf, e.Intermediate}, milan.Changed(certchain.ARK, name), now)))
		if c, err := certchain.Verify(e.Chain(), knowing.Changed(certchain.ASK, sum), now); err != nil || c.IntermediateBuiltin {
			t.Errorf("an ASK with another digest than the known one: %v", err)
		}
		wantRule(t, "CRL-16", crl.Check(chain, milan.Changed(certchain.ARK, sum), now))
		wantRule(t, "CRL-17", crl.Check(chain, milan.Changed(certchain.ARK, name), now))
	})
}

// CHN-43: the ARK of another product is named as that.
func TestForeignRootIsNamed(t *testing.T) {
	e, milan := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	other := mint.ARK("Milan")
	other.Serial = []byte{9}
	for message, der := range map[string][]byte{"the ARK is of another product than the leaf": mint.CACert("ARK-Genoa"), "": other.Encode(unsigned{})} {
		_, err := certchain.Verify([][]byte{e.Leaf, e.Intermediate, der}, milan, now)
		if f, ok := errors.AsType[*rule.Error](err); !ok || f.Rule != "CHN-43" || f.Message != message {
			t.Errorf("%v, want %q", err, message)
		}
	}
}

// A certificate that the roots hold is not parsed again, and is no other's.
func TestParsedBefore(t *testing.T) {
	e, milan := mint.Evidence("Milan", 3, "vcek"), rootsOf(t, "Milan")
	var none *certchain.Roots
	for _, tt := range []struct {
		roots  *certchain.Roots
		der    []byte
		label  string
		before bool
	}{
		{milan, e.ARK, "certificate 2 (ARK)", true},
		{milan, e.Intermediate, "certificate 2 (ASK)", false},
		{milan, e.Leaf, "certificate 2 (VCEK)", false},
		{rootsOf(t, "Genoa"), e.ARK, "certificate 2 (ARK)", false},
		{none, e.ARK, "certificate 2 (ARK)", false},
	} {
		if label, before := tt.roots.ParsedBefore(tt.der, 2); label != tt.label || before != tt.before {
			t.Errorf("%s, %v, want %s, %v", label, before, tt.label, tt.before)
		}
	}
	firstAndLast(t, func(t *testing.T, change func([]byte)) {
		spoiled := bytes.Clone(e.ARK)
		change(spoiled)
		if _, before := milan.ParsedBefore(spoiled, 3); before {
			t.Error("a certificate that the roots do not hold is taken for theirs")
		}
	})
}

// CHN-65: roots without an ARK are empty, whatever else they know; of several arks each
// counts.
func TestRestrictToSeveral(t *testing.T) {
	builtin := certchain.Builtin()
	if builtin.Empty() || !builtin.Restrict().Empty() || !builtin.Restrict(mint.CACert("ARK-Milan")).Empty() {
		t.Error("which roots are empty")
	}
	both := rootsOf(t, "Milan", "Genoa", "Turin").Restrict(mint.CACert("ARK-Genoa"), mint.CACert("ARK-Milan"))
	for product, rule := range map[string]string{"Milan": "", "Genoa": "", "Turin": "CHN-42"} {
		wantRule(t, rule, second(certchain.Verify(mint.Evidence(product, 3, "vcek").Chain(), both, now)))
	}
}

// END-05: each byte of CHIP_ID counts, and a masked one is no chip, whatever the
// certificate says.
func TestEndorsementOfNearChip(t *testing.T) {
	spec := mint.NewReport("Milan", 2, "vcek")
	spec.ReportData = [64]byte{}
	encoded := spec.Encode()
	report, err := snpreport.Parse(encoded[:])
	if err != nil {
		t.Fatal(err)
	}
	tcb, _ := report.ReportedTCB.For(snpreport.Milan)
	facts := certchain.Chain{Product: snpreport.Milan, TCB: tcb, HWIDSize: 64, HWID: report.ChipID}
	wantRule(t, "", certchain.Proven(facts).CheckEndorsement(report))
	firstAndLast(t, func(t *testing.T, change func([]byte)) {
		near := facts
		change(near.HWID[:])
		wantRule(t, "END-05", certchain.Proven(near).CheckEndorsement(report))
	})
	spec.ChipID = [64]byte{}
	encoded = spec.Encode()
	if report, err = snpreport.Parse(encoded[:]); err != nil {
		t.Fatal(err)
	}
	facts.HWID = [64]byte{}
	wantRule(t, "END-05", certchain.Proven(facts).CheckEndorsement(report))
}

// Values of certificates that end as good ones do, or that go on behind them.
func TestNearCertificates(t *testing.T) {
	type S = *mint.CertSpec
	around := func(inner []byte) []byte { return mint.TLV(mint.TagSequence, inner) }
	omitted := mint.OmittedTrailer()
	omitted.Salt = mint.Integer(49)
	trailer := mint.ExplicitTrailer()
	trailer.Trailer = mint.Integer(2)
	runRows(t, certchain.VCEK, "Milan", []certRow{
		{"a version around the version", "CHN-11", func(s S) { s.Version = mint.TLV(0xa0, s.Version) }},
		{"an algorithm around the omitted one", "CHN-13", func(s S) { s.SetAlgorithm(around(mint.OmittedTrailer().Encode())) }},
		{"an algorithm around the explicit one", "CHN-13", func(s S) { s.SetAlgorithm(around(mint.ExplicitTrailer().Encode())) }},
		{"salt of 49, omitted trailer", "CHN-13", func(s S) { s.SetAlgorithm(omitted.Encode()) }},
		{"outer is around the inner one", "CHN-14", func(s S) { s.OuterAlgorithm = around(s.InnerAlgorithm) }},
		{"outer has another trailer", "CHN-14", func(s S) {
			s.SetAlgorithm(mint.ExplicitTrailer().Encode())
			s.OuterAlgorithm = trailer.Encode()
		}},
		{"hwID as an OCTET STRING and one byte", "CHN-34", func(s S) {
			e := s.Ext(mint.OIDHWID)
			e.Value = append(octets(e.Value...), 0)
		}},
		{"spl_4 as a BOOLEAN", "CHN-33", func(s S) { s.Ext(mint.OIDSPL4).Value = []byte{1, 1, 0} }},
	})
	runRows(t, certchain.ASK, "Milan", []certRow{
		{"keyUsage with a byte behind it", "CHN-27", func(s S) { s.Ext(mint.OIDKeyUsage).Value = []byte{3, 2, 1, 6, 0} }},
		{"critical, and TRUE at its end", "CHN-25", func(s S) {
			*s.Ext(mint.OIDKeyUsage) = rawExtension(mint.OIDKeyUsage, []byte{1, 3, 1, 1, 0xff}, octets(3, 2, 1, 6))
		}},
	})
	for _, text := range []string{"\x1fx", "x\x7fx", "x\x1f"} {
		_, err := parse(t, certchain.VLEK, "Milan", func(s S) { s.Ext(mint.OIDCSPID).Value = ia5(text) })
		wantRule(t, "CHN-35", err)
	}
	var unsupported *certchain.UnsupportedError
	if _, err := parse(t, certchain.VCEK, "Milan", func(s S) { s.Subject = mint.Name("SEV-XCEK") }); errors.As(err, &unsupported) {
		t.Errorf("%v is of a coming product", err)
	}
}

// Values of CRLs that end as good ones do, or that go on behind them.
func TestNearCRLs(t *testing.T) {
	type S = *mint.CRLSpec
	null := mint.TLV(0x05)
	entry := func(oid string, value ...byte) func(S) {
		return func(s S) {
			s.Revoke(7)
			s.Entries[0].Extensions = []mint.Extension{{OID: oid, Value: value}}
		}
	}
	trailer := mint.ExplicitTrailer()
	trailer.Trailer = mint.Integer(2)
	add := func(oids ...string) func(S) {
		return func(s S) {
			for _, oid := range oids {
				s.AddExt(mint.Extension{OID: oid, Value: null})
			}
		}
	}
	for _, row := range []struct {
		name, rule string
		spoil      func(S)
	}{
		{"a version of three bytes", "CRL-03", func(s S) { s.Version = []byte{2, 3, 2, 1, 1} }},
		{"outer is around the inner one", "CRL-05", func(s S) { s.OuterAlgorithm = mint.TLV(mint.TagSequence, s.InnerAlgorithm) }},
		{"outer has another trailer", "CRL-05", func(s S) { s.OuterAlgorithm = trailer.Encode() }},
		{"reason with a byte behind it", "CRL-14", entry(mint.OIDReasonCode, 0x0a, 1, 1, 0)},
		{"an OID that ends as reasonCode does", "", entry("1.2.85.29.21", null...)},
		{"OIDs of which one ends as the other", "", add("1.2.3", "1.3.42.3")},
		{"an OID twice, another between", "CRL-11", add("1.2.3", "1.2.4", "1.2.3")},
	} {
		s := mint.CRL("Milan")
		row.spoil(&s)
		_, err := certchain.ParseCRL(s.Encode(unsigned{}))
		t.Run(row.name, func(t *testing.T) { wantRule(t, row.rule, err) })
	}
	if (*certchain.CRL)(nil).Serials() != nil {
		t.Error("a nil CRL has entries")
	}
	if err := new(certchain.CRL).Check(new(certchain.Chain), certchain.Builtin(), now); !strings.Contains(err.Error(), "a parsed CRL and a verified chain") {
		t.Error(err)
	}
}

// CHN-03, CHN-04, CHN-06: the limits of each kind of PEM, and what only ends in END.
func TestLimitsOfPEM(t *testing.T) {
	crl := func(text []byte) error { return second(certchain.SplitCRLPEM(text)) }
	keys := func(text []byte) error { return second(certchain.SplitKeyPEM(text)) }
	block := func(label string) string {
		return "-----BEGIN " + label + "-----\nAAAA\n-----END " + label + "-----\n"
	}
	padded := func(text string, size int) []byte {
		return append([]byte(text), bytes.Repeat([]byte(" "), size-len(text))...)
	}
	wantRule(t, "", crl(padded(block("X509 CRL"), 256<<10)))
	wantRule(t, "CHN-03", crl(padded(block("X509 CRL"), 256<<10+1)))
	wantRule(t, "CHN-04", crl([]byte(block("X509 CRL")+block("X509 CRL"))))
	wantRule(t, "", keys(padded(block("PUBLIC KEY"), 64<<10)))
	wantRule(t, "CHN-03", keys(padded(block("PUBLIC KEY"), 64<<10+1)))
	wantRule(t, "", keys([]byte(strings.Repeat(block("PUBLIC KEY"), 8))))
	wantRule(t, "CHN-04", keys([]byte(strings.Repeat(block("PUBLIC KEY"), 9))))
	wantRule(t, "CHN-06", keys([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\nAAAA-----END PUBLIC KEY-----\n")))
}
