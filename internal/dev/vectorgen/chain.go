package main

import (
	"bytes"
	"crypto"
	"slices"
	"strings"
	"time"

	"github.com/tresorhq/attest/internal/mint"
)

var now = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) // noon

// chainSections are about PEM text, and about chains of good certificates.
func chainSections() []section {
	const err = "CertChainInvalidError"
	return []section{
		{"pem", endpoint("Milan", 3, "vcek"), err, pemRows()},
		{"chain", hardware("Milan", 3, "vcek"), err, chainRows()},
		{"chain-vlek", hardware("Milan", 3, "vlek"), err, []row{
			{"ask-in-place-of-the-asvk", no("CHN-45"), "the ASK signs VCEKs only", func(x X) { x.mid = mint.ASK("Milan") }},
			{"asvk-not-sent", no("CHN-44"), "with custom roots no table has it", sends(func(l, m, a []byte) [][]byte { return [][]byte{l} })},
			{"issued-by-the-ask", no("CHN-17"), "a VLEK that the ASK issued", func(x X) {
				x.LeafSpec.Issuer, x.mid, x.leafSigner = mint.Name("SEV-Milan"), mint.ASK("Milan"), mint.CAKey("SEV-Milan")
			}},
		}},
		{"amd-root", hardware("Milan", 3, "vcek"), "UsageError", rootRows()},
	}
}

func pemRows() []row {
	const begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
	written := func(s mint.PEMSpec) func(x X) { return func(x X) { x.pem = s.Encode } }
	changed := func(change func([]byte) []byte) func(x X) {
		return func(x X) { x.pem = func(ders ...[]byte) []byte { return change(mint.PEM(ders...)) } }
	}
	replaced := func(old, with string) func(x X) { return changed(replace(old, with)) }
	eight := func(behind string) func(x X) { // blocks
		return func(x X) {
			x.pem = func(ders ...[]byte) []byte { return append(mint.PEM(slices.Repeat(ders[:1], 8)...), behind...) }
		}
	}
	// in a file, since no envelope could hold so many bytes
	inFile := func(size int, send func(leaf, mid, ark []byte) [][]byte) func(x X) {
		return func(x X) {
			*x = *hardware("Milan", 3, "vcek")()
			x.options["strict"] = true
			both(changed(spaces(size)), sends(send))(x)
		}
	}
	nine := slices.Repeat([][]byte{{0x30}}, 9)
	return []row{
		{"crlf", yes("CHN-06"), "CRLF for line breaks", written(mint.PEMSpec{CRLF: true})},
		{"lines-of-76", yes("CHN-06"), "lines of 76 characters", written(mint.PEMSpec{Width: 76})},
		{"lines-of-77", no("CHN-06"), "and no longer ones", written(mint.PEMSpec{Width: 77})},
		{"no-last-line-break", yes("CHN-06"), "the last line break may be absent", written(mint.PEMSpec{NoFinalNewline: true})},
		{"white-space-between", yes("CHN-05"), "white space around and between", written(mint.PEMSpec{Between: "\n \t\r\n"})},
		{"of-25000-bytes", yes("CHN-03"), "long texts are allowed, up to 65536 bytes", changed(spaces(25000))},
		{"text-before", no("CHN-05"), "a usual decoder skips text before a block", changed(wrap("subject=/CN=SEV-VCEK\n", ""))},
		{"text-between", no("CHN-05"), "and between blocks", written(mint.PEMSpec{Between: "x\n"})},
		{"text-behind", no("CHN-05"), "and behind them", changed(wrap("", "x"))},
		{"nul-between", no("CHN-05"), "a NUL", written(mint.PEMSpec{Between: "\x00"})},
		{"malformed-first-block", no("CHN-05"), "a usual decoder skips a block that it can not read", changed(wrap("-----BEGIN CERTIFICATE----\nxx\n", ""))},
		{"private-key-among-them", no("CHN-05"), "blocks of another type", changed(wrap("", string(mint.PEMSpec{Type: "PRIVATE KEY"}.Encode([]byte{1}))))},
		{"trusted-certificate", no("CHN-05"), "another type", written(mint.PEMSpec{Type: "TRUSTED CERTIFICATE"})},
		{"header", no("CHN-06"), "no headers", replaced(begin, begin+"Proc-Type: 4,ENCRYPTED\n\n")},
		{"header-without-empty-line", no("CHN-06"), "a header is one without the empty line too", replaced(begin, begin+"Proc-Type: 4,ENCRYPTED\n")},
		{"cr-behind-end", no("CHN-06"), "a CR that ends no line, behind END", replaced(end, strings.TrimSuffix(end, "\n")+"\r \n")},
		{"blank-behind-end", yes("CHN-05"), "a space and a tab behind END", replaced(end, strings.TrimSuffix(end, "\n")+" \t\n")},
		{"bad-base64-before-9-blocks", no("CHN-07"), "a text is read from front to back", func(x X) {
			x.pem = func(...[]byte) []byte { return replace("MA==", "MA=")(mint.PEM(nine...)) }
		}},
		{"empty-line", no("CHN-06"), "no empty line", replaced(begin, begin+"\n")},
		{"no-end", no("CHN-06"), "a text that breaks off", changed(func(b []byte) []byte { return bytes.TrimSuffix(b, []byte(end)) })},
		{"block-without-a-line", no("CHN-06"), "a block has one at least", changed(wrap(begin+end, ""))},
		{"end-at-the-end-of-a-line", no("CHN-06"), "END stands at the start of a line", changed(func(b []byte) []byte { return append(bytes.TrimSuffix(b, []byte(end)), "x"+end...) })},
		{"base64-url", no("CHN-07"), "the standard alphabet", changed(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("+"), []byte("*")) })},
		{"white-space-only", no("CHN-04"), "no block at all", changed(func([]byte) []byte { return []byte("\n") })},
		{"9-blocks", no("CHN-04", "GEN-04"), "8 at most", sends(func(l, m, a []byte) [][]byte { return nine })},
		{"text-behind-8-blocks", no("CHN-04", "GEN-04"), "behind the eighth there is only white space", eight("x")},
		{"8-blocks", no("CHN-02", "CHN-04"), "a text of 8 blocks is one, of more than a chain has", eight(" \t\r\n")},
		{"block-behind-a-space", no("CHN-05"), "BEGIN stands at the start of a line", replaced(begin, " "+begin)},
		{"block-behind-a-lone-cr", no("CHN-05"), "a CR by itself ends no line", written(mint.PEMSpec{Between: "\r"})},
		{"cr-at-the-end-of-the-text", no("CHN-06"), "nor does it behind END", changed(func(b []byte) []byte { return append(bytes.TrimSuffix(b, []byte("\n")), '\r') })},
		{"ark-first", yes("CHN-02"), "in any order", sends(func(l, m, a []byte) [][]byte { return [][]byte{a, m, l} })},
		{"too-long", no("CHN-03", "GEN-04"), "65537 bytes; in a file, since no envelope could hold them", inFile(65537, func(l, _, _ []byte) [][]byte { return [][]byte{l} })},
		{"of-65536-bytes", yes("CHN-03"), "and 65536 bytes are allowed", inFile(65536, func(l, m, _ []byte) [][]byte { return [][]byte{l, m} })},
	}
}

func chainRows() []row {
	other, ark := mint.CAKey(mint.OtherCA), mint.CAKey("ARK-Milan")
	pss := func(h, mgf crypto.Hash, salt int) func(X) {
		return func(x X) { x.leafSigner = mint.PSSSigner{Key: x.LeafSigner(), Hash: h, MGF: mgf, SaltLength: salt} }
	}
	valid := func(of func(x X) *mint.CertSpec, from, to time.Time) func(X) {
		return func(x X) { of(x).SetValidity(from, to) }
	}
	leaf := func(x X) *mint.CertSpec { return &x.LeafSpec }
	mid := func(x X) *mint.CertSpec { return &x.mid }
	anchor := func(from, to time.Time) func(X) {
		return func(x X) {
			x.ark.SetValidity(from, to)
			x.inputs["amd-root"] = [][]byte{mint.PEM(x.ark.Encode(ark))}
		}
	}
	builtin := input("amd-root")
	all := sends(func(l, m, a []byte) [][]byte { return [][]byte{l, m, a} })
	early, late := mint.NotBefore, mint.NotAfterCA
	return []row{
		{"with-the-ark", yes("CHN-43"), "the anchor may be sent too", all},
		{"nothing-sent", no("CHN-02"), "no certificate", sends(func(l, m, a []byte) [][]byte { return nil })},
		{"four-certificates", no("CHN-02", "GEN-04"), "three at most", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, m, a, mint.CACert("SEV-VLEK-Milan")} })},
		{"no-leaf", no("CHN-40"), "an ASK and an ARK in place of a VCEK: a chain of authorities endorses no report", sends(func(l, m, a []byte) [][]byte { return [][]byte{m, a} })},
		{"only-the-ark", no("CHN-40"), "the ARK presented as the VCEK", sends(func(l, m, a []byte) [][]byte { return [][]byte{a} })},
		{"two-asks-and-no-leaf", no("CHN-40"), "a leaf is looked for before a second intermediate", sends(func(l, m, a []byte) [][]byte { return [][]byte{m, mint.CACert("SEV-Genoa")} })},
		{"vcek-and-vlek", no("CHN-40"), "two leaves to choose from", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, mint.Evidence("Milan", 3, "vlek").Leaf, m} })},
		{"ask-and-asvk", no("CHN-41"), "two intermediates", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, m, mint.CACert("SEV-VLEK-Milan")} })},
		{"two-arks", no("CHN-41"), "two roots", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, a, mint.CACert("ARK-Genoa")} })},
		{"no-anchor-of-the-product", no("CHN-42"), "roots were looked up as one pool, not by product", input("amd-root", mint.PEM(mint.CACert("ARK-Genoa")))},
		{"several-anchors", yes("CHN-62"), "one root for each product", input("amd-root", mint.PEM(mint.CACert("ARK-Genoa")), mint.PEM(mint.CACert("ARK-Milan"), mint.CACert("ARK-Turin")))},
		{"self-made-root", no("CHN-43"), "a root in the evidence became an anchor because it signs itself", func(x X) {
			x.ark.SPKI, x.arkSigner, x.midSigner = mint.SPKI(other.Public()), other, other
			all(x)
		}},
		{"self-made-root-not-sent", no("CHN-51"), "the same without its root", func(x X) { x.midSigner = other }},
		{"root-with-the-anchors-key", no("CHN-43"), "a sent root with the anchor's name and key brought dates of its own", func(x X) {
			x.ark.NotAfter = mint.At(late.AddDate(0, 0, 1))
			all(x)
		}},
		{"made-up-against-built-in-roots", no("CHN-43"), "AMD's names, everybody's keys, and no --amd-root", both(builtin, all)},
		{"made-up-ask-against-built-in-roots", no("CHN-51"), "likewise without the ARK", builtin},
		{"made-up-leaf-against-built-in-roots", no("CHN-52"), "likewise with the leaf alone: the built-in ASK did not sign it", both(builtin, sends(func(l, m, a []byte) [][]byte { return [][]byte{l} }))},
		{"root-of-another-product-sent", no("CHN-43"), "Genoa's root over Milan's chain", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, m, mint.CACert("ARK-Genoa")} })},
		{"ask-not-sent", no("CHN-44"), "custom roots replace the table of ASKs too", sends(func(l, m, a []byte) [][]byte { return [][]byte{l} })},
		{"asvk-in-place-of-the-ask", no("CHN-45"), "the ASVK signs VLEKs only", func(x X) { x.mid = mint.ASVK("Milan") }},
		{"ask-of-another-product", no("CHN-45"), "Genoa's ASK over a VCEK of Milan", sends(func(l, m, a []byte) [][]byte { return [][]byte{l, mint.CACert("SEV-Genoa")} })},
		{"ask-issued-by-another-product", no("CHN-46"), "an ASK of Milan that names Genoa's ARK", func(x X) { x.mid.Issuer = mint.Name("ARK-Genoa") }},
		{"leaf-first-second", yes("CHN-47"), "the first second counts", valid(leaf, now, mint.NotAfterLeaf)},
		{"leaf-last-second", yes("CHN-47"), "and the last", valid(leaf, early, now)},
		{"leaf-expired", no("CHN-47"), "verifiers checked signatures, and no dates", valid(leaf, early, now.Add(-time.Second))},
		{"leaf-not-yet-valid", no("CHN-47"), "a certificate of tomorrow", valid(leaf, now.Add(time.Second), mint.NotAfterLeaf)},
		{"ask-last-second", yes("CHN-47"), "of the intermediate too", valid(mid, early, now)},
		{"ask-expired", no("CHN-47"), "its dates count", valid(mid, early, now.Add(-time.Second))},
		{"ask-not-yet-valid", no("CHN-47"), "both of them", valid(mid, now.Add(time.Second), late)},
		{"ark-last-second", yes("CHN-47"), "and of the anchor", anchor(early, now)},
		{"ark-expired", no("CHN-47"), "an anchor that has expired", anchor(early, now.Add(-time.Second))},
		{"ark-not-yet-valid", no("CHN-47"), "or is not valid yet", anchor(now.Add(time.Second), late)},
		{"ask-signed-by-itself", no("CHN-51"), "not by the anchor", func(x X) { x.midSigner = x.LeafSigner() }},
		{"ask-signed-by-another-ark", no("CHN-51"), "nor by another product's", func(x X) { x.midSigner = mint.CAKey("ARK-Genoa") }},
		{"ask-with-another-key", no("CHN-51"), "AMD's signature, but another key", func(x X) {
			x.mid.Mangle = func([]byte) []byte { return ark.Sign(mint.ASK("Milan").TBS()) }
			x.mid.SPKI, x.leafSigner = mint.SPKI(other.Public()), other
		}},
		{"leaf-signed-by-another-key", no("CHN-52"), "not by the ASK", func(x X) { x.leafSigner = other }},
		{"leaf-expired-and-signed-by-another-key", no("CHN-47"), "dates come before signatures", both(valid(leaf, early, now.Add(-time.Second)), func(x X) { x.leafSigner = other })},
		{"leaf-signed-by-the-ark", no("CHN-52"), "nor by the ARK", func(x X) { x.leafSigner = ark }},
		{"leaf-signed-by-the-asvk", no("CHN-52"), "nor by the ASVK", func(x X) { x.leafSigner = mint.CAKey("SEV-VLEK-Milan") }},
		{"leaf-signed-with-pkcs1", no("CHN-52"), "PKCS #1 v1.5 under PSS parameters", func(x X) { x.leafSigner = mint.PKCS1Signer{Key: x.LeafSigner()} }},
		{"leaf-signed-with-sha-256", no("CHN-52"), "another hash than the parameters say", pss(crypto.SHA256, crypto.SHA256, 48)},
		{"leaf-signed-with-another-mgf", no("CHN-52"), "another hash in MGF1", pss(crypto.SHA384, crypto.SHA256, 48)},
		{"leaf-signed-with-a-salt-of-32", no("CHN-52"), "a library that finds out the salt accepts any", pss(crypto.SHA384, crypto.SHA384, 32)},
		{"leaf-altered", no("CHN-52"), "one bit of the signature", func(x X) { x.LeafSpec.Mangle = func(b []byte) []byte { b[511] ^= 1; return b } }},
		{"leaf-level-altered", no("CHN-52", "GEN-03"), "a level that was raised after signing", func(x X) {
			signed := x.LeafSpec.TBS()
			x.LeafSpec.Ext(mint.OIDBlSPL).Value = mint.Integer(5)
			x.LeafSpec.Mangle = func([]byte) []byte { return x.LeafSigner().Sign(signed) }
		}},
		{"another-ask-under-the-anchor", yes("CHN-44", "CHN-51"), "AMD has replaced an ASK before: one that the anchor signed is used", func(x X) {
			x.mid.Serial, x.mid.SPKI, x.leafSigner = []byte{1, 0, 9}, mint.SPKI(other.Public()), other
		}},
	}
}

// rootRows are roots that a user names.
func rootRows() []row {
	root := func(make func(x X) []byte) func(X) { return func(x X) { x.inputs["amd-root"] = [][]byte{make(x)} } }
	ark := func(change func(s *mint.CertSpec)) func(X) {
		return root(func(x X) []byte { s := mint.ARK("Milan"); change(&s); return mint.PEM(s.Encode(x.arkSigner)) })
	}
	return []row{
		{"der", yes("CHN-60"), "DER as well as PEM", root(func(x X) []byte { return x.ARK })},
		{"is-an-ask", no("CHN-61"), "an ASK is no root", root(func(x X) []byte { return mint.PEM(x.Intermediate) })},
		{"is-no-certificate", no("CHN-10"), "nor is a SEQUENCE that breaks off", root(func(X) []byte { return mint.PEM([]byte{0x30, 0x82}) })},
		{"twice", no("CHN-62"), "two roots of one product", root(func(x X) []byte {
			return mint.PEM(x.ARK, mint.ARK("Milan").Encode(mint.PSSSigner{Key: mint.CAKey("ARK-Milan"), Hash: crypto.SHA384, MGF: crypto.SHA384, SaltLength: 48}))
		})},
		{"issued-by-another", no("CHN-63"), "a root issues itself", ark(func(s *mint.CertSpec) { s.Issuer = mint.Name("ARK-Genoa") })},
		{"issued-by-the-one-before", no("CHN-63"), "also when that is a root too", root(func(x X) []byte {
			s := mint.ARK("Milan")
			s.Issuer = mint.Name("ARK-Genoa")
			return mint.PEM(mint.CACert("ARK-Genoa"), s.Encode(x.arkSigner))
		})},
		{"not-self-signed", no("CHN-64"), "and signs itself", root(func(x X) []byte { return mint.PEM(mint.ARK("Milan").Encode(mint.CAKey(mint.OtherCA))) })},
		{"no-authority", no("CHN-48", "CHN-64"), "and is an authority", ark(func(s *mint.CertSpec) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(false, -1) })},
		{"with-path-length", no("CHN-49", "CHN-64"), "without a path length", ark(func(s *mint.CertSpec) { s.Ext(mint.OIDBasicConstraints).Value = mint.BasicConstraints(true, 1) })},
		{"without-key-cert-sign", no("CHN-50", "CHN-64"), "that may sign certificates", ark(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x02) })},
		{"for-signatures-too", no("CHN-50", "CHN-64"), "and does nothing else but lists", ark(func(s *mint.CertSpec) { s.Ext(mint.OIDKeyUsage).Value = mint.KeyUsage(0x86) })},
	}
}
