package main

import (
	"bytes"
	"crypto/rsa"
	"math"
	"strings"

	"github.com/tresorhq/attest/internal/mint"
)

// certificateSections spoil single certificates, each signed again.
func certificateSections() []section {
	const err = "CertChainInvalidError"
	return []section{
		{"leaf", hardware("Milan", 3, "vcek"), err, leafRows()},
		{"leaf-extension", hardware("Milan", 3, "vcek"), err, leafExtensionRows()},
		{"leaf-turin", hardware("Turin", 5, "vcek"), err, turinRows()},
		{"leaf-vlek", hardware("Genoa", 3, "vlek"), err, vlekRows()},
		{"ask", hardware("Milan", 3, "vcek"), err, askRows()},
	}
}

// leaf and ask change the description of a certificate.
func leaf(change func(s *mint.CertSpec)) func(X) { return func(x X) { change(&x.LeafSpec) } }
func ask(change func(s *mint.CertSpec)) func(X)  { return func(x X) { change(&x.mid) } }

var (
	null      = mint.TLV(mint.TagNull)
	oidSHA256 = mint.TLV(mint.TagSequence, mint.OID("2.16.840.1.101.3.4.2.1"), null)
	oidSHA1   = mint.TLV(mint.TagSequence, mint.OID("1.3.14.3.2.26"), null)
)

// moreExtensions puts an element behind the list of extensions, in the tag around it.
func moreExtensions(s *mint.Signed, tag byte) {
	var list []byte
	for _, e := range s.Extensions {
		list = append(list, e.Encode()...)
	}
	s.Extensions, s.TBSTrailer = nil, mint.TLV(tag, mint.TLV(mint.TagSequence, list), null)
}

// lastByte changes the last byte of a copy.
func lastByte(b []byte, to byte) []byte { return append(bytes.Clone(b[:len(b)-1]), to) }

// algorithm is an AlgorithmIdentifier.
func algorithm(oid string, parameters ...[]byte) []byte {
	return mint.TLV(mint.TagSequence, append([][]byte{mint.OID(oid)}, parameters...)...)
}

func leafRows() []row {
	type S = *mint.CertSpec
	pss := func(change func(p *mint.PSSParams)) func(x X) {
		return leaf(func(s S) { p := mint.OmittedTrailer(); change(&p); s.SetAlgorithm(p.Encode()) })
	}
	alg := func(der []byte) func(x X) { return leaf(func(s S) { s.SetAlgorithm(der) }) }
	subject := func(change func(r []mint.RDN) []mint.RDN) func(x X) {
		return leaf(func(s S) { s.Subject = mint.EncodeName(change(mint.AMDName("SEV-VCEK"))) })
	}
	cn := func(name string) func(x X) { return leaf(func(s S) { s.Subject = mint.Name(name) }) }
	issuer := func(name string) func(x X) { return leaf(func(s S) { s.Issuer = mint.Name(name) }) }
	notAfter := func(tag byte, text string) func(x X) {
		return leaf(func(s S) { s.NotAfter = mint.Time{Tag: tag, Text: text} })
	}
	key := func(spki []byte) func(x X) { return leaf(func(s S) { s.SPKI = spki }) }
	return []row{
		{"trailing-byte", no("CHN-10"), "a byte behind the certificate", leaf(func(s S) { s.Trailing = []byte{0} })},
		{"element-behind-the-signature", no("CHN-10"), "a fourth element", leaf(func(s S) { s.Trailer = null })},
		{"element-behind-the-extensions", no("CHN-10"), "an element that is not in the standard", leaf(func(s S) { s.TBSTrailer = null })},
		{"ber-length", no("CHN-10"), "a length in more bytes than needed", leaf(func(s S) { s.SPKI = append([]byte{0x30, 0x81}, s.SPKI[1:]...) })},
		{"unique-identifier", no("CHN-10"), "which AMD's certificates never have", leaf(func(s S) { s.UniqueIDs = mint.TLV(0x81, []byte{0, 1}) })},
		{"without-extensions", no("CHN-10"), "nothing that names chip and level", leaf(func(s S) { s.Extensions = nil })},
		{"empty-extensions", no("CHN-10"), "a list of extensions has one at least", leaf(func(s S) { s.Extensions = []mint.Extension{} })},
		{"of-8192-bytes", no("CHN-10"), "a certificate may have 8192 bytes, of which none are behind it", func(x X) {
			x.LeafSpec.Trailing = make([]byte, 8192-len(x.LeafSpec.Encode(x.leafSigner)))
		}},
		{"of-8193-bytes", no("CHN-09", "GEN-04"), "and no more", func(x X) { x.LeafSpec.Trailing = make([]byte, 8193-len(x.LeafSpec.Encode(x.leafSigner))) }},
		{"version-1", no("CHN-11"), "a certificate without version", leaf(func(s S) { s.Version = nil })},
		{"version-2", no("CHN-11"), "version 2", leaf(func(s S) { s.Version = mint.CertVersion(1) })},
		{"version-3-twice", no("CHN-11"), "an element that ends like version 3", leaf(func(s S) { s.Version = mint.TLV(0xA0, mint.CertVersion(2)) })},
		{"serial-of-20-bytes", yes("CHN-12"), "strict libraries object to serial 0, which AMD gives to every leaf; others are allowed as well", leaf(func(s S) { s.Serial = bytes.Repeat([]byte{0x7F}, 20) })},
		{"serial-negative", no("CHN-12"), "a negative serial number", leaf(func(s S) { s.Serial = []byte{0x80} })},
		{"serial-with-a-leading-zero", no("CHN-12"), "not minimal", leaf(func(s S) { s.Serial = []byte{0, 1} })},
		{"serial-of-21-bytes", no("CHN-12"), "too long", leaf(func(s S) { s.Serial = bytes.Repeat([]byte{0x7F}, 21) })},
		{"pss-trailer-written", yes("CHN-13"), "the older of AMD's two encodings states the default", alg(mint.ExplicitTrailer().Encode())},
		{"pss-without-parameters", no("CHN-13"), "absent parameters would mean SHA-1 and a salt of 20", alg(algorithm("1.2.840.113549.1.1.10"))},
		{"pss-with-empty-parameters", no("CHN-13"), "empty ones too", alg(mint.PSSParams{}.Encode())},
		{"pss-sha-256", no("CHN-13"), "another hash", pss(func(p *mint.PSSParams) { p.Hash, p.MGF = oidSHA256, mint.MGF1(oidSHA256) })},
		{"pss-mgf1-sha-1", no("CHN-13"), "another hash in MGF1", pss(func(p *mint.PSSParams) { p.MGF = mint.MGF1(oidSHA1) })},
		{"pss-salt-32", no("CHN-13"), "another salt", pss(func(p *mint.PSSParams) { p.Salt = mint.Integer(32) })},
		{"element-behind-the-dates", no("CHN-10"), "an element more in the validity", leaf(func(s S) { s.ValidityTrailer = null })},
		{"element-behind-the-list-of-extensions", no("CHN-10"), "or in what is around the extensions", leaf(func(s S) { moreExtensions(&s.Signed, 0xA3) })},
		{"pss-trailer-2", no("CHN-13"), "another trailer", pss(func(p *mint.PSSParams) { p.Trailer = mint.Integer(2) })},
		{"pss-element-behind", no("CHN-13"), "a usual parser ignores elements behind the parameters", alg(mint.TLV(mint.TagSequence, mint.OmittedTrailer().Encode()[2:], null))},
		{"pkcs1", no("CHN-13"), "SHA-384 with PKCS #1 v1.5", both(alg(algorithm("1.2.840.113549.1.1.12", null)), func(x X) { x.leafSigner = mint.PKCS1Signer{Key: x.LeafSigner()} })},
		{"pkcs1-sha-1", no("CHN-13"), "SHA-1", alg(algorithm("1.2.840.113549.1.1.5", null))},
		{"ecdsa", no("CHN-13"), "an ECDSA signature", alg(algorithm("1.2.840.10045.4.3.3"))},
		{"algorithms-differ", no("CHN-14"), "the unsigned algorithm is another than the signed one", leaf(func(s S) { s.OuterAlgorithm = mint.ExplicitTrailer().Encode() })},
		{"algorithm-is-the-end-of-the-other", no("CHN-14"), "the parameters alone, which are a SEQUENCE too", leaf(func(s S) { s.OuterAlgorithm = s.OuterAlgorithm[13:] })},
		{"algorithms-differ-in-the-salt", no("CHN-14"), "which is the last byte", leaf(func(s S) { s.OuterAlgorithm = lastByte(s.OuterAlgorithm, 49) })},
		{"name-of-another-country", no("CHN-15"), "AMD's Name to the byte", subject(func(r []mint.RDN) []mint.RDN { r[1].Value = "DE"; return r })},
		{"name-in-another-case", no("CHN-15"), "names that are equal as text are not equal", subject(func(r []mint.RDN) []mint.RDN { r[4].Value = "ADVANCED MICRO DEVICES"; return r })},
		{"name-in-another-string-type", no("CHN-15"), "nor are those of another string type", subject(func(r []mint.RDN) []mint.RDN { r[0].Tag = mint.TagPrintableString; return r })},
		{"name-in-another-order", no("CHN-15"), "nor in another order", subject(func(r []mint.RDN) []mint.RDN { r[0], r[1] = r[1], r[0]; return r })},
		{"common-name-alone", no("CHN-15"), "the rest of the Name is missing", subject(func(r []mint.RDN) []mint.RDN { return r[5:] })},
		{"two-common-names", no("CHN-15"), "one more attribute", subject(func(r []mint.RDN) []mint.RDN { return append(r, r[5]) })},
		{"subject-unknown", no("CHN-16"), "a name that contains SEV is no ASK", cn("SEV-XCEK")},
		{"subject-unknown-and-issuer-not-amds", no("CHN-15"), "both Names are compared before a common name is looked up", both(cn("SEV-XCEK"), leaf(func(s S) { s.Issuer = mint.TLV(0x30) }))},
		{"subject-in-lower-case", no("CHN-16"), "names are exact", cn("sev-vcek")},
		{"subject-vcek-without-sev", no("CHN-16"), "a verifier compared with VCEK, which no certificate is called", cn("VCEK")},
		{"ark-venice", no("CHN-16"), "a product that is known by name", cn("ARK-Venice")},
		{"issuer-is-the-ark", no("CHN-17"), "a VCEK that an ARK issued", issuer("ARK-Milan")},
		{"issuer-is-the-asvk", no("CHN-17"), "or an ASVK", issuer("SEV-VLEK-Milan")},
		{"issuer-is-a-vcek", no("CHN-17"), "or another VCEK", issuer("SEV-VCEK")},
		{"issuer-is-the-ask-of-venice", no("CHN-17"), "or an ASK of a product that is known by name", issuer("SEV-Venice")},
		{"time-generalized-2049", no("CHN-18"), "UTCTime through 2049", notAfter(mint.TagGeneralizedTime, "20491231235959Z")},
		{"time-utc-2049", yes("CHN-18"), "up to its last second", notAfter(mint.TagUTCTime, "491231235959Z")},
		{"time-generalized-2050", yes("CHN-18"), "GeneralizedTime from 2050 on", notAfter(mint.TagGeneralizedTime, "20500101000000Z")},
		{"time-without-seconds", no("CHN-18"), "seconds are written", notAfter(mint.TagUTCTime, "3106010000Z")},
		{"time-with-offset", no("CHN-18"), "and Z", notAfter(mint.TagUTCTime, "310601000000+0000")},
		{"time-february-29", no("CHN-18"), "2031 is no leap year", notAfter(mint.TagUTCTime, "310229000000Z")},
		{"time-second-60", no("CHN-18"), "no leap seconds", notAfter(mint.TagUTCTime, "310601000060Z")},
		{"time-not-before-second-60", no("CHN-18"), "in either date", leaf(func(s S) { s.NotBefore = mint.Time{Tag: mint.TagUTCTime, Text: "260101000060Z"} })},
		{"key-rsa", no("CHN-20", "RPT-20"), "an RSA key in a VCEK", key(mint.SPKI(mint.CAKey("SEV-Milan").Public()))},
		{"key-p256", no("CHN-20", "RPT-20"), "another curve", key(mint.SPKI(mint.P256Key("x").Public()))},
		{"key-ed25519", no("CHN-20", "RPT-20"), "another algorithm", key(mint.SPKI(public(otherKey)))},
		{"key-compressed", no("CHN-20"), "a compressed point", key(compressed())},
		{"key-off-the-curve", no("CHN-53"), "a point that is not on P-384", leaf(func(s S) { s.SPKI = bytes.Clone(s.SPKI); s.SPKI[len(s.SPKI)-1] ^= 1 })},
		{"signature-of-511-bytes", no("CHN-21"), "a signature is as long as the modulus", leaf(func(s S) { s.Mangle = func(b []byte) []byte { return b[1:] } })},
		{"signature-with-unused-bits", no("CHN-21"), "and has no unused bits", leaf(func(s S) { s.UnusedBits = 1 })},
	}
}

func compressed() []byte {
	spki := mint.SPKI(mint.LeafKey("Milan", "vcek").Public())
	x, y := spki[len(spki)-96:len(spki)-48], spki[len(spki)-48:]
	point := append([]byte{2 + y[47]&1}, x...)
	return mint.TLV(mint.TagSequence, algorithm("1.2.840.10045.2.1", mint.OID("1.3.132.0.34")), mint.TLV(mint.TagBitString, append([]byte{0}, point...)))
}

func ia5(s string) []byte { return mint.TLV(mint.TagIA5String, []byte(s)) }

// value replaces the content of an extension.
func value(oid string, v ...byte) func(s *mint.CertSpec) {
	return func(s *mint.CertSpec) { s.Ext(oid).Value = v }
}

func leafExtensionRows() []row {
	type S = *mint.CertSpec
	add := func(e mint.Extension) func(x X) { return leaf(func(s S) { s.AddExt(e) }) }
	ucode := func(v ...byte) func(x X) { return leaf(value(mint.OIDUcodeSPL, v...)) }
	name := func(v []byte) func(x X) { return leaf(value(mint.OIDProductName, v...)) }
	hwid := func(change func(id []byte) []byte) func(x X) {
		return leaf(func(s S) { e := s.Ext(mint.OIDHWID); e.Value = change(e.Value) })
	}
	first := func(b byte) func(x X) {
		return func(x X) { x.Spec.ChipID[0] = b; x.LeafSpec.Ext(mint.OIDHWID).Value[0] = b }
	}
	rows := []row{
		{"unknown", no("CHN-23"), "an extension that AMD does not use", add(mint.Extension{OID: "1.2.3"})},
		{"unknown-critical", no("CHN-23"), "a critical one", add(mint.Extension{OID: "1.2.3", Critical: true})},
		{"without-a-value", no("CHN-10"), "an extension that breaks off", add(mint.Extension{Raw: mint.TLV(mint.TagSequence, mint.OID("1.2.3"))})},
		{"ca", no("CHN-23"), "a leaf that could issue others", add(mint.Extension{OID: mint.OIDBasicConstraints, Critical: true, Value: mint.BasicConstraints(true, -1)})},
		{"key-usage", no("CHN-23"), "leaves have no keyUsage", add(mint.Extension{OID: mint.OIDKeyUsage, Critical: true, Value: mint.KeyUsage(0x04)})},
		{"fmc-before-turin", no("CHN-23"), "Milan has no FMC", add(mint.Extension{OID: mint.OIDFmcSPL, Value: mint.Integer(0)})},
		{"csp-id-in-a-vcek", no("CHN-23"), "a VLEK's extension", add(mint.Extension{OID: mint.OIDCSPID, Value: ia5("CN=x")})},
		{"level-twice", no("CHN-24"), "two SNP levels to choose from", leaf(func(s S) { s.AddExt(*s.Ext(mint.OIDSnpSPL)) })},
		{"hwid-twice", no("CHN-24"), "two chips to choose from", leaf(func(s S) { s.AddExt(*s.Ext(mint.OIDHWID)) })},
		{"amd-critical", no("CHN-25"), "AMD's extensions are not critical", leaf(func(s S) { s.Ext(mint.OIDHWID).Critical = true })},
		{"another-order", yes("CHN-26"), "the list is a set", leaf(func(s S) { s.Extensions[0], s.Extensions[9] = s.Extensions[9], s.Extensions[0] })},
		{"struct-version-1", no("CHN-30"), "Turin's version in a Milan leaf", leaf(value(mint.OIDStructVersion, 2, 1, 1))},
		{"struct-version-of-another-type", no("CHN-30"), "an INTEGER", leaf(value(mint.OIDStructVersion, 4, 1, 0))},
		{"product-name-with-another-stepping", yes("CHN-31"), "AMD writes Milan-B0 for other steppings too: only the part before the dash counts", name(ia5("Milan-B1"))},
		{"product-name-without-stepping", yes("CHN-31"), "or none", name(ia5("Milan"))},
		{"product-name-of-another-product", no("CHN-31"), "a leaf that says Genoa under Milan's ASK", name(ia5("Genoa"))},
		{"product-name-longer", no("CHN-31"), "no prefix match", name(ia5("Milano"))},
		{"product-name-that-ends-alike", no("CHN-31"), "nor of its end", name(ia5("Old Milan"))},
		{"product-name-utf8", no("CHN-31"), "an IA5String", name(mint.TLV(mint.TagUTF8String, []byte("Milan-B0")))},
		{"level-256", no("CHN-32"), "a level fits in a byte", ucode(2, 2, 1, 0)},
		{"level-0x01db-is-not-0xdb", no("CHN-32"), "only the last byte of a level was compared", ucode(2, 2, 1, 0xDB)},
		{"level-negative", no("CHN-32"), "from 128 on a level has a leading zero", ucode(2, 1, 0xDB)},
		{"level-not-minimal", no("CHN-32"), "below 128 it has none", leaf(value(mint.OIDBlSPL, 2, 2, 0, 4))},
		{"level-with-trailing-byte", no("CHN-32"), "nothing follows", ucode(2, 2, 0, 0xDB, 0)},
		{"level-empty", no("CHN-32"), "an unexpected length, which made a verifier panic", ucode()},
		{"level-of-another-type", no("CHN-32"), "an INTEGER", ucode(4, 1, 0x11)},
		{"spl-4-not-zero", no("CHN-33"), "a level of a component that nobody knows", leaf(value(mint.OIDSPL4, 2, 1, 1))},
		{"spl-7-not-zero", no("CHN-33"), "likewise", leaf(value(mint.OIDSPL7, 2, 1, 1))},
		{"spl-4-of-another-type", no("CHN-33"), "zero, but no INTEGER", leaf(value(mint.OIDSPL4, 4, 1, 0))},
		{"hwid-begins-like-an-octet-string", yes("CHN-34"), "a raw id may begin with 0x04: the length decides", first(4)},
		{"hwid-begins-like-an-integer", yes("CHN-34"), "or with 0x02", first(2)},
		{"hwid-wrapped", yes("CHN-34"), "an id in an OCTET STRING, of the exact length", hwid(func(id []byte) []byte { return mint.TLV(mint.TagOctetString, id) })},
		{"hwid-of-63-bytes", no("CHN-34"), "an id has 64 bytes", hwid(func(id []byte) []byte { return id[:63] })},
		{"hwid-of-65-bytes", no("CHN-34"), "and no more", hwid(func(id []byte) []byte { return append(id, 0) })},
		{"hwid-of-8-bytes", no("CHN-34"), "nor Turin's size: a prefix is no match", hwid(func(id []byte) []byte { return id[:8] })},
		{"hwid-empty", no("CHN-34"), "an empty id", hwid(func([]byte) []byte { return nil })},
		{"hwid-wrapped-in-something-else", no("CHN-34"), "66 bytes that are no OCTET STRING", hwid(func(id []byte) []byte { return mint.TLV(mint.TagBitString, id) })},
	}
	return append(rows, leavesWithout("an extension that is missing is not skipped", "spl-4 ucode-spl hwid")...)
}

var leafExtensions = map[string]string{
	"struct-version": mint.OIDStructVersion, "product-name": mint.OIDProductName, "bl-spl": mint.OIDBlSPL, "tee-spl": mint.OIDTeeSPL,
	"snp-spl": mint.OIDSnpSPL, "spl-4": mint.OIDSPL4, "spl-5": mint.OIDSPL5, "ucode-spl": mint.OIDUcodeSPL, "hwid": mint.OIDHWID,
}

// leavesWithout has a row for each of the first extensions of a leaf, and of more of them.
func leavesWithout(comment, more string) (rows []row) {
	for _, name := range strings.Fields("struct-version product-name bl-spl tee-spl snp-spl " + more) {
		rows = append(rows, row{"without-" + name, no("CHN-26"), comment, leaf(func(s *mint.CertSpec) { s.DropExt(leafExtensions[name]) })})
	}
	return rows
}

func turinRows() []row {
	type S = *mint.CertSpec
	return append(leavesWithout("every leaf has this extension", "spl-5 ucode-spl"), []row{
		{"without-fmc", no("CHN-26"), "Turin's leaf has fmcSPL", leaf(func(s S) { s.DropExt(mint.OIDFmcSPL) })},
		{"with-spl-4", no("CHN-23"), "and no spl_4", leaf(func(s S) { s.AddExt(mint.Extension{OID: mint.OIDSPL4, Value: mint.Integer(0)}) })},
		{"struct-version-0", no("CHN-30"), "its version is 1", leaf(value(mint.OIDStructVersion, 2, 1, 0))},
		{"hwid-of-64-bytes", no("CHN-34"), "its id has 8 bytes", leaf(func(s S) { e := s.Ext(mint.OIDHWID); e.Value = append(e.Value, make([]byte, 56)...) })},
		{"hwid-wrapped", yes("CHN-34"), "or 10, in an OCTET STRING", leaf(func(s S) { e := s.Ext(mint.OIDHWID); e.Value = mint.TLV(mint.TagOctetString, e.Value) })},
	}...)
}

func vlekRows() []row {
	type S = *mint.CertSpec
	csp := func(v []byte) func(x X) { return leaf(value(mint.OIDCSPID, v...)) }
	return append(leavesWithout("every leaf has this extension", "spl-5 ucode-spl"), []row{
		{"with-hwid", no("CHN-23"), "a VLEK names no chip", leaf(func(s S) { s.AddExt(mint.Extension{OID: mint.OIDHWID, Value: make([]byte, 64)}) })},
		{"without-csp-id", no("CHN-26"), "it names the provider", leaf(func(s S) { s.DropExt(mint.OIDCSPID) })},
		{"csp-id-empty", no("CHN-35"), "with a name that is not empty", csp(ia5(""))},
		{"csp-id-of-255-bytes", yes("CHN-35"), "of up to 255 bytes", csp(ia5(strings.Repeat("x", 255)))},
		{"csp-id-of-256-bytes", no("CHN-35"), "and no more", csp(ia5(strings.Repeat("x", 256)))},
		{"csp-id-with-a-line-break", no("CHN-35"), "a line of its own in somebody's terminal", csp(ia5("CN=x\nPASS"))},
	}...)
}

func askRows() []row {
	type S = *mint.CertSpec
	rsaKey := func(change func(k *rsa.PublicKey)) func(x X) {
		return ask(func(s S) { k := mint.CAKey("SEV-Milan").Public(); change(k); s.SPKI = mint.SPKI(k) })
	}
	flag := func(content ...byte) func(x X) { // of keyUsage
		return ask(func(s S) {
			e := s.Ext(mint.OIDKeyUsage)
			e.Raw = mint.TLV(mint.TagSequence, mint.OID(e.OID), mint.TLV(mint.TagBoolean, content), mint.TLV(mint.TagOctetString, e.Value))
		})
	}
	return []row{
		{"key-of-2048-bits", no("CHN-19"), "4096 bits exactly", rsaKey(func(k *rsa.PublicKey) { k.N.Rsh(k.N, 2048) })},
		{"key-of-16384-bits", no("CHN-19", "GEN-04"), "judged before any operation with it", rsaKey(func(k *rsa.PublicKey) { k.N.Lsh(k.N, 12288) })},
		{"exponent-1", no("CHN-19"), "with the exponent 1 a message signs itself", rsaKey(func(k *rsa.PublicKey) { k.E = 1 })},
		{"exponent-3", no("CHN-19"), "65537 exactly", rsaKey(func(k *rsa.PublicKey) { k.E = 3 })},
		{"exponent-2-31", no("CHN-19"), "not a huge one", rsaKey(func(k *rsa.PublicKey) { k.E = math.MaxInt32 })},
		{"key-ec", no("CHN-19"), "an EC key", ask(func(s S) { s.SPKI = mint.SPKI(mint.P384Key("x").Public()) })},
		{"without-key-usage", no("CHN-26"), "keyUsage is required", ask(func(s S) { s.DropExt(mint.OIDKeyUsage) })},
		{"without-basic-constraints", no("CHN-26"), "basicConstraints is required", ask(func(s S) { s.DropExt(mint.OIDBasicConstraints) })},
		{"key-usage-not-critical", no("CHN-25"), "keyUsage is critical", ask(func(s S) { s.Ext(mint.OIDKeyUsage).Critical = false })},
		{"key-usage-critical-by-a-1", no("CHN-25"), "DER has one TRUE", flag(1)},
		{"key-usage-critical-by-more-bytes", no("CHN-25"), "and a BOOLEAN has one byte", flag(1, 1, 0xFF)},
		{"extended-key-usage", no("CHN-23"), "an extension that no AMD authority has", ask(func(s S) { s.AddExt(mint.Extension{OID: "2.5.29.37", Value: mint.TLV(0x30)}) })},
		{"product-name", no("CHN-23"), "an extension of leaves", ask(func(s S) { s.AddExt(mint.Extension{OID: mint.OIDProductName, Value: ia5("Milan-B0")}) })},
		{"hwid", no("CHN-23"), "an authority is no chip", ask(func(s S) { s.AddExt(mint.Extension{OID: mint.OIDHWID, Value: make([]byte, 64)}) })},
		{"name-constraints", no("CHN-23"), "a critical one", ask(func(s S) { s.AddExt(mint.Extension{OID: "2.5.29.30", Critical: true, Value: mint.TLV(0x30)}) })},
		{"key-usage-twice", no("CHN-24"), "two keyUsages", ask(func(s S) { s.AddExt(*s.Ext(mint.OIDKeyUsage)) })},
		{"key-usage-padding", yes("CHN-27"), "AMD states one unused bit where two could be", ask(value(mint.OIDKeyUsage, 3, 2, 2, 4))},
		{"key-usage-unused-bits-set", no("CHN-27"), "unused bits are zero", ask(value(mint.OIDKeyUsage, 3, 2, 3, 4))},
		{"key-usage-empty", no("CHN-27"), "it has a byte", ask(value(mint.OIDKeyUsage, 3, 1, 0))},
		{"basic-constraints-false-written", no("CHN-28"), "FALSE is not written", ask(value(mint.OIDBasicConstraints, 0x30, 3, 1, 1, 0))},
		{"path-length-negative", no("CHN-28"), "a path length is not negative", ask(value(mint.OIDBasicConstraints, 0x30, 6, 1, 1, 0xFF, 2, 1, 0x80))},
		{"key-identifier-empty", no("CHN-29"), "an identifier has a byte", ask(value(mint.OIDSubjectKeyID, 4, 0))},
		{"distribution-point-not-ascii", no("CHN-29"), "a URI is ASCII", ask(func(s S) {
			s.Ext(mint.OIDCRLDistPoints).Value = mint.TLV(0x30, mint.TLV(0x30, mint.TLV(0xA0, mint.TLV(0xA0, mint.TLV(0x86, []byte("https://\x1b"))))))
		})},
		{"without-optional-extensions", yes("CHN-29"), "identifiers and distribution points are optional", ask(func(s S) {
			s.DropExt(mint.OIDSubjectKeyID)
			s.DropExt(mint.OIDAuthorityKeyID)
			s.DropExt(mint.OIDCRLDistPoints)
		})},
		{"ca-false", no("CHN-48"), "an ASK that is no authority", ask(func(s S) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(false, -1) })},
		{"path-length-absent", no("CHN-49"), "AMD's has pathlen 0", ask(func(s S) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, -1) })},
		{"path-length-1", no("CHN-49"), "room for another authority", ask(func(s S) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1) })},
		{"without-key-cert-sign", no("CHN-50"), "an ASK that may not sign certificates", ask(func(s S) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x02) })},
		{"with-crl-sign", no("CHN-50"), "AMD's ASKs sign no lists", ask(func(s S) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x06) })},
	}
}
